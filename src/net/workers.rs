//! Threads with a runtime of their own each: what begins on one stays there, with all that it waits for.

use std::cell::Cell;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// Threads at most.
const MOST: usize = 64;

thread_local! {
    static HERE: Cell<usize> = const { Cell::new(0) };
}

/// The number of the worker whose thread this is, from 1; 0 on any other thread.
pub fn here() -> usize {
    HERE.get()
}

/// As many workers as the process may use cores.
pub fn count() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(MOST)
}

/// Running threads.
#[derive(Debug)]
pub struct Workers {
    all: Vec<Worker>,
    stop: CancellationToken,
}

#[derive(Debug)]
struct Worker {
    handle: Handle,
    load: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

/// What a worker bears as long as this is not dropped.
#[derive(Debug)]
pub(super) struct Load(Arc<AtomicUsize>);

impl Workers {
    /// Starts [`count`] of them.
    ///
    /// # Errors
    /// No more threads, or files, are to be had.
    pub fn start() -> io::Result<Self> {
        let stop = CancellationToken::new();
        let all = (1..=count()).map(|number| Worker::start(number, stop.clone()));
        Ok(Self { all: all.collect::<io::Result<_>>()?, stop })
    }

    /// The worker that bears least, which now bears one thing more.
    pub(super) fn least(&self) -> Option<(&Handle, Load)> {
        let worker = self.all.iter().min_by_key(|worker| worker.load.load(Ordering::Relaxed))?;
        worker.load.fetch_add(1, Ordering::Relaxed);
        Some((&worker.handle, Load(Arc::clone(&worker.load))))
    }

    /// Ends them, and whatever still runs there; a call that blocks is waited for.
    pub async fn end(self) {
        self.stop.cancel();
        let join = tokio::task::spawn_blocking(move || {
            for worker in self.all {
                worker.thread.join().ok(); // it has told of its panic
            }
        });
        join.await.ok(); // as above
    }
}

impl Worker {
    fn start(number: usize, stop: CancellationToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let work = move || {
            HERE.set(number);
            runtime.block_on(stop.cancelled());
        };
        let thread = std::thread::Builder::new().name(format!("worker-{number}")).spawn(work)?;
        Ok(Self { handle, load: Arc::default(), thread })
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio_util::task::TaskTracker;

    use super::*;

    #[tokio::test]
    async fn who_bears_least_is_next_and_work_stays_where_it_began() {
        let workers = Workers::start().unwrap();
        let mut loads = Vec::new();
        for _ in 0..count() * 2 {
            let (handle, load) = workers.least().unwrap();
            let begun = handle.spawn(async {
                let begun = here();
                tokio::task::yield_now().await;
                (begun, TaskTracker::new().spawn(async { here() }).await.unwrap())
            });
            let (first, then) = begun.await.unwrap();
            assert!(first > 0 && first == then, "{first} {then}");
            loads.push(load);
        }
        let all: Vec<_> = workers.all.iter().map(|it| it.load.load(Ordering::Relaxed)).collect();
        assert_eq!(all, vec![2; count()]);
        drop(loads);
        assert!(workers.all.iter().all(|it| it.load.load(Ordering::Relaxed) == 0));
        assert_eq!(here(), 0);
        workers.end().await;
    }
}
