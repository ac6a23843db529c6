//! One connection that speaks HTTP/2 (RFC 9113), towards clients and over TLS only.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::header::{CONTENT_LENGTH, EXPECT, HeaderValue, RETRY_AFTER};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::streams::{Streams, gave, wanted};
use super::{Client, Handler, Permit, Server, refusal};
use crate::net::body::{Body, BodyError};
use crate::net::guarded_frames::GuardedFrames;
use crate::net::message::request::LONGEST;
use crate::net::request_body::RequestBody;
use crate::net::shared_body::SharedBody;
use crate::net::switch::Switch;
use crate::net::translate::translate;

/// Streams of a connection at the same time: RFC 9113, section 6.5.2 wants 100 or more.
const MAX_STREAMS: u32 = 100;

/// Bytes of a request's body that are taken ahead, by stream and by connection.
const STREAM_WINDOW: u32 = 128 * 1024;
const CONNECTION_WINDOW: u32 = 512 * 1024;

/// Bytes of a response that wait for room at the client, by stream.
const SEND_BUFFER: usize = 64 * 1024;

/// Bytes of a response that are given at once: what must pass within the limit on writes.
const PIECE: usize = 16 * 1024;

/// Streams that are reset before hyper took them, at most, and streams that we reset as malformed.
const RESETS: usize = 20;
const MALFORMED: usize = 100;

/// Bytes of a body that are read before an answer that does not depend on it: a response ends its stream, and
/// would hide that the request turns out to be malformed at its end.
pub const READ_AHEAD: usize = 64 * 1024;

/// How long a client gets to hear that an idle connection ends.
const GOODBYE: Duration = Duration::from_secs(5);

/// Counts a stream as a connection as long as it lives; in the extensions of its request, for tunnels,
/// which outlive their response.
#[derive(Debug, Clone)]
pub struct Held {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Serves until the client or the server has enough.
pub(super) async fn serve<H: Handler, S>(
    server: &Arc<Server<H>>,
    stream: S,
    peer: SocketAddr,
    permit: Permit,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = server.limits;
    let idle = CancellationToken::new();
    let stream = GuardedFrames::new(stream, limits.write, limits.header, idle.clone(), permit);
    let service = service_fn(|request| {
        let server = Arc::clone(server);
        async move { Ok::<_, Infallible>(server.stream(request, peer).await) }
    });
    let streams = Streams::new(server.tasks.clone(), server.overdue.clone(), limits.write);
    let serving = http2::Builder::new(streams)
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(LONGEST).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(MALFORMED)
        .keep_alive_interval(limits.header)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = server.shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
        () = idle.cancelled() => {
            serving.as_mut().graceful_shutdown();
            timeout(GOODBYE, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "client connection ended");
    }
}

impl<H: Handler> Server<H> {
    /// Answers one stream.
    async fn stream(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Streamed> {
        let is_head = *request.method() == Method::HEAD;
        let held = Arc::clone(&self.permits).try_acquire_owned();
        let held = held.ok().map(|permit| Held { _permit: Arc::new(permit) });
        let mut response = if let Some(held) = &held {
            self.answer(request, peer, held).await
        } else {
            let mut response = refusal(StatusCode::SERVICE_UNAVAILABLE, "too many connections");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
            response
        };
        if is_head && !response.body().is_end_stream() {
            // hyper leaves the content out of HTTP/1.1 only.
            let body = std::mem::replace(response.body_mut(), Body::empty());
            if let Some(length) = body.size_hint().exact() {
                response.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
            }
        }
        response.map(|body| Streamed { body, rest: None, _held: held })
    }

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: SocketAddr,
        held: &Held,
    ) -> Response<Body> {
        let may_switch = *request.method() == Method::CONNECT;
        let switch = may_switch.then(|| Switch::http2(hyper::upgrade::on(&mut request)));
        let (mut head, body) = request.map(RequestBody::from).into_parts();
        let own = |host: &str| self.tls.as_ref().is_some_and(|tls| tls.is_for(host));
        if let Err(why) = translate(&mut head, own) {
            tracing::debug!(%peer, %why, "request refused");
            if why.status() == StatusCode::MISDIRECTED_REQUEST && !head.headers.contains_key(EXPECT)
            {
                let limit = self.limits.header;
                drop(timeout(limit, SharedBody::new(body, limit).drain(READ_AHEAD)).await);
            }
            let response = refusal(why.status(), &why.to_string());
            return self.handler.refused(Some(&head), peer.ip(), response);
        }
        head.extensions.insert(held.clone());
        let client = Client { address: peer, interim: None, switch };
        self.handler.handle(Request::from_parts(head, body), client).await
    }
}

/// A response's body in pieces, which tells whether it waits for its source or for the client.
#[derive(Debug)]
struct Streamed {
    body: Body,
    /// What is left of the last frame.
    rest: Option<Bytes>,
    _held: Option<Held>,
}

impl HttpBody for Streamed {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        wanted();
        let mut data = match this.rest.take() {
            Some(rest) => rest,
            None => match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => return Poll::Ready(end),
            },
        };
        if data.len() > PIECE {
            this.rest = Some(data.split_off(PIECE));
        }
        gave();
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
