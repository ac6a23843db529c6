//! CONNECT and upgrades: bytes both ways, unread.

use std::sync::Arc;

use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::{Response, StatusCode};

use super::Plane;
use super::forward::{Answered, connect_origin, exchange, receive};
use super::record::Traffic;
use super::request::{Asked, NextHop, Switched};
use super::stats::Counter;
use crate::blame::{Cause, Failure};
use crate::net::body::Body;
use crate::net::client::Reply;
use crate::net::doze::Doze;
use crate::net::headers::remove_hop_by_hop;
use crate::net::pool::Lease;
use crate::net::serve::Held;
use crate::net::switch::Switch;
use crate::net::tunnel::{self, End};

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
        let held = asked.head.extensions.remove::<Held>();
        return Ok(opened(join(plane, client, stream, held)));
    }
    let Answered { lease, reply } = exchange(plane, asked, &next).await?;
    if reply.head.status.is_success() {
        let client = asked.switch.take().ok_or_else(lost)?;
        let held = asked.head.extensions.remove::<Held>();
        return Ok(opened(join(plane, client, stream_of(lease)?, held)));
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
    let traffic = join(plane, client, stream_of(lease)?, None);
    response.extensions_mut().insert(Switched(traffic));
    Ok(response)
}

fn opened(traffic: Arc<Traffic>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Switched(traffic));
    response
}

fn stream_of(lease: Lease) -> Result<impl End, Failure> {
    // The next hop has switched before it had the whole request.
    let early = || Failure::new(Cause::ProtocolError, "next hop switched protocols too early");
    lease.into_stream().ok_or_else(early)
}

/// Counts the end of a tunnel, whatever ends it.
struct OpenTunnel(Arc<Counter>);

impl Drop for OpenTunnel {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// Joins both sides, once the client's is there.
fn join(
    plane: &Plane,
    client: Switch,
    upstream: impl End + 'static,
    held: Option<Held>,
) -> Arc<Traffic> {
    let traffic = Arc::<Traffic>::default();
    let carried = Arc::clone(&traffic);
    let limit = plane.config.limits.tunnel_idle;
    let cut = Doze::new(Box::pin(plane.cut.clone().cancelled_owned()));
    plane.stats.tunnels.add();
    let open = OpenTunnel(Arc::clone(&plane.stats.tunnels_ended));
    let carry = async move {
        let (_held, _open) = (held, open);
        let client = match client.stream().await {
            Ok(client) => client,
            Err(error) => {
                tracing::debug!(%error, "client left before its tunnel was open");
                return;
            }
        };
        match tunnel::carry(client, upstream, limit, &carried.carried).await {
            Ok(()) => tracing::debug!("tunnel closed"),
            Err(error) => tracing::debug!(%error, "tunnel broken"),
        }
    };
    plane.tasks.spawn(async move {
        tokio::select! {
            biased;
            () = cut => {}
            () = carry => {}
        }
    });
    traffic
}
