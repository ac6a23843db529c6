//! Limits on silence.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// Whether this process did not run when a limit ended: it was stopped, or starved. Then what has come
/// meanwhile may not have been looked at, and the other side is not to blame.
pub(crate) fn was_away(deadline: Instant) -> bool {
    const LATE: Duration = Duration::from_millis(500);
    deadline.elapsed() > LATE
}

/// A timer that serves one wait after another: to make a new one each time takes locks.
#[derive(Debug, Default)]
pub struct Timer(Option<Pin<Box<Sleep>>>);

impl Timer {
    /// Waits for a future, but not longer than to `deadline`: `None`, if it is not ready then.
    pub async fn until<F: Future>(
        &mut self,
        deadline: Instant,
        mut future: Pin<&mut F>,
    ) -> Option<F::Output> {
        if let Some(sleep) = &mut self.0 {
            sleep.as_mut().reset(deadline);
        }
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            sleep.as_mut().poll(cx).map(|()| None)
        })
        .await
    }
}

/// Fails an operation that waits longer than its limit.
#[derive(Debug)]
pub(super) struct Stall {
    pub(super) limit: Duration,
    /// Runs while the operation waits.
    pub(super) timer: Option<Pin<Box<Sleep>>>,
}

impl Stall {
    pub(super) fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.timer = None;
            return result;
        }
        let limit = self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(timer.as_mut().poll(cx));
        if was_away(timer.deadline()) {
            timer.as_mut().reset(Instant::now() + limit);
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the other side makes no progress",
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn one_timer_limits_one_wait_after_another() {
        let mut timer = Timer::default();
        for _ in 0..3 {
            let began = Instant::now();
            let soon = std::pin::pin!(tokio::time::sleep(LIMIT / 2));
            assert_eq!(timer.until(began + LIMIT, soon).await, Some(()));
            let never = std::pin::pin!(std::future::pending::<()>());
            assert_eq!(timer.until(began + LIMIT, never).await, None);
            assert_eq!(began.elapsed(), LIMIT);
        }
    }

    /// Whether a wait is over.
    fn is_over(stall: &mut Stall) -> bool {
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        stall.watch::<()>(cx, Poll::Pending).is_ready()
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_over_ends_the_wait() {
        let mut stall = Stall { limit: LIMIT, timer: None };
        assert!(!is_over(&mut stall));
        tokio::time::advance(LIMIT + Duration::from_millis(100)).await;
        assert!(is_over(&mut stall));
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_ended_while_nobody_looked_begins_anew() {
        let mut stall = Stall { limit: LIMIT, timer: None };
        assert!(!is_over(&mut stall));
        tokio::time::advance(LIMIT * 2).await;
        assert!(!is_over(&mut stall));
        tokio::time::advance(LIMIT + Duration::from_millis(100)).await;
        assert!(is_over(&mut stall));
    }
}
