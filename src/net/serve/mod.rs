//! Accepts connections and serves HTTP on them until it is told to stop.

mod date;
mod http1;
mod http2;
mod streams;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::body::Body;
use super::interim::Interim;
use super::quota::{Quota, Seat};
use super::request_body::RequestBody;
use super::switch::Switch;
use super::tls::{H2, Tls};
use super::workers::{Load, Workers};

pub use http2::{Held, READ_AHEAD};

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// The response to one request.
    fn handle(
        &self,
        request: Request<RequestBody>,
        client: Client,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// Whether what limits one client does not hold for this one.
    fn is_exempt(&self, _client: IpAddr) -> bool {
        false
    }

    /// The response to a request that is refused before it is handled; `head`: as far as it can be read.
    fn refused(
        &self,
        _head: Option<&Parts>,
        _client: IpAddr,
        response: Response<Body>,
    ) -> Response<Body> {
        response
    }

    /// Serving begins: what tells how many connections there are.
    fn serves(&self, _seats: Seats) {}

    /// A connection was closed because its client has too many.
    fn turned_away(&self, _client: IpAddr) {}
}

/// How many connections there are, and streams of HTTP/2.
#[derive(Debug)]
pub struct Seats {
    permits: Arc<Semaphore>,
    most: usize,
}

impl Seats {
    /// How many there are, and how many there may be.
    pub fn taken(&self) -> (u64, u64) {
        // One is held for the connection that is waited for.
        let taken = self.most.saturating_sub(self.permits.available_permits()).saturating_sub(1);
        [taken, self.most].map(|count| u64::try_from(count).unwrap_or(u64::MAX)).into()
    }
}

/// Who has sent a request.
#[derive(Debug)]
pub struct Client {
    /// The other end of the connection.
    pub address: SocketAddr,
    /// Takes interim responses, where the client can get them.
    pub interim: Option<Interim>,
    /// Gives the connection, or the stream, once it serves another protocol; there where a request may ask for
    /// one.
    pub switch: Option<Switch>,
}

/// What a connection holds as long as it lasts, tunnel or not.
#[derive(Debug)]
pub(super) struct Permit {
    _connection: OwnedSemaphorePermit,
    _seat: Seat,
    /// On the worker that serves it.
    load: Option<Load>,
}

/// What a server bears.
#[derive(Debug, Clone, Copy)]
pub struct ServeLimits {
    /// Connections at the same time, tunnels and streams of HTTP/2 included; more connections wait to be
    /// accepted, more streams are answered 503.
    pub connections: usize,
    /// Connections of one client, by [`client_of`](super::networks::client_of); further ones are closed.
    /// 0: no limit.
    pub client_connections: usize,
    /// How long a connection may be idle, and how long a request's head may take from its first byte.
    /// A TLS handshake may take as long, but 10 s at most.
    pub header: Duration,
    /// How long a client may refuse to take any more of a response.
    pub write: Duration,
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
            drain: Duration::from_secs(10),
        }
    }
}

/// How long a TLS handshake may take at most.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The first byte of a TLS connection: a record of the handshake (RFC 8446, section 5.1). No HTTP
/// begins so.
const TLS_HANDSHAKE: u8 = 22;

/// Where connections come from.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    tls: Option<Tls>,
    workers: Option<Arc<Workers>>,
}

impl Listener {
    /// A port; with `tls` it speaks TLS to whoever begins with it, and plain HTTP to the others. Each
    /// connection is served by one of the workers from its beginning to its end; without workers, on the
    /// runtime of who serves.
    pub fn new(tcp: TcpListener, tls: Option<Tls>, workers: Option<Arc<Workers>>) -> Self {
        Self { tcp, tls, workers }
    }
}

impl From<TcpListener> for Listener {
    /// A port that speaks plain HTTP only, without workers.
    fn from(tcp: TcpListener) -> Self {
        Self { tcp, tls: None, workers: None }
    }
}

/// What the connections of a listener share.
struct Server<H> {
    handler: Arc<H>,
    tls: Option<Tls>,
    limits: ServeLimits,
    shutdown: CancellationToken,
    /// One for each connection, and for each stream of HTTP/2.
    permits: Arc<Semaphore>,
    /// Connections and streams.
    tasks: TaskTracker,
    /// Ends what did not drain.
    overdue: CancellationToken,
}

/// Serves until `shutdown`, then lets running requests end for `limits.drain`.
pub async fn run<H: Handler>(
    listener: impl Into<Listener>,
    handler: Arc<H>,
    limits: ServeLimits,
    shutdown: CancellationToken,
) {
    let Listener { tcp, tls, workers } = listener.into();
    let permits = Arc::new(Semaphore::new(limits.connections));
    handler.serves(Seats { permits: Arc::clone(&permits), most: limits.connections });
    let (tasks, overdue) = (TaskTracker::new(), CancellationToken::new());
    let server = Arc::new(Server { handler, tls, limits, shutdown, permits, tasks, overdue });
    let quota = Quota::new(limits.client_connections);
    let seat = |client: IpAddr| {
        let seat = quota.take(client, server.handler.is_exempt(client));
        if seat.is_none() {
            server.handler.turned_away(client);
        }
        seat
    };
    while let Some((stream, peer, mut permit)) =
        next(&tcp, &server.permits, &seat, &server.shutdown).await
    {
        let serving = Arc::clone(&server);
        let Some((handle, load)) = workers.as_ref().and_then(|workers| workers.least()) else {
            server.tasks.spawn(async move { serving.connection(stream, peer, permit).await });
            continue;
        };
        // What waits for a socket is the runtime where the socket was made.
        let Ok(stream) = stream.into_std() else { continue };
        permit.load = Some(load);
        let serve = async move {
            match TcpStream::from_std(stream) {
                Ok(stream) => serving.connection(stream, peer, permit).await,
                Err(error) => tracing::error!(%peer, %error, "a connection cannot be served"),
            }
        };
        server.tasks.spawn_on(serve, handle);
    }
    drop(tcp);
    server.tasks.close();
    if tokio::time::timeout(limits.drain, server.tasks.wait()).await.is_err() {
        tracing::warn!(
            connections = server.tasks.len(),
            "connections are closed: they did not drain in time"
        );
        server.overdue.cancel();
        server.tasks.wait().await;
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
                    return Some((
                        stream,
                        peer,
                        Permit { _connection: connection, _seat: seat, load: None },
                    ));
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

/// A response that refuses a request, whoever would have handled it.
fn refusal(status: StatusCode, why: &str) -> Response<Body> {
    let mut response = Response::new(Body::full(format!("{why}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

impl<H: Handler> Server<H> {
    async fn connection(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, permit: Permit) {
        let Some(tls) = &self.tls else {
            return http1::serve(self, stream, peer, permit).await;
        };
        // Boxed: it takes much room, which a connection without TLS does not need.
        let connection = Box::pin(self.tls_or_not(tls, stream, peer, permit));
        self.overdue.run_until_cancelled(connection).await;
    }

    async fn tls_or_not(
        self: &Arc<Self>,
        tls: &Tls,
        stream: TcpStream,
        peer: SocketAddr,
        permit: Permit,
    ) {
        // Nothing is lost when the server stops before the first byte.
        let opening = self.shutdown.run_until_cancelled(self.begins_with_tls(&stream));
        match opening.await.flatten() {
            Some(true) => {}
            Some(false) => return http1::serve(self, stream, peer, permit).await,
            None => return,
        }
        // A handshake goes on when the server stops: to the client it may be over already.
        let limit = self.limits.header.min(HANDSHAKE);
        match tokio::time::timeout(limit, tls.acceptor().accept(stream)).await {
            Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(H2) => {
                http2::serve(self, stream, peer, permit).await;
            }
            Ok(Ok(stream)) => http1::serve(self, stream, peer, permit).await,
            Ok(Err(error)) => tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_elapsed) => tracing::debug!(%peer, ?limit, "TLS handshake took too long"),
        }
    }

    /// Whether the client speaks TLS; `None` if it says nothing in time.
    async fn begins_with_tls(&self, stream: &TcpStream) -> Option<bool> {
        let mut first = [0];
        let peeked = tokio::time::timeout(self.limits.header, stream.peek(&mut first)).await;
        match peeked {
            Ok(Ok(1..)) => Some(first == [TLS_HANDSHAKE]),
            Ok(Ok(0) | Err(_)) | Err(_) => None,
        }
    }
}
