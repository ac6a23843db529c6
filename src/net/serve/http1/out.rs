//! What is to be written to a client: a head, data, and what ends it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use rustix::net::SendFlags;

use super::Stream;
use crate::files::Span;
use crate::net::pipe::Lane;
use crate::net::socket::poll_give;

/// Bytes of a piece that is copied behind what stands before it: for so few, that costs less than a list of
/// pieces costs the kernel.
const FEW: usize = 4 << 10;

/// Bytes that are collected before they are written, where more are there.
const MANY: usize = 16 << 10;

/// What is to be written: three parts, one after the other.
#[derive(Debug, Default)]
pub(super) struct Out {
    head: Vec<u8>,
    /// Bytes of `head` that are written.
    sent: usize,
    data: Data,
    tail: &'static [u8],
    /// What it holds stands in the place of data.
    lane: Lane,
}

/// A piece of a body.
#[derive(Debug)]
pub(super) enum Data {
    /// In memory of ours.
    Bytes(Bytes),
    /// In memory of the kernel's.
    Span(Span),
}

impl Default for Data {
    fn default() -> Self {
        Self::Bytes(Bytes::new())
    }
}

impl Data {
    /// Its length in bytes.
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Span(span) => span.left(),
        }
    }
}

impl Out {
    /// Whether all of it is written.
    pub(super) fn is_written(&self) -> bool {
        self.sent == self.head.len() && self.is_headless()
    }

    /// Whether more may be put behind it.
    pub(super) fn has_room(&self) -> bool {
        self.is_headless() && self.head.len() < MANY
    }

    /// Bytes of data that stand behind its head.
    pub(super) fn unsent(&self) -> u64 {
        self.data.length() + self.lane.held_bytes()
    }

    /// Whether nothing stands behind its head.
    fn is_headless(&self) -> bool {
        self.unsent() == 0 && self.tail.is_empty()
    }

    /// Where pipes come from; something is put into one only while there is room.
    pub(super) fn lane(&mut self) -> &mut Lane {
        &mut self.lane
    }

    /// Its head, to put more behind it; only while there [is room](Self::has_room).
    pub(super) fn head(&mut self) -> &mut Vec<u8> {
        &mut self.head
    }

    /// Puts data behind it, and `tail` behind that; only while there is room.
    pub(super) fn put(&mut self, data: Data, tail: &'static [u8]) {
        match data {
            Data::Bytes(bytes) if bytes.len() <= FEW => {
                self.head.extend_from_slice(&bytes);
                self.head.extend_from_slice(tail);
            }
            Data::Bytes(_) | Data::Span(_) => {
                self.data = data;
                self.tail = tail;
            }
        }
    }

    /// Writes some of it, and tells how much.
    pub(super) fn poll_write<S: Stream>(
        &mut self,
        stream: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let head = self.head.get(self.sent..).unwrap_or_default();
        let is_span = matches!(&self.data, Data::Span(span) if span.left() > 0);
        if is_span || !self.lane.is_empty() {
            let Some(socket) = stream.socket() else {
                return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
            };
            if !head.is_empty() {
                // What follows goes into the same packet.
                let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
                let send = || Ok(rustix::net::send(socket, head, flags)?);
                let sent = ready!(poll_give(socket, cx, send))?;
                self.sent += sent;
                return Poll::Ready(Ok(sent));
            }
            if let Some(pipe) = self.lane.held() {
                return pipe.poll_drain(socket, cx);
            }
            if let Data::Span(span) = &mut self.data {
                return poll_give(socket, cx, || span.send(socket));
            }
        }
        let data = match &self.data {
            Data::Bytes(bytes) => &**bytes,
            Data::Span(_) => &[],
        };
        let stream = Pin::new(stream);
        let written = ready!(match [head, data, self.tail] {
            [head, [], []] => stream.poll_write(cx, head),
            parts => stream.poll_write_vectored(cx, &parts.map(IoSlice::new)),
        })?;
        self.advance(written);
        Poll::Ready(Ok(written))
    }

    fn advance(&mut self, written: usize) {
        let of_head = written.min(self.head.len() - self.sent);
        self.sent += of_head;
        let mut rest = written - of_head;
        if let Data::Bytes(bytes) = &mut self.data {
            let of_data = rest.min(bytes.len());
            bytes.advance(of_data);
            rest -= of_data;
        }
        self.tail.advance(rest.min(self.tail.len()));
    }

    /// Lets go what is written.
    pub(super) fn clear(&mut self) {
        if self.head.capacity() > MANY {
            self.head = Vec::new();
        }
        self.head.clear();
        self.sent = 0;
        // What it was a part of is let go.
        self.data = Data::default();
    }
}
