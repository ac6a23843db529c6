//! A client's connection under guard: framing is looked at, and a client that stops reading is let go.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::framing::Framing;
use super::interim::Aside;
use super::serve::Permit;
use super::turn::Turn;

/// Bytes that are copied together to be written: for so few, that costs less than a list of pieces costs
/// the kernel.
const FEW: usize = 4 << 10;

thread_local! {
    static TOGETHER: RefCell<Vec<u8>> = RefCell::default();
}

/// A stream whose requests are framed beyond doubt, as far as its reader can see.
///
/// At a violation the reader finds a NUL in its place and then the end: hyper answers 400 to a NUL
/// anywhere in a head, and fails a body that has one in its framing.
#[derive(Debug)]
pub struct Guarded<S> {
    stream: S,
    framing: Framing,
    broken: bool,
    stall: Stall,
    /// Of what the stream below has taken and not yet written: TLS holds up to 64 KiB.
    flush: Stall,
    tunnel_limit: Duration,
    pulse: Arc<Pulse>,
    aside: Arc<Aside>,
    /// Interim responses that are being written.
    begun: Bytes,
    /// Due before the first write after something was read, as long as what is read is HTTP.
    turn: Turn,
    /// The client's side has ended, and the reader is not told yet.
    ended: bool,
    _permit: Permit,
}

/// What a connection is doing, for whoever drives it.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// Counts reads and writes that came to something.
    beats: AtomicU64,
    /// A request has come in part, or a write waits.
    midway: AtomicBool,
    /// No request has begun, or the head of one is on its way.
    before_body: AtomicBool,
    /// Requests whose responses have not been given to their end.
    open: AtomicUsize,
    /// Requests so far.
    requests: AtomicU64,
}

/// A request whose response has not been given to its end.
#[derive(Debug)]
pub struct Open(Arc<Pulse>);

impl Pulse {
    /// Counts a request until this is dropped.
    pub(super) fn open(self: &Arc<Self>) -> Open {
        self.open.fetch_add(1, Ordering::Relaxed);
        // Only the connection's task begins requests.
        self.requests.store(self.requests.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        Open(Arc::clone(self))
    }

    /// Changes with everything that is read or written.
    pub(super) fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }

    /// Whether it waits for the head of a request, or the rest of one; with how many there were before.
    pub(super) fn awaits_head(&self) -> Option<u64> {
        let awaits =
            self.before_body.load(Ordering::Relaxed) && self.open.load(Ordering::Relaxed) == 0;
        awaits.then(|| self.requests.load(Ordering::Relaxed))
    }

    /// Whether nothing is under way, either way.
    pub(super) fn is_idle(&self) -> bool {
        !self.midway.load(Ordering::Relaxed) && self.open.load(Ordering::Relaxed) == 0
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S> Guarded<S> {
    /// Guards a stream that counts as one connection until it is dropped, tunnel or not. A write that
    /// makes no progress for `write_limit` fails; `tunnel_limit` once it is a tunnel.
    pub(super) fn new(
        stream: S,
        write_limit: Duration,
        tunnel_limit: Duration,
        permit: Permit,
    ) -> Self {
        let guarded = Self {
            stream,
            framing: Framing::default(),
            broken: false,
            stall: Stall { limit: write_limit, timer: None },
            flush: Stall { limit: write_limit, timer: None },
            tunnel_limit,
            pulse: Arc::default(),
            aside: Arc::default(),
            begun: Bytes::new(),
            turn: Turn::default(),
            ended: false,
            _permit: permit,
        };
        guarded.mark();
        guarded
    }

    /// The stream below.
    pub(super) fn stream(&self) -> &S {
        &self.stream
    }

    /// What it is doing.
    pub(super) fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Where interim responses wait to be written.
    pub(super) fn aside(&self) -> &Arc<Aside> {
        &self.aside
    }

    fn beat(&self) {
        // Only this connection's task counts.
        self.pulse.beats.store(self.pulse.beats() + 1, Ordering::Relaxed);
        self.mark();
    }

    fn mark(&self) {
        let stalls = self.stall.timer.is_some() || self.flush.timer.is_some();
        let waits = stalls || self.turn == Turn::Waits;
        self.pulse.midway.store(waits || !self.framing.is_between(), Ordering::Relaxed);
        // Who still takes a response need not ask for the next one yet.
        let before_body = !waits && self.framing.is_before_body();
        self.pulse.before_body.store(before_body, Ordering::Relaxed);
    }

    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.relax();
        let result = self.stall.watch(cx, result);
        self.beat();
        result
    }

    fn watch_flush(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        self.relax();
        let result = self.flush.watch(cx, result);
        // It is asked for whenever somebody looks: no sign of life.
        self.mark();
        result
    }

    fn relax(&mut self) {
        if self.framing.is_opaque() {
            self.stall.limit = self.tunnel_limit;
            self.flush.limit = self.tunnel_limit;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.broken || (this.ended && this.turn != Turn::Waits) {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let fresh = buf.filled().get(before..).unwrap_or_default();
        if fresh.is_empty() && this.turn != Turn::Over {
            // A client that has no more to ask gets what is there at once, or waits for its turn. Who has to
            // wait for others is taken to be gone: to hyper the end of one side is that of both.
            this.ended = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Err((place, violation)) = this.framing.look(fresh) {
            tracing::debug!(%violation, "request refused");
            this.broken = true;
            if let Some(byte) = buf.filled_mut().get_mut(before + place) {
                *byte = 0;
            }
            buf.set_filled(before + place + 1);
        }
        // After an upgrade hyper hands the stream over without what waits to be written.
        if this.turn == Turn::Over && !this.framing.is_opaque() {
            this.turn = Turn::Due;
        }
        this.beat();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> Guarded<S> {
    fn poll_turn(&mut self, cx: &Context<'_>) -> Poll<()> {
        let turn = self.turn.poll(cx);
        if turn.is_pending() {
            // Its response may have been given to its end, and is not written.
            self.mark();
        }
        turn
    }

    /// Writes the rest of the interim responses that were begun.
    fn poll_begun(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.begun.is_empty() {
            let written = Pin::new(&mut self.stream).poll_write(cx, &self.begun);
            match ready!(self.watch(cx, written))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.begun.advance(written),
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_turn(cx));
        ready!(this.poll_begun(cx))?;
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.watch(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_turn(cx));
        ready!(this.poll_begun(cx))?;
        let stream = Pin::new(&mut this.stream);
        let written = if bufs.len() > 1 && bufs.iter().map(|buf| buf.len()).sum::<usize>() <= FEW {
            TOGETHER.with_borrow_mut(|together| {
                together.clear();
                for buf in bufs {
                    together.extend_from_slice(buf);
                }
                stream.poll_write(cx, together)
            })
        } else {
            stream.poll_write_vectored(cx, bufs)
        };
        this.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // hyper flushes when it has written all it had: then, and only then, something may come between.
        if this.begun.is_empty() && this.aside.waits() {
            this.begun = this.aside.take();
        }
        ready!(this.poll_begun(cx))?;
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.watch_flush(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let ended = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.watch_flush(cx, ended)
    }
}

/// Whether this process did not run when a limit ended: it was stopped, or starved. Then what has come
/// meanwhile may not have been looked at, and the other side is not to blame.
pub(crate) fn was_away(deadline: Instant) -> bool {
    const LATE: Duration = Duration::from_millis(500);
    deadline.elapsed() > LATE
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
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + limit)));
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
