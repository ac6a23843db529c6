//! Accepts connections and serves HTTP/1.1 on them until it is told to stop.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::Body;
use super::guarded::Guarded;
use super::quota::{Quota, Seat};

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// The response to one request of the client at `peer`.
    fn handle(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// Whether what limits one client does not hold for this one.
    fn is_exempt(&self, _client: IpAddr) -> bool {
        false
    }

    /// A connection was closed because its client has too many.
    fn turned_away(&self, _client: IpAddr) {}
}

/// What a connection holds as long as it lasts, tunnel or not.
#[derive(Debug)]
pub(super) struct Permit {
    _connection: OwnedSemaphorePermit,
    _seat: Seat,
}

/// What a server bears.
#[derive(Debug, Clone, Copy)]
pub struct ServeLimits {
    /// Connections at the same time, tunnels included; more wait to be accepted.
    pub connections: usize,
    /// Connections of one client, by [`client_of`](super::networks::client_of); further ones are closed.
    /// 0: no limit.
    pub client_connections: usize,
    /// How long a request's head may take, counted from the connection's start or its last response:
    /// so long may a connection be idle.
    pub header: Duration,
    /// How long a client may refuse to take any more of a response.
    pub write: Duration,
    /// The same once the connection is a tunnel.
    pub tunnel: Duration,
    /// How long running requests may take to end once the server stops.
    pub drain: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            client_connections: 0,
            header: Duration::from_mins(1),
            write: Duration::from_mins(1),
            tunnel: Duration::from_mins(10),
            drain: Duration::from_secs(10),
        }
    }
}

/// Header lines of a request at most.
const MAX_HEADERS: usize = 128;

/// Bytes of a request's head at most; also what is read ahead of a body.
const MAX_HEAD: usize = 64 * 1024;

/// Serves until `shutdown`, then lets running requests end for `limits.drain`.
pub async fn run<H: Handler>(
    listener: TcpListener,
    handler: Arc<H>,
    limits: ServeLimits,
    shutdown: CancellationToken,
) {
    let permits = Arc::new(Semaphore::new(limits.connections));
    let quota = Quota::new(limits.client_connections);
    let seat = |client: IpAddr| {
        let seat = quota.take(client, handler.is_exempt(client));
        if seat.is_none() {
            handler.turned_away(client);
        }
        seat
    };
    let connections = TaskTracker::new();
    let overdue = CancellationToken::new();
    while let Some((stream, peer, permit)) = next(&listener, &permits, &seat, &shutdown).await {
        let stream = Guarded::new(stream, limits.write, limits.tunnel, permit);
        let serve = connection(stream, peer, Arc::clone(&handler), limits, shutdown.clone());
        let overdue = overdue.clone();
        connections.spawn(async move {
            overdue.run_until_cancelled_owned(serve).await;
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "connections are closed: they did not drain in time"
        );
        overdue.cancel();
        connections.wait().await;
    }
}

/// The next connection; `None` at shutdown.
async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    seat: &impl Fn(IpAddr) -> Option<Seat>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, Permit)> {
    let accept = async {
        let connection = Arc::clone(permits).acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    let Some(seat) = seat(peer.ip()) else { continue };
                    stream.set_nodelay(true).ok(); // only slower without
                    return Some((stream, peer, Permit { _connection: connection, _seat: seat }));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "connections cannot be accepted; trying again in 1 s");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    };
    shutdown.run_until_cancelled(accept).await.flatten()
}

/// Errors of a connection that was gone before it was accepted; anything else concerns the listener.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn connection<H: Handler>(
    stream: Guarded<TcpStream>,
    peer: SocketAddr,
    handler: Arc<H>,
    limits: ServeLimits,
    shutdown: CancellationToken,
) {
    let service = service_fn(|request| {
        let handler = Arc::clone(&handler);
        async move { Ok::<_, Infallible>(handler.handle(request, peer).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "client connection ended");
    }
}
