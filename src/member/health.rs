//! Which siblings did not answer lately, learned from requests.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::snapshot::Sibling;

/// How long a sibling is left alone after its first failure; doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);

/// How long at most.
const LONGEST: Duration = Duration::from_secs(30);

/// What this member observed of the others, by address; the table's status is another matter.
#[derive(Debug, Default)]
pub(super) struct Health {
    down: Mutex<HashMap<Arc<str>, Down>>,
    /// Entries of `down`, so that nobody waits for the lock while all are up.
    count: AtomicUsize,
}

#[derive(Debug, Clone, Copy)]
struct Down {
    failures: u32,
    /// When one request may try again.
    until: Instant,
}

impl Health {
    /// Whether to ask another. When a sibling's time is over, one caller is told that it is up, and
    /// the others wait for what that one finds out.
    pub(super) fn is_down(&self, authority: &str, now: Instant) -> bool {
        if self.count.load(Ordering::Relaxed) == 0 {
            return false;
        }
        match self.lock().get_mut(authority) {
            Some(down) if now < down.until => true,
            Some(down) => {
                down.until = now + FIRST;
                false
            }
            None => false,
        }
    }

    /// A connection to a sibling failed.
    pub(super) fn failed(&self, authority: &Arc<str>, now: Instant) {
        let mut all = self.lock();
        let down = all.entry(Arc::clone(authority)).or_insert(Down { failures: 0, until: now });
        let pause = FIRST.saturating_mul(1 << down.failures.min(10)).min(LONGEST);
        *down = Down { failures: down.failures.saturating_add(1), until: now + pause };
        self.count.store(all.len(), Ordering::Relaxed);
    }

    /// A sibling answered.
    pub(super) fn answered(&self, authority: &str) {
        if self.count.load(Ordering::Relaxed) > 0 {
            let mut all = self.lock();
            all.remove(authority);
            self.count.store(all.len(), Ordering::Relaxed);
        }
    }

    /// Forgets siblings that are not in the table any more.
    pub(super) fn keep(&self, siblings: &[Sibling]) {
        let mut all = self.lock();
        all.retain(|authority, _| siblings.iter().any(|sibling| sibling.authority == *authority));
        self.count.store(all.len(), Ordering::Relaxed);
    }

    /// How many did not answer lately.
    pub(super) fn down(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Down>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_sibling_that_fails_is_left_alone_and_then_tried_by_one() {
        let (health, name, start) = (Health::default(), Arc::<str>::from("a:1"), Instant::now());
        assert!(!health.is_down(&name, start));
        health.failed(&name, start);
        assert!(health.is_down(&name, start + Duration::from_millis(999)));
        let later = start + Duration::from_secs(1);
        assert!(!health.is_down(&name, later));
        assert!(health.is_down(&name, later));
        health.answered(&name);
        assert!(!health.is_down(&name, later));
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_half_a_minute() {
        let (health, name, start) = (Health::default(), Arc::<str>::from("a:1"), Instant::now());
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            health.failed(&name, start);
            assert!(
                health
                    .is_down(&name, start + Duration::from_secs(pause) - Duration::from_millis(1)),
                "{pause}"
            );
        }
        assert!(!health.is_down(&name, start + Duration::from_secs(30)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_left_the_table_is_forgotten() {
        let (health, name, start) = (Health::default(), Arc::<str>::from("a:1"), Instant::now());
        health.failed(&name, start);
        health.keep(&[]);
        assert!(!health.is_down(&name, start));
    }
}
