//! Numbers that look random and are the same each time.

/// Steele, Lea and Flood's generator: numbers that look random and are the same each time.
#[derive(Debug)]
pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(super) fn pick<const N: usize>(&mut self, choices: &[&'static str; N]) -> &'static str {
        let at = usize::try_from(self.next() % 1024).unwrap_or(0) % N;
        choices.get(at).copied().unwrap_or_default()
    }
}
