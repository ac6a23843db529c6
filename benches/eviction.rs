//! How often a cache of a given size has what is asked for: the store's eviction beside LRU and beside
//! the optimum, which knows the future. `cargo bench --bench eviction`; fails where LRU is better on a
//! load whose popularity stays: where it moves quickly, LRU has an edge.
#![expect(
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::missing_docs_in_private_items,
    reason = "a bench prints and computes"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::process::ExitCode;
use std::sync::Arc;

use parray::cache::key::CacheKey;
use parray::cache::store::memory::{BySize, Resource, memory};

/// Objects that are asked for.
const OBJECTS: u64 = 100_000;
/// Requests of one trace.
const REQUESTS: usize = 1_000_000;
/// What an empty resource weighs.
const WEIGHT: u64 = 256;

/// A generator that gives the same numbers each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Ranks drawn by Zipf's law, rank 0 the most popular.
fn zipf(exponent: f64, random: &mut Random) -> Vec<u64> {
    let mut sums = Vec::new();
    let mut sum = 0.0;
    for rank in 1..=OBJECTS {
        sum += 1.0 / (rank as f64).powf(exponent);
        sums.push(sum);
    }
    (0..REQUESTS)
        .map(|_| {
            let drawn = random.unit() * sum;
            sums.partition_point(|below| *below < drawn) as u64
        })
        .collect()
}

/// A Zipf load in which somebody reads everything once, now and then.
fn scanned(random: &mut Random) -> Vec<u64> {
    let mut trace = Vec::new();
    let mut scan = OBJECTS;
    for (i, rank) in zipf(0.9, random).into_iter().enumerate() {
        trace.push(rank);
        if i % 100_000 == 99_999 {
            trace.extend(scan..scan + 50_000);
            scan += 50_000;
        }
    }
    trace
}

/// Popularity that moves: new objects come, old ones are forgotten.
fn drifting(random: &mut Random) -> Vec<u64> {
    let trace = zipf(0.9, random).into_iter().enumerate();
    trace.map(|(i, rank)| rank + (i as u64) / 20).collect()
}

fn ours(trace: &[u64], size: usize) -> f64 {
    let cache = memory(size as u64 * WEIGHT, WEIGHT, BySize { open_file: 0 }, None);
    let mut hits = 0_u64;
    for object in trace {
        let key = CacheKey(u128::from(*object));
        if cache.get(&key).is_some() {
            hits += 1;
        } else {
            cache.insert(key, Arc::new(Resource::default()));
        }
    }
    hits as f64 / trace.len() as f64
}

fn lru(trace: &[u64], size: usize) -> f64 {
    let mut last: HashMap<u64, usize> = HashMap::new();
    let mut order: BTreeMap<usize, u64> = BTreeMap::new();
    let mut hits = 0_u64;
    for (now, object) in trace.iter().enumerate() {
        if let Some(before) = last.insert(*object, now) {
            hits += 1;
            order.remove(&before);
        }
        order.insert(now, *object);
        if order.len() > size
            && let Some((_, oldest)) = order.pop_first()
        {
            last.remove(&oldest);
        }
    }
    hits as f64 / trace.len() as f64
}

/// Evicts what is asked for last of all (Belady).
fn optimum(trace: &[u64], size: usize) -> f64 {
    let mut next: Vec<usize> = vec![usize::MAX; trace.len()];
    let mut seen: HashMap<u64, usize> = HashMap::new();
    for (i, object) in trace.iter().enumerate().rev() {
        if let (Some(slot), Some(later)) = (next.get_mut(i), seen.insert(*object, i)) {
            *slot = later;
        }
    }
    let mut held: BTreeSet<(usize, u64)> = BTreeSet::new();
    let mut due: HashMap<u64, usize> = HashMap::new();
    let mut hits = 0_u64;
    for (object, next) in trace.iter().zip(next) {
        if let Some(at) = due.insert(*object, next) {
            hits += 1;
            held.remove(&(at, *object));
        }
        held.insert((next, *object));
        if held.len() > size
            && let Some((_, gone)) = held.pop_last()
        {
            due.remove(&gone);
        }
    }
    hits as f64 / trace.len() as f64
}

fn main() -> ExitCode {
    let mut random = Random(1);
    let traces = [
        ("Zipf 0.7", zipf(0.7, &mut random)),
        ("Zipf 0.9", zipf(0.9, &mut random)),
        ("Zipf 1.1", zipf(1.1, &mut random)),
        ("Zipf 0.9 with scans", scanned(&mut random)),
        ("Zipf 0.9, drifting", drifting(&mut random)),
    ];
    println!("{:<22} {:>6} {:>8} {:>8} {:>8}", "trace", "size", "ours", "LRU", "optimum");
    let mut worse = false;
    for (name, trace) in &traces {
        for percent in [1, 5, 20] {
            let size = OBJECTS as usize * percent / 100;
            let (ours, lru, optimum) = (ours(trace, size), lru(trace, size), optimum(trace, size));
            let [a, b, c] = [ours, lru, optimum].map(|ratio| format!("{:.1} %", ratio * 100.0));
            println!("{name:<22} {percent:>4} % {a:>8} {b:>8} {c:>8}");
            worse |= ours < lru && !name.ends_with("drifting");
        }
    }
    if worse {
        println!("LRU is better somewhere");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
