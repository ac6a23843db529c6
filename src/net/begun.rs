//! A connection of which something was read before it became a tunnel.

use std::fmt::{self, Debug, Formatter};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::tunnel::End;

/// A connection whose first bytes have been read, and what it holds as long as it lasts.
pub(super) struct Begun<S, P> {
    first: Bytes,
    stream: S,
    _held: P,
}

impl<S, P> Begun<S, P> {
    /// A connection of which `first` has been read.
    pub(super) fn new(first: Bytes, stream: S, held: P) -> Self {
        // What is empty may still hold on to room.
        let first = if first.is_empty() { Bytes::new() } else { first };
        Self { first, stream, _held: held }
    }
}

impl<S, P> Debug for Begun<S, P> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Begun")
    }
}

impl<S: End, P: Send + Unpin> End for Begun<S, P> {
    fn socket(&self) -> Option<&TcpStream> {
        self.stream.socket().filter(|_| self.first.is_empty())
    }
}

impl<S: AsyncRead + Unpin, P: Unpin> AsyncRead for Begun<S, P> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.first.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let here = this.first.len().min(buf.remaining());
        buf.put_slice(&this.first.split_to(here));
        if this.first.is_empty() {
            this.first = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin, P: Unpin> AsyncWrite for Begun<S, P> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
