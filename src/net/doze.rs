//! A future that is asked again only once it has called.
//!
//! A connection waits for its peer and, at the same time, for a limit or the end of the server, which come
//! once in many thousand polls. To ask a timer or a token each time takes locks; to look at a flag does not.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// A future that is polled after it has woken its task, and else costs the look at a flag.
#[derive(Debug)]
pub(crate) struct Doze<F: ?Sized> {
    future: Pin<Box<F>>,
    bell: Arc<Bell>,
    /// What the future wakes.
    ring: Waker,
    /// The task that it was polled by last.
    sleeper: Option<Waker>,
}

#[derive(Debug)]
struct Bell {
    rung: AtomicBool,
    sleeper: Mutex<Option<Waker>>,
}

impl<F: Future + ?Sized> Doze<F> {
    /// A future that is polled once, and then when it wakes.
    pub(crate) fn new(future: Pin<Box<F>>) -> Self {
        let bell = Arc::new(Bell { rung: AtomicBool::new(true), sleeper: Mutex::default() });
        let ring = Waker::from(Arc::clone(&bell));
        Self { future, bell, ring, sleeper: None }
    }
}

impl<F: Future + ?Sized> Future for Doze<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        if !this.sleeper.as_ref().is_some_and(|sleeper| sleeper.will_wake(cx.waker())) {
            // Told before the flag is looked at, so that nothing is missed.
            this.bell.put_to_sleep(cx.waker());
            this.sleeper = Some(cx.waker().clone());
        }
        if !this.bell.rung.load(Ordering::Acquire) {
            return Poll::Pending;
        }
        this.bell.rung.store(false, Ordering::Release);
        this.future.as_mut().poll(&mut Context::from_waker(&this.ring))
    }
}

impl Bell {
    fn put_to_sleep(&self, sleeper: &Waker) {
        *self.sleeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(sleeper.clone());
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let sleeper = self.sleeper.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Task(Mutex<usize>);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap() += 1;
        }
    }

    #[test]
    fn it_is_polled_once_for_each_time_that_it_wakes() {
        let (polls, inner, done) = (Cell::new(0), Cell::new(None), Cell::new(false));
        let mut doze = Doze::new(Box::pin(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            inner.set(Some(cx.waker().clone()));
            if done.get() { Poll::Ready(7) } else { Poll::Pending }
        })));
        let (first, second) = (Arc::<Task>::default(), Arc::<Task>::default());
        let mut poll = |task: &Arc<Task>| {
            Pin::new(&mut doze).poll(&mut Context::from_waker(&Waker::from(Arc::clone(task))))
        };
        for task in [&first, &first, &second] {
            assert_eq!(poll(task), Poll::Pending);
        }
        assert_eq!(polls.get(), 1);
        inner.take().unwrap().wake();
        assert_eq!((*first.0.lock().unwrap(), *second.0.lock().unwrap()), (0, 1));
        done.set(true);
        assert_eq!((poll(&second), polls.get()), (Poll::Ready(7), 2));
    }
}
