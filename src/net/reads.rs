//! How many bytes to read at once: pure.

/// Room for the next read of a body: as many bytes as come at once, about. What is read together is held in
/// memory together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reads {
    now: usize,
    largest: usize,
}

/// Room for a head and a small body: nothing less is read.
pub(super) const SMALLEST: usize = 8 << 10;

impl Reads {
    /// Room for little at first, and for `largest` at most.
    pub(super) fn up_to(largest: usize) -> Self {
        Self { now: SMALLEST, largest }
    }

    /// Room for the next read; no more than is `left`, if that is known.
    pub(super) fn room(self, left: Option<u64>) -> usize {
        let left = left.and_then(|left| usize::try_from(left).ok());
        self.now.min(left.unwrap_or(usize::MAX)).max(SMALLEST)
    }

    /// Whether as much comes as is read at most.
    pub(super) fn are_largest(self) -> bool {
        self.now == self.largest
    }

    /// So many bytes have come at once.
    pub(super) fn came(&mut self, bytes: usize) {
        if bytes >= self.now {
            self.now = (self.now * 2).min(self.largest);
        } else if bytes < self.now / 4 {
            self.now = (self.now / 2).max(SMALLEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_grow_and_shrink_with_what_comes() {
        let mut reads = Reads::up_to(64 << 10);
        let mut sizes = Vec::new();
        for came in [8 << 10, 16 << 10, 32 << 10, 64 << 10, 20 << 10, 100, 100, 100, 100] {
            reads.came(came);
            sizes.push(reads.room(None) >> 10);
        }
        assert_eq!(sizes, [16, 32, 64, 64, 64, 32, 16, 8, 8]);
    }

    #[test]
    fn no_more_room_is_taken_than_is_left() {
        let mut reads = Reads::up_to(64 << 10);
        reads.came(SMALLEST);
        for (left, room) in [(10, SMALLEST), (10_000, 10_000), (1 << 40, 2 * SMALLEST)] {
            assert_eq!(reads.room(Some(left)), room);
        }
    }
}
