//! The two sides of a client's connection: what has come and is not used, and what is to be written.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::task::coop::has_budget_remaining;
use tokio_util::io::poll_read_buf;

use super::Stream;
use crate::net::reads::SMALLEST;
use crate::net::stall::Stall;
use crate::net::turn::Turn;

/// Bytes of a piece that is copied behind what stands before it: for so few, that costs less than a list of
/// pieces costs the kernel.
const FEW: usize = 4 << 10;

/// Bytes that are collected before they are written, where more are there.
const MANY: usize = 16 << 10;

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
    write: Stall,
    /// Of what the stream below has taken and not yet written: TLS holds up to 64 KiB.
    flush: Stall,
    /// Due before the first write after something was read.
    turn: Turn,
}

/// What is to be written: three parts, one after the other.
#[derive(Debug, Default)]
struct Out {
    head: Vec<u8>,
    /// Bytes of `head` that are written.
    sent: usize,
    data: Bytes,
    tail: &'static [u8],
    /// Something is written and not flushed.
    unflushed: bool,
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
        let bytes = ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.buffer));
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
        !self.out.is_written() || self.out.unflushed
    }

    /// Whether more may be put behind what is to be written.
    pub(super) fn has_room(&self) -> bool {
        self.out.data.is_empty() && self.out.tail.is_empty() && self.out.head.len() < MANY
    }

    /// What is to be written, to put more behind it; only while there [is room](Self::has_room).
    pub(super) fn put(&mut self) -> &mut Vec<u8> {
        &mut self.out.head
    }

    /// Puts data behind what is to be written, and `tail` behind that; only while there is room.
    pub(super) fn put_data(&mut self, data: Bytes, tail: &'static [u8]) {
        if data.len() <= FEW {
            self.out.head.extend_from_slice(&data);
            self.out.head.extend_from_slice(tail);
        } else {
            self.out.data = data;
            self.out.tail = tail;
        }
    }

    /// Writes what is to be written; ready when all of it is, and flushed.
    pub(super) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_sending() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.turn.poll(cx));
        while !self.out.is_written() {
            let stream = Pin::new(&mut self.stream);
            let written = match self.out.parts() {
                [head, [], []] => stream.poll_write(cx, head),
                parts => stream.poll_write_vectored(cx, &parts.map(IoSlice::new)),
            };
            match ready!(self.write.watch(cx, written))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.out.advance(written),
            }
        }
        self.out.clear();
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        ready!(self.flush.watch(cx, flushed))?;
        self.out.unflushed = false;
        Poll::Ready(Ok(()))
    }
}

impl Out {
    fn is_written(&self) -> bool {
        self.sent == self.head.len() && self.data.is_empty() && self.tail.is_empty()
    }

    fn parts(&self) -> [&[u8]; 3] {
        [self.head.get(self.sent..).unwrap_or_default(), &self.data, self.tail]
    }

    fn advance(&mut self, written: usize) {
        let of_head = written.min(self.head.len() - self.sent);
        let of_data = (written - of_head).min(self.data.len());
        let of_tail = (written - of_head - of_data).min(self.tail.len());
        self.sent += of_head;
        self.data.advance(of_data);
        self.tail.advance(of_tail);
        self.unflushed = true;
    }

    fn clear(&mut self) {
        if self.head.capacity() > MANY {
            self.head = Vec::new();
        }
        self.head.clear();
        self.sent = 0;
        // What it was a part of is let go.
        self.data = Bytes::new();
    }
}
