//! When a disk that fails is left alone.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use tokio::time::Instant;

/// Failures in a row after which a disk is given up, and for how long.
pub(super) const PATIENCE: u32 = 3;
pub(super) const PAUSE: Duration = Duration::from_mins(1);

/// How a disk has fared lately.
#[derive(Debug)]
pub(super) struct Patience {
    failures: AtomicU32,
    /// Milliseconds after `began` until which the disk is left alone.
    resting: AtomicU64,
    began: Instant,
}

impl Patience {
    pub(super) fn new() -> Self {
        let (failures, resting) = (AtomicU32::new(0), AtomicU64::new(0));
        Self { failures, resting, began: Instant::now() }
    }

    /// Whether the disk has failed lately and is left alone.
    pub(super) fn is_over(&self) -> bool {
        let until = self.resting.load(Ordering::Relaxed);
        until > 0 && u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX) < until
    }

    /// A write came to its end.
    pub(super) fn succeeded(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// A read or a write failed: too many of them, and the disk is left alone for a while.
    pub(super) fn failed(&self, error: &io::Error, folder: &Path) {
        // Too many open files are no fault of the disk.
        let is_ours = matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE));
        if self.is_over() || is_ours {
            return;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        tracing::warn!(%error, folder = %folder.display(), "cache disk failed");
        if failures >= PATIENCE {
            self.failures.store(0, Ordering::Relaxed);
            let until = self.began.elapsed() + PAUSE;
            self.resting
                .store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            tracing::error!(pause = ?PAUSE, "cache disk is left alone, memory goes on");
        }
    }
}
