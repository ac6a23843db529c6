//! Threads with a runtime of their own each: what begins on one stays there, with all that it waits for.

use std::cell::Cell;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads at most.
const MOST: usize = 64;

/// Threads for calls that block: of all workers, and of each at least. Look-ups of names take up to 128, reads from a
/// disk that stalls as many, and writes 64; none may have to wait for the others.
const BLOCKING: usize = 512;
const LEAST_BLOCKING: usize = 400;

/// How long such a thread waits for another call. They have them in turn, so each is kept as long as one call comes for
/// each in this time: after a disk was slow for a moment, seconds would keep hundreds, with what their allocations leave.
const BLOCKING_IDLE: Duration = Duration::from_millis(200);

/// Tasks that run between two looks for what has come: all that are ready, on most loads, so that they write in
/// one [row](super::turn).
const ROUND: u32 = 256;

/// How long such calls may take to end.
const BLOCKED: Duration = Duration::from_secs(5);

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
    /// Where the search for the least begins, so that equals take turns.
    turn: AtomicUsize,
    stop: DropGuard,
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
        // Those that have started end if another cannot.
        let (stop, token) = (stop.clone().drop_guard(), stop);
        let all = (1..=count()).map(|number| Worker::start(number, token.clone()));
        let all = all.collect::<io::Result<_>>()?;
        Ok(Self { all, turn: AtomicUsize::new(0), stop })
    }

    /// The worker that bears least, which now bears one thing more.
    pub(super) fn least(&self) -> Option<(&Handle, Load)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len().max(1);
        let (before, from) = self.all.split_at_checked(turn)?;
        let workers = from.iter().chain(before);
        let worker = workers.min_by_key(|worker| worker.load.load(Ordering::Relaxed))?;
        worker.load.fetch_add(1, Ordering::Relaxed);
        Some((&worker.handle, Load(Arc::clone(&worker.load))))
    }

    /// Ends them, and whatever still runs there; calls that block are waited for, but not for long.
    pub async fn end(self) {
        drop(self.stop);
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
        let blocking = (BLOCKING / count()).max(LEAST_BLOCKING);
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(blocking)
            .thread_keep_alive(BLOCKING_IDLE)
            .event_interval(ROUND)
            .build()?;
        let handle = runtime.handle().clone();
        let work = move || {
            HERE.set(number);
            runtime.block_on(stop.cancelled());
            runtime.shutdown_timeout(BLOCKED);
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
