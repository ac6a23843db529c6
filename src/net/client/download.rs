//! The body of a response on its way to whoever asked for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::Connection;
use crate::net::body::{Body, BodyError, SharedBody};
use crate::net::message::decode::{BodyLength, Decoder, Step};
use crate::net::pool::Lease;
use crate::net::reads::Reads;
use crate::net::stall::Stall;

/// Bytes that are read at once at most.
const LARGEST_READ: usize = 256 << 10;

/// Takes a body from its connection.
#[derive(Debug)]
struct Download {
    decoder: Decoder,
    reads: Reads,
}

impl Download {
    /// A body from its beginning.
    fn new(length: BodyLength) -> Self {
        Self { decoder: Decoder::new(length), reads: Reads::up_to(LARGEST_READ) }
    }

    /// Whether all of it was taken.
    fn has_ended(&self) -> bool {
        self.decoder.has_ended()
    }

    /// How many bytes are still to come, where that is known.
    fn left(&self) -> Option<u64> {
        self.decoder.left()
    }

    /// Its next part.
    fn poll(
        &mut self,
        connection: &mut Connection,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            match self.decoder.step(&mut connection.buffer) {
                Ok(Step::Data(data)) => {
                    self.decoder.look_for_end(&mut connection.buffer);
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Ok(Step::Trailers(trailers)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Ok(Step::End) => return Poll::Ready(None),
                Ok(Step::More) => {}
                Err(malformed) => return Poll::Ready(Some(Err(BodyError::Malformed(malformed)))),
            }
            match ready!(connection.poll_read(self.reads.room(self.decoder.left()), cx)) {
                Ok(0) if self.decoder.ends_here() => return Poll::Ready(None),
                Ok(0) => {
                    let early = std::io::ErrorKind::UnexpectedEof.into();
                    return Poll::Ready(Some(Err(BodyError::Response(early))));
                }
                Ok(bytes) => self.reads.came(bytes),
                Err(error) => return Poll::Ready(Some(Err(BodyError::Response(error)))),
            }
        }
    }
}

/// A response's body from a connection that serves nobody else.
#[derive(Debug)]
pub struct LoneBody {
    connection: Connection,
    download: Download,
}

impl LoneBody {
    /// The body that follows a head.
    pub fn new(connection: Connection, length: BodyLength) -> Self {
        Self { connection, download: Download::new(length) }
    }
}

impl HttpBody for LoneBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        this.download.poll(&mut this.connection, cx)
    }
}

/// A response's body on its way to a client; its connection goes back to the pool at the end.
#[derive(Debug)]
pub struct UpstreamBody {
    download: Download,
    stall: Stall,
    /// Dropped before the end, the connection is closed.
    lease: Option<Lease>,
    keep_alive: bool,
    /// The body of the request, and how far it was.
    request: SharedBody,
    sent: u64,
}

impl UpstreamBody {
    /// A body whose sender may be silent for `limit`, unless it is still taking `request`. Without
    /// `keep_alive` the connection is of no further use.
    pub fn receive(
        mut lease: Lease,
        (length, keep_alive): (BodyLength, bool),
        limit: Duration,
        request: &SharedBody,
    ) -> Body {
        let whole = lease.connection().take_whole(length);
        if let Some(whole) = whole {
            if keep_alive {
                lease.give_back();
            }
            return if whole.is_empty() { Body::empty() } else { Body::full(whole) };
        }
        let (stall, sent) = (Stall { limit, timer: None }, request.progress());
        let (download, request) = (Download::new(length), request.clone());
        Body::streamed(Self { download, stall, lease: Some(lease), keep_alive, request, sent })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(lease) = &mut self.lease else { return Poll::Ready(None) };
        let polled = self.download.poll(lease.connection(), cx).map(Ok);
        let frame = match ready!(self.stall.watch(cx, polled)) {
            Ok(frame) => frame,
            Err(_stalled) if self.request.progress() > self.sent => {
                // An answer may begin while its request is still on its way.
                self.sent = self.request.progress();
                self.stall.timer = None;
                let polled = self.stall.watch(cx, Poll::Pending);
                match ready!(polled) {
                    Ok(frame) => frame,
                    Err(stalled) => Some(Err(BodyError::Stalled(stalled))),
                }
            }
            Err(stalled) => Some(Err(BodyError::Stalled(stalled))),
        };
        if frame.is_none() || self.download.has_ended() {
            self.finish();
        }
        Poll::Ready(frame)
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take().filter(|_| self.keep_alive) {
            lease.give_back();
        }
    }
}

impl HttpBody for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.get_mut().poll(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.download.has_ended()
    }

    fn size_hint(&self) -> SizeHint {
        self.download.left().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
