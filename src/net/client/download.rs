//! The body of a response on its way to whoever asked for it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::Connection;
use crate::net::body::{Body, BodyError, Piped};
use crate::net::message::decode::{BodyLength, Decoder, Step};
use crate::net::pipe::Pipe;
use crate::net::pool::Lease;
use crate::net::reads::Reads;
use crate::net::shared_body::SharedBody;
use crate::net::stall::Stall;

/// Bytes that are read at once at most.
const LARGEST_READ: usize = 256 << 10;

/// Bytes that a body has still to bring for a pipe to be worth its making.
const WORTH_A_PIPE: u64 = 256 << 10;

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

    /// Whether what comes next is much, comes fast, and was not read before.
    fn is_bulk(&self, connection: &Connection) -> bool {
        connection.buffer.is_empty()
            && self.reads.are_largest()
            && self.left().is_some_and(|left| left >= WORTH_A_PIPE)
    }

    /// Its next part into a pipe, if it [is bulk](Self::is_bulk); `None`: the system does not allow it.
    fn poll_pipe(
        &mut self,
        connection: &mut Connection,
        pipe: &mut Pipe,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<u64, BodyError>>> {
        let Some(left) = self.decoder.left() else { return Poll::Ready(None) };
        let filled = ready!(connection.poll_pipe(pipe, left, cx));
        Poll::Ready(filled.map(|filled| match filled {
            Ok(0) => Err(BodyError::Response(std::io::ErrorKind::UnexpectedEof.into())),
            Ok(bytes) => {
                self.reads.came(bytes);
                let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
                self.decoder.skip(bytes);
                Ok(bytes)
            }
            Err(error) => Err(BodyError::Response(error)),
        }))
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
        Body::piped(Self { download, stall, lease: Some(lease), keep_alive, request, sent })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(lease) = &mut self.lease else { return Poll::Ready(None) };
        let polled = self.download.poll(lease.connection(), cx);
        let frame = ready!(self.watch(polled, cx));
        if frame.is_none() || self.download.has_ended() {
            self.finish();
        }
        Poll::Ready(frame)
    }

    /// Limits the silence of the sender.
    fn watch<T>(
        &mut self,
        polled: Poll<Option<Result<T, BodyError>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<T, BodyError>>> {
        let mut watched = ready!(self.stall.watch(cx, polled.map(Ok)));
        if watched.is_err() && self.request.progress() > self.sent {
            // An answer may begin while its request is still on its way.
            self.sent = self.request.progress();
            self.stall.timer = None;
            watched = ready!(self.stall.watch(cx, Poll::Pending));
        }
        Poll::Ready(watched.unwrap_or_else(|stalled| Some(Err(BodyError::Stalled(stalled)))))
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take().filter(|_| self.keep_alive) {
            lease.give_back();
        }
    }
}

impl Piped for UpstreamBody {
    fn is_worth_a_pipe(&mut self) -> bool {
        self.lease.as_mut().is_some_and(|lease| self.download.is_bulk(lease.connection()))
    }

    fn poll_pipe(
        &mut self,
        pipe: &mut Pipe,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<u64, BodyError>>> {
        let Some(lease) = &mut self.lease else { return Poll::Ready(None) };
        let polled = self.download.poll_pipe(lease.connection(), pipe, cx);
        let filled = ready!(self.watch(polled, cx));
        if self.download.has_ended() {
            self.finish();
        }
        Poll::Ready(filled)
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
