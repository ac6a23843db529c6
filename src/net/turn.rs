//! Writes that come in a row.
//!
//! What is written wakes who reads it, and to wake a process that sleeps costs more than all else that the
//! kernel does for a small message. So the tasks of a worker come up to their writes one after the other, and
//! then write one after the other: most find the reader awake. A task that is alone waits for nobody.

use std::pin::pin;
use std::task::{Context, Poll};

/// Has a task that could go on polled again, but not before the worker has looked what else has come: one that only
/// wakes itself may be polled hundreds of times before that.
pub(super) fn after_others(cx: &mut Context<'_>) {
    let yielding = pin!(tokio::task::yield_now());
    // The first poll puts it behind the others; that is all there is to it.
    let _pending = yielding.poll(cx);
}

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
    async fn a_task_that_could_go_on_lets_those_go_on_that_wait_for_the_system() {
        let (near, mut far) = tokio::net::UnixStream::pair().unwrap();
        let mut polls = 0;
        let busy = async {
            poll_fn(|cx| {
                if polls == 0 {
                    far.try_write(b"x").unwrap();
                }
                if near
                    .poll_read_ready(&mut Context::from_waker(std::task::Waker::noop()))
                    .is_ready()
                {
                    return Poll::Ready(());
                }
                polls += 1;
                assert!(polls < 5, "nobody looked");
                after_others(cx);
                Poll::Pending
            })
            .await;
        };
        busy.await;
        tokio::io::AsyncWriteExt::shutdown(&mut far).await.unwrap();
    }

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
