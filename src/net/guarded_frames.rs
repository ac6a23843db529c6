//! A client's HTTP/2 connection under guard: floods end it, and so does a client that asks for nothing
//! or stops reading.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::serve::Permit;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

use super::frames::Frames;
use super::stall::Stall;

/// A stream whose frames are followed. At a flood its reader finds the end.
#[derive(Debug)]
pub struct GuardedFrames<S> {
    stream: S,
    frames: Frames,
    broken: bool,
    stall: Stall,
    /// Of what TLS has taken and not yet written.
    flush: Stall,
    idle: Idle,
    _permit: Permit,
}

/// Tells when a client has owed a request for too long.
#[derive(Debug)]
struct Idle {
    limit: Duration,
    /// Runs while a request is owed.
    timer: Option<Pin<Box<Sleep>>>,
    over: CancellationToken,
}

impl<S> GuardedFrames<S> {
    /// Guards a stream that counts as one connection until it is dropped. A write that makes no
    /// progress for `write_limit` fails; `idle` is cancelled when the client has had no stream open for
    /// `idle_limit`, or has not finished a head for so long.
    pub(super) fn new(
        stream: S,
        write_limit: Duration,
        idle_limit: Duration,
        idle: CancellationToken,
        permit: Permit,
    ) -> Self {
        Self {
            stream,
            frames: Frames::new(Instant::now()),
            broken: false,
            stall: Stall { limit: write_limit, timer: None },
            flush: Stall { limit: write_limit, timer: None },
            idle: Idle { limit: idle_limit, timer: None, over: idle },
            _permit: permit,
        }
    }

    fn sent(&mut self, cx: &mut Context<'_>, bytes: &[u8]) {
        if let Err(flood) = self.frames.send(bytes, Instant::now()) {
            tracing::debug!(%flood, "connection given up");
            self.broken = true;
            // Whoever reads has to find the end.
            cx.waker().wake_by_ref();
        }
        // The last stream may just have ended; nobody need read again before the time is over.
        self.idle.watch(cx, &self.frames);
    }
}

impl Idle {
    fn watch(&mut self, cx: &mut Context<'_>, frames: &Frames) {
        let Some(since) = frames.owed_since() else {
            self.timer = None;
            return;
        };
        let deadline = since + self.limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        if timer.as_mut().poll(cx).is_ready() {
            self.over.cancel();
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for GuardedFrames<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.broken {
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        if polled.is_pending() {
            this.idle.watch(cx, &this.frames);
        }
        ready!(polled)?;
        let fresh = buf.filled().get(before..).unwrap_or_default();
        if let Err(flood) = this.frames.receive(fresh, Instant::now()) {
            tracing::debug!(%flood, "connection given up");
            this.broken = true;
            buf.set_filled(before);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for GuardedFrames<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, buf);
        let written = ready!(this.stall.watch(cx, polled))?;
        this.sent(cx, buf.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        let written = ready!(this.stall.watch(cx, polled))?;
        let mut left = written;
        for part in bufs {
            let here = part.len().min(left);
            this.sent(cx, part.get(..here).unwrap_or_default());
            left -= here;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(cx);
        this.flush.watch(cx, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.flush.watch(cx, polled)
    }
}
