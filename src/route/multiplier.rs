//! Load factors to CARP multipliers.
//!
//! draft-vinod-carp-v1-03, section 3.3 "Load Factor": members sorted by share, each multiplier out of
//! those before it. In doubles, as Squid does; equal loads give exactly 1.

/// The multipliers in the order of the load factors given.
pub(super) fn multipliers(loads: &[u32]) -> Vec<f64> {
    let total: f64 = loads.iter().map(|&load| f64::from(load)).sum();
    let shares: Vec<f64> = loads.iter().map(|&load| f64::from(load) / total).collect();
    if loads.iter().all(|load| Some(load) == loads.first()) {
        return vec![1.0; loads.len()];
    }
    of_shares(&shares)
}

/// As Squid computes them: a share below 0.1 % counts as none, and what divides by it is not finite.
///
/// A multiplier that is not a number never wins there, so it is 0 here; an infinite one always wins,
/// so it is 1e290, which keeps products finite.
pub(super) fn squid_multipliers(loads: &[u32]) -> Vec<f64> {
    let total: f64 = loads.iter().map(|&load| f64::from(load)).sum();
    let rounded = |load: &u32| {
        let share = f64::from(*load) / total;
        if (share * 1000.0).floor() == 0.0 { 0.0 } else { share }
    };
    let shares: Vec<f64> = loads.iter().map(rounded).collect();
    let tamed = |x: f64| if x.is_nan() { 0.0 } else { x.min(1e290) };
    of_shares(&shares).into_iter().map(tamed).collect()
}

fn of_shares(shares: &[f64]) -> Vec<f64> {
    let mut order: Vec<(usize, f64)> = shares.iter().copied().enumerate().collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut result = vec![0.0; shares.len()];
    let (mut product, mut last_multiplier, mut last_share) = (1.0, 0.0_f64, 0.0);
    let mut left = f64::from(u32::try_from(shares.len()).unwrap_or(u32::MAX));
    for (at, share) in order {
        let power = left * (share - last_share) / product + last_multiplier.powf(left);
        let multiplier = power.powf(1.0 / left);
        if let Some(slot) = result.get_mut(at) {
            *slot = multiplier;
        }
        product *= multiplier;
        last_multiplier = multiplier;
        last_share = share;
        left -= 1.0;
    }
    result
}
