//! The two sides of a client's connection: what has come and is not used, and what is to be written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::task::coop::has_budget_remaining;
use tokio_util::io::poll_read_buf;

use super::Stream;
use super::out::{Data, Out};
use crate::net::pipe::Lane;
use crate::net::reads::SMALLEST;
use crate::net::stall::Stall;
use crate::net::turn::{Turn, after_others};

/// Bytes after which other connections have their turn: a fast client may take them as fast as they come.
const MOST_IN_ONE_TURN: usize = 1 << 20;

/// A client's connection.
#[derive(Debug)]
pub(super) struct Connection<S> {
    pub(super) stream: S,
    /// What has come and is not used.
    pub(super) buffer: BytesMut,
    /// The client has no more to say.
    pub(super) has_ended: bool,
    /// The task is woken when something comes.
    listens: bool,
    out: Out,
    /// Something is written and not flushed.
    unflushed: bool,
    /// Bytes written since the task has waited, about.
    in_turn: usize,
    write: Stall,
    /// Of what the stream below has taken and not yet written: TLS holds up to 64 KiB.
    flush: Stall,
    /// Due before the first write after something was read.
    turn: Turn,
}

impl<S: Stream> Connection<S> {
    /// A connection on which a client may take nothing for `limit`.
    pub(super) fn new(stream: S, limit: Duration) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            has_ended: false,
            listens: false,
            out: Out::default(),
            unflushed: false,
            in_turn: 0,
            write: Stall { limit, timer: None },
            flush: Stall { limit, timer: None },
            turn: Turn::default(),
        }
    }

    /// Reads what has come, with room for so many bytes.
    pub(super) fn poll_read(
        &mut self,
        room: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.buffer.is_empty() && self.buffer.capacity() > 2 * room {
            self.buffer = BytesMut::new();
        }
        self.buffer.reserve(room);
        // Without it, tokio has the task wait before it looks.
        self.listens = has_budget_remaining();
        let Poll::Ready(bytes) = poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.buffer)
        else {
            self.in_turn = 0;
            return Poll::Pending;
        };
        self.listens = false;
        match bytes {
            Ok(0) | Err(_) => self.has_ended = true,
            Ok(_) if self.turn == Turn::Over => self.turn = Turn::Due,
            Ok(_) => {}
        }
        Poll::Ready(bytes)
    }

    /// Ready when the client has no more to say, as far as can be told: what has come and is not used is not
    /// passed over.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_ended {
            return Poll::Ready(());
        }
        let waits = !self.buffer.is_empty() || (self.listens && self.stream.is_quiet());
        let came = !waits && self.poll_read(SMALLEST, cx).is_ready();
        if came && self.has_ended { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whether something is to be written.
    pub(super) fn is_sending(&self) -> bool {
        !self.out.is_written() || self.unflushed
    }

    /// Whether more may be put behind what is to be written.
    pub(super) fn has_room(&self) -> bool {
        self.out.has_room()
    }

    /// What is to be written, to put more behind it; only while there [is room](Self::has_room).
    pub(super) fn put(&mut self) -> &mut Vec<u8> {
        self.out.head()
    }

    /// Puts data behind what is to be written, and `tail` behind that; only while there is room.
    pub(super) fn put_data(&mut self, data: Data, tail: &'static [u8]) {
        self.out.put(data, tail);
    }

    /// Where pipes come from that stand behind what is to be written, if that goes to a socket as it is; something is
    /// put into one only while there is room.
    pub(super) fn lane(&mut self) -> &mut Lane {
        self.out.lane()
    }

    /// Bytes of data that are not written, about: few ones are not counted.
    pub(super) fn unsent(&self) -> u64 {
        self.out.unsent()
    }

    /// Writes what is to be written; ready when all of it is, and flushed.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_sending() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.turn.poll(cx));
        while !self.out.is_written() {
            if self.in_turn >= MOST_IN_ONE_TURN {
                self.in_turn = 0;
                after_others(cx);
                return Poll::Pending;
            }
            let written = self.out.poll_write(&mut self.stream, cx);
            if written.is_pending() {
                self.in_turn = 0;
            }
            let written = ready!(self.write.watch(cx, written))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.in_turn += written;
            self.unflushed = true;
            // A client that takes something makes progress, though more and more waits below.
            self.flush.timer = None;
        }
        self.out.clear();
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        ready!(self.flush.watch(cx, flushed))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }
}
