//! A client's connection on its way to another protocol: a tunnel, or what an upgrade has agreed on.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

use super::stall::Stall;

/// Resolves to the client's connection once the response has been sent that switches it.
#[derive(Debug)]
pub struct Switch(Source);

#[derive(Debug)]
enum Source {
    Http1(oneshot::Receiver<ClientStream>),
    Http2(OnUpgrade),
}

/// The client has gone, or the response was another one.
#[derive(Debug, thiserror::Error)]
#[error("connection was not switched")]
pub struct NotSwitched;

impl Switch {
    /// A connection of HTTP/1.1, and who hands it over.
    pub(super) fn http1() -> (oneshot::Sender<ClientStream>, Self) {
        let (hand_over, stream) = oneshot::channel();
        (hand_over, Self(Source::Http1(stream)))
    }

    /// A stream of HTTP/2.
    pub(super) fn http2(upgrade: OnUpgrade) -> Self {
        Self(Source::Http2(upgrade))
    }

    /// Waits for the connection.
    ///
    /// # Errors
    /// It never comes.
    pub async fn stream(self) -> Result<ClientStream, NotSwitched> {
        match self.0 {
            Source::Http1(stream) => stream.await.map_err(|_dropped| NotSwitched),
            Source::Http2(upgrade) => {
                let upgraded = upgrade.await.map_err(|_gone| NotSwitched)?;
                Ok(ClientStream(Box::new(TokioIo::new(upgraded))))
            }
        }
    }
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// A client's connection that is not HTTP any more.
pub struct ClientStream(Box<dyn Duplex>);

impl std::fmt::Debug for ClientStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientStream")
    }
}

impl ClientStream {
    /// A stream of which `first` has been read already, and whose other end may take nothing for `limit`; `held`
    /// lasts as long.
    pub(super) fn new<S, P>(first: Bytes, stream: S, limit: Duration, held: P) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        P: Send + Unpin + 'static,
    {
        // What is empty may still hold on to room.
        let first = if first.is_empty() { Bytes::new() } else { first };
        let stall = Stall { limit, timer: None };
        Self(Box::new(Begun { first, stream, stall, _held: held }))
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

/// A stream whose first bytes have been read.
struct Begun<S, P> {
    first: Bytes,
    stream: S,
    stall: Stall,
    _held: P,
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
        if !this.first.has_remaining() {
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
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.stall.watch(cx, written)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
