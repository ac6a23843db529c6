//! Runs the streams of HTTP/2, and lets go of those whose client takes nothing.
//!
//! A client can stop one stream and go on reading the others, so that no write of the connection ever
//! stalls. hyper waits for such a stream as long as the connection lasts, with a piece of its body and
//! the connection to the next hop.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::Executor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::net::stall::Stall;

/// Spawns what hyper wants to run for a connection.
#[derive(Debug, Clone)]
pub(super) struct Streams {
    tasks: TaskTracker,
    overdue: CancellationToken,
    limit: Duration,
}

impl Streams {
    /// Tasks of `tasks`, ended by `overdue`. A client may leave a stream alone for `limit`.
    pub(super) fn new(tasks: TaskTracker, overdue: CancellationToken, limit: Duration) -> Self {
        Self { tasks, overdue, limit }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let watched = Watched {
            stream: Box::pin(stream),
            pace: Arc::new(Pace::default()),
            seen: 0,
            stall: Stall { limit: self.limit, timer: None },
        };
        let overdue = self.overdue.clone();
        self.tasks.spawn(async move {
            overdue.run_until_cancelled(watched).await;
        });
    }
}

/// How a stream's body is doing.
#[derive(Debug, Default)]
struct Pace {
    /// Pieces that were given.
    pieces: AtomicU64,
    /// Whether the last one was given and no more is wanted yet: it waits for the client.
    waits: AtomicBool,
}

tokio::task_local! {
    /// Of the stream that is polled.
    static PACE: Arc<Pace>;
}

/// The body of this task's stream gives a piece.
pub(super) fn gave() {
    PACE.try_with(|pace| {
        pace.pieces.fetch_add(1, Ordering::Relaxed);
        pace.waits.store(true, Ordering::Relaxed);
    })
    .ok(); // not a task of ours
}

/// The body of this task's stream is asked for more.
pub(super) fn wanted() {
    PACE.try_with(|pace| pace.waits.store(false, Ordering::Relaxed)).ok(); // not a task of ours
}

/// A stream that ends when its client takes nothing for too long: hyper resets what is dropped.
struct Watched<F> {
    stream: Pin<Box<F>>,
    pace: Arc<Pace>,
    seen: u64,
    stall: Stall,
}

impl<F: Future<Output = ()>> Future for Watched<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let stream = this.stream.as_mut();
        if PACE.sync_scope(Arc::clone(&this.pace), || stream.poll(cx)).is_ready() {
            return Poll::Ready(());
        }
        let pieces = this.pace.pieces.load(Ordering::Relaxed);
        if !this.pace.waits.load(Ordering::Relaxed) || pieces != this.seen {
            this.seen = pieces;
            this.stall.timer = None;
        }
        if !this.pace.waits.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        this.stall.watch::<()>(cx, Poll::Pending).map(|stalled| {
            if let Err(error) = stalled {
                tracing::debug!(%error, "stream reset");
            }
        })
    }
}
