//! CONNECT and upgrades: bytes both ways, unread.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::{Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::Plane;
use super::forward::{Answered, connect_origin, exchange, receive};
use super::record::Traffic;
use super::request::{Asked, NextHop, Switched};
use crate::blame::{Cause, Failure};
use crate::net::body::Body;
use crate::net::client::Reply;
use crate::net::headers::remove_hop_by_hop;
use crate::net::pool::Lease;
use crate::net::serve::Held;
use crate::net::switch::Switch;

/// Opens a tunnel to the origin, or through a sibling.
pub(super) async fn open(
    plane: &Plane,
    asked: &mut Asked,
    next: NextHop<'_>,
) -> Result<Response<Body>, Failure> {
    let lost = || Failure::new(Cause::InternalError, "the client's connection cannot be switched");
    if matches!(next, NextHop::Origin) {
        let stream = connect_origin(plane, asked).await?;
        let client = asked.switch.take().ok_or_else(lost)?;
        let (limit, cut) = (plane.config.limits.tunnel_idle, plane.cut.clone());
        let held = asked.head.extensions.remove::<Held>();
        let traffic = Arc::<Traffic>::default();
        let opened = opened(&traffic);
        plane.tasks.spawn(cut.run_until_cancelled_owned(async move {
            let _held = held;
            match client.stream().await {
                Ok(client) => carry(client, stream, limit, &traffic).await,
                Err(error) => tracing::debug!(%error, "client left before its tunnel was open"),
            }
        }));
        return Ok(opened);
    }
    let Answered { lease, reply } = exchange(plane, asked, &next).await?;
    if reply.head.status.is_success() {
        let client = asked.switch.take().ok_or_else(lost)?;
        let held = asked.head.extensions.remove::<Held>();
        return Ok(opened(&join(plane, client, lease, held)?));
    }
    // The sibling's own word on why not.
    Ok(receive(plane, asked, lease, reply))
}

/// Answers a request that the next hop answered with 101, and joins both sides.
pub(super) fn switch(
    plane: &Plane,
    client: Switch,
    reply: Reply,
    lease: Lease,
) -> Result<Response<Body>, Failure> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let protocol = reply.head.headers.get(UPGRADE).cloned();
    *response.headers_mut() = reply.head.headers;
    remove_hop_by_hop(response.headers_mut());
    plane.via.add(response.headers_mut(), reply.head.version);
    if let Some(protocol) = protocol {
        response.headers_mut().insert(UPGRADE, protocol);
    }
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    let traffic = join(plane, client, lease, None)?;
    response.extensions_mut().insert(Switched(traffic));
    Ok(response)
}

fn opened(traffic: &Arc<Traffic>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Switched(Arc::clone(traffic)));
    response
}

fn join(
    plane: &Plane,
    client: Switch,
    upstream: Lease,
    held: Option<Held>,
) -> Result<Arc<Traffic>, Failure> {
    // The next hop has switched before it had the whole request.
    let early = || Failure::new(Cause::ProtocolError, "next hop switched protocols too early");
    let upstream = upstream.into_stream().ok_or_else(early)?;
    let traffic = Arc::<Traffic>::default();
    let carried = Arc::clone(&traffic);
    let (limit, cut) = (plane.config.limits.tunnel_idle, plane.cut.clone());
    plane.tasks.spawn(cut.run_until_cancelled_owned(async move {
        let _held = held;
        match client.stream().await {
            Ok(client) => carry(client, upstream, limit, &carried).await,
            Err(error) => tracing::debug!(%error, "client left before its tunnel was open"),
        }
    }));
    Ok(traffic)
}

/// Carries bytes both ways until both sides have ended, one fails, or both are silent for `limit`.
async fn carry(
    client: impl AsyncRead + AsyncWrite + Unpin,
    upstream: impl AsyncRead + AsyncWrite + Unpin,
    limit: Duration,
    traffic: &Traffic,
) {
    let activity = AtomicU64::new(0);
    let mut client = Observed { stream: client, activity: &activity, written: &traffic.sent };
    let mut upstream =
        Observed { stream: upstream, activity: &activity, written: &traffic.received };
    let silence = async {
        let mut seen = activity.load(Ordering::Relaxed);
        loop {
            tokio::time::sleep_until(Instant::now() + limit).await;
            let now = activity.load(Ordering::Relaxed);
            if now == seen {
                return;
            }
            seen = now;
        }
    };
    tokio::select! {
        result = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut upstream, 16 << 10, 16 << 10) => match result {
            Ok((sent, received)) => tracing::debug!(sent, received, "tunnel closed"),
            Err(error) => tracing::debug!(%error, "tunnel broken"),
        },
        () = silence => tracing::debug!(?limit, "tunnel closed: both sides were silent"),
    }
}

/// Counts reads and writes that moved something, and the bytes that were written.
struct Observed<'a, S> {
    stream: S,
    activity: &'a AtomicU64,
    written: &'a AtomicU64,
}

impl<S: AsyncRead + Unpin> AsyncRead for Observed<'_, S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_read(cx, buf);
        if result.is_ready() {
            this.activity.fetch_add(1, Ordering::Relaxed);
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Observed<'_, S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.stream).poll_write(cx, buf);
        if let Poll::Ready(result) = &result {
            this.activity.fetch_add(1, Ordering::Relaxed);
            let written = result.as_ref().map_or(0, |written| *written);
            this.written.fetch_add(u64::try_from(written).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
        result
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
