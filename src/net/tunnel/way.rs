//! One of the two ways of a tunnel.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use super::End;
use crate::net::pipe::Lane;
use crate::net::reads::Reads;
use crate::net::turn::after_others;

/// Bytes that are read at once at most: more cost more than they save, and HTTP/2 holds a few such pieces for a client that
/// takes none.
const LARGEST_READ: usize = 16 << 10;

/// Bytes after which other connections have their turn.
const MOST_IN_ONE_TURN: usize = 1 << 20;

/// One of the two ways.
pub(super) struct Way<'a> {
    progress: Progress,
    /// What was read and is not passed on.
    pub(super) held: BytesMut,
    /// The same in the kernel.
    lane: Lane,
    reads: Reads,
    /// Something is written and not flushed.
    unflushed: bool,
    has_moved: bool,
    /// Bytes passed on since the task has waited, about.
    in_turn: usize,
    /// Since when the far side takes nothing.
    pub(super) stuck: Option<Instant>,
    /// Why it has ended early.
    pub(super) failed: Option<io::Error>,
    count: &'a AtomicU64,
}

/// How far a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// More may come.
    Open,
    /// All has come.
    Ended,
    /// Nothing more comes, and that is not the end.
    Broken,
    /// The far side has been told the end, or takes nothing any more.
    Over,
}

impl<'a> Way<'a> {
    pub(super) fn new(count: &'a AtomicU64) -> Self {
        Self {
            progress: Progress::Open,
            held: BytesMut::new(),
            lane: Lane::default(),
            reads: Reads::up_to(LARGEST_READ),
            unflushed: false,
            has_moved: false,
            in_turn: 0,
            stuck: None,
            failed: None,
            count,
        }
    }

    /// Whether something has moved since this was asked last.
    pub(super) fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Passes on what comes; ready when it is over.
    ///
    /// # Errors
    /// Nothing more comes, and that is not the end. Where nothing more is taken, the other way may still have something.
    pub(super) fn poll(
        &mut self,
        from: &mut impl End,
        to: &mut impl End,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while self.progress != Progress::Over {
            if self.in_turn >= MOST_IN_ONE_TURN {
                self.in_turn = 0;
                after_others(cx);
                return Poll::Pending;
            }
            let passed_on = self.poll_pass_on(to, cx);
            ready!(self.watch(passed_on));
            match self.progress {
                Progress::Open => {}
                Progress::Broken => return Poll::Ready(self.failed.take().map_or(Ok(()), Err)),
                Progress::Ended | Progress::Over => continue,
            }
            match self.poll_read(from, to.socket().is_some(), cx) {
                Poll::Ready(Ok(bytes)) => {
                    self.has_moved = true;
                    self.reads.came(bytes);
                    if bytes == 0 {
                        self.progress = Progress::Ended;
                    }
                }
                Poll::Ready(Err(error)) => {
                    self.failed = Some(error);
                    self.progress = Progress::Broken;
                }
                Poll::Pending => {
                    self.let_go();
                    self.in_turn = 0;
                    let flushed = self.poll_flush(to, cx);
                    ready!(self.watch(flushed));
                    if self.progress == Progress::Open {
                        return Poll::Pending;
                    }
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Notes since when the far side takes nothing, or that it never will.
    fn watch(&mut self, taken: Poll<io::Result<()>>) -> Poll<()> {
        let Poll::Ready(taken) = taken else {
            self.in_turn = 0;
            self.stuck.get_or_insert_with(Instant::now);
            return Poll::Pending;
        };
        // What waits to be flushed is not taken yet.
        if !self.unflushed {
            self.stuck = None;
        }
        if let Err(error) = taken {
            self.let_go();
            self.failed.get_or_insert(error);
            // What has failed at both ends is over, too.
            if self.progress != Progress::Broken {
                self.progress = Progress::Over;
            }
        }
        Poll::Ready(())
    }

    /// Who waits holds nothing.
    fn let_go(&mut self) {
        self.held = BytesMut::new();
        self.lane.rest();
    }

    /// Passes on all that is there, and the end.
    fn poll_pass_on(&mut self, to: &mut impl End, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() || !self.lane.is_empty() {
            let bytes = ready!(self.poll_write(to, cx))?;
            if bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.in_turn += bytes;
            self.count.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
            (self.stuck, self.has_moved, self.unflushed) = (None, true, true);
        }
        match self.progress {
            Progress::Open | Progress::Over => Poll::Ready(Ok(())),
            Progress::Broken => self.poll_flush(to, cx),
            Progress::Ended => {
                ready!(Pin::new(to).poll_shutdown(cx))?;
                (self.progress, self.unflushed) = (Progress::Over, false);
                Poll::Ready(Ok(()))
            }
        }
    }

    fn poll_flush(&mut self, to: &mut impl End, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.unflushed {
            ready!(Pin::new(to).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, to: &mut impl End, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(pipe) = self.lane.held() {
            let Some(socket) = to.socket() else {
                return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
            };
            return pipe.poll_drain(socket, cx);
        }
        let bytes = ready!(Pin::new(to).poll_write(cx, &self.held))?;
        self.held.advance(bytes);
        Poll::Ready(Ok(bytes))
    }

    fn poll_read(
        &mut self,
        from: &mut impl End,
        to_socket: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Some(socket) = from.socket() {
            // No room is taken before something is there.
            ready!(socket.poll_read_ready(cx))?;
            if to_socket
                && self.reads.are_largest()
                && let Some(pipe) = self.lane.open()
            {
                if let Some(filled) = ready!(pipe.poll_fill(socket, u64::MAX, cx)) {
                    return Poll::Ready(filled);
                }
                self.lane.close();
            }
        }
        self.held.reserve(self.reads.room(None));
        poll_read_buf(Pin::new(from), cx, &mut self.held)
    }
}
