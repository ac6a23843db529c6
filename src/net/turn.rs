//! Writes that come in a row.
//!
//! What is written wakes who reads it, and to wake a process that sleeps costs more than all else that the
//! kernel does for a small message. So the tasks of a worker come up to their writes one after the other, and
//! then write one after the other: most find the reader awake. A task that is alone waits for nobody.

use std::task::{Context, Poll};

/// Lets the other tasks that are ready come as far, once for each time that it is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Turn {
    /// Nobody has to wait.
    #[default]
    Over,
    /// The next write waits.
    Due,
    /// A write waits.
    Waits,
}

impl Turn {
    /// Ready when the others had their turn. The task is woken at once, behind those that are ready now.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        if *self == Self::Due {
            *self = Self::Waits;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        *self = Self::Over;
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[tokio::test]
    async fn all_that_are_ready_come_up_to_their_writes_before_the_first_writes() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let tasks = ["a", "b"].map(|name| {
            let seen = Arc::clone(&seen);
            async move {
                seen.lock().unwrap().push(format!("{name} is there"));
                let mut turn = Turn::Due;
                poll_fn(|cx| turn.poll(cx)).await;
                poll_fn(|cx| turn.poll(cx)).await;
                seen.lock().unwrap().push(format!("{name} writes"));
            }
        });
        let mut set = tokio::task::JoinSet::new();
        for task in tasks {
            set.spawn(task);
        }
        set.join_all().await;
        assert_eq!(*seen.lock().unwrap(), ["a is there", "b is there", "a writes", "b writes"]);
    }
}
