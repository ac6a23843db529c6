//! What is to be written to a client: a head, data, and what ends it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use rustix::net::SendFlags;
use tokio::io::Interest;
use tokio::net::TcpStream;

use super::Stream;
use crate::files::Span;
use crate::net::pipe::{Pipe, is_passing};

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
    pipe: Option<Pipe>,
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

    /// Whether nothing stands behind its head.
    fn is_headless(&self) -> bool {
        let piped = self.pipe.as_ref().map_or(0, Pipe::held);
        self.data.length() == 0 && piped == 0 && self.tail.is_empty()
    }

    /// A pipe, to put data into; only while there is room. `None`: there is none to be had, or it was of little use.
    pub(super) fn pipe(&mut self) -> Option<&mut Pipe> {
        self.pipe =
            self.pipe.take().map_or_else(Pipe::new, |pipe| (!pipe.is_slow()).then_some(pipe));
        self.pipe.as_mut()
    }

    /// Gives the pipe back: nothing more is put into it.
    pub(super) fn close_pipe(&mut self) {
        self.pipe = None;
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
        let mut in_kernel = match (&mut self.data, &mut self.pipe) {
            (_, Some(pipe)) if pipe.held() > 0 => Some(InKernel::Pipe(pipe)),
            (Data::Span(span), _) if span.left() > 0 => Some(InKernel::Span(span)),
            _ => None,
        };
        if let Some(data) = &mut in_kernel {
            let Some(socket) = stream.socket() else {
                return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
            };
            if head.is_empty() {
                return poll_socket(socket, cx, || data.send(socket));
            }
            // What follows goes into the same packet.
            let flags = SendFlags::MORE | SendFlags::NOSIGNAL;
            let send = || Ok(rustix::net::send(socket, head, flags)?);
            let sent = ready!(poll_socket(socket, cx, send))?;
            self.sent += sent;
            return Poll::Ready(Ok(sent));
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

/// Data that the kernel has already.
enum InKernel<'a> {
    Pipe(&'a mut Pipe),
    Span(&'a mut Span),
}

impl InKernel<'_> {
    fn send(&mut self, socket: &TcpStream) -> io::Result<usize> {
        match self {
            Self::Pipe(pipe) => pipe.drain(socket),
            Self::Span(span) => span.send(socket),
        }
    }
}

/// A call that gives something to a socket, once that takes it.
fn poll_socket(
    socket: &TcpStream,
    cx: &mut Context<'_>,
    mut call: impl FnMut() -> io::Result<usize>,
) -> Poll<io::Result<usize>> {
    loop {
        ready!(socket.poll_write_ready(cx))?;
        match socket.try_io(Interest::WRITABLE, &mut call) {
            Err(error) if is_passing(&error) => {}
            done => return Poll::Ready(done),
        }
    }
}
