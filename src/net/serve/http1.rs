//! One connection that speaks HTTP/1.1.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Version;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

use super::{Client, Handler, MAX_HEAD, Permit, Server};
use crate::net::doze::Doze;
use crate::net::guarded::Guarded;

/// A connection that has been idle for so long gives its buffers back, which are 16 KiB. So often is it
/// looked at while it is in use.
const LOOK: Duration = Duration::from_millis(100);

/// So often, at least, a connection is looked at that keeps its buffers.
const RARE_LOOK: Duration = Duration::from_secs(5);

/// A client's connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Whether [`poll_first`](Self::poll_first) can wait.
    const WAITS: bool;

    /// Waits until there is something to read, or the connection has ended.
    fn poll_first(&self, cx: &mut Context<'_>) -> Poll<()>;
}

impl Stream for TcpStream {
    const WAITS: bool = true;

    fn poll_first(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Readiness alone may be told before there is something.
        let mut first = [0];
        self.poll_peek(cx, &mut ReadBuf::new(&mut first)).map(drop)
    }
}

/// TLS has buffers of its own, and cannot tell without them.
impl Stream for TlsStream<TcpStream> {
    const WAITS: bool = false;

    fn poll_first(&self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

/// Serves until the client or the server has enough.
pub(super) async fn serve<H: Handler, S: Stream>(
    server: &Server<H>,
    stream: S,
    peer: SocketAddr,
    permit: Permit,
) {
    let limits = server.limits;
    let mut stream = Guarded::new(stream, limits.write, limits.tunnel, permit);
    let mut left = limits.header;
    // While a client says nothing, nothing is held for it.
    while wait(server, &stream, left).await {
        let Some(parked) = Box::pin(speak(server, stream, peer)).await else { return };
        stream = parked;
        left = limits.header.saturating_sub(LOOK);
    }
}

/// Waits for a request to begin; false if there is none in time, or the server stops.
async fn wait<H: Handler, S: Stream>(
    server: &Server<H>,
    stream: &Guarded<S>,
    limit: Duration,
) -> bool {
    let first = std::future::poll_fn(|cx| stream.stream().poll_first(cx));
    tokio::select! {
        biased;
        () = first => true,
        () = server.shutdown.cancelled() => false,
        () = tokio::time::sleep(limit) => false,
    }
}

/// What happens to a connection that its peer does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// The server stops.
    Shutdown,
    /// It is time for a look.
    Look,
}

async fn event<H: Handler>(server: &Server<H>, look: Duration) -> Event {
    tokio::select! {
        () = server.shutdown.cancelled() => Event::Shutdown,
        () = tokio::time::sleep(look) => Event::Look,
    }
}

/// Answers requests until the connection has ended, or is idle: then it is returned.
async fn speak<H: Handler, S: Stream>(
    server: &Server<H>,
    stream: Guarded<S>,
    peer: SocketAddr,
) -> Option<Guarded<S>> {
    let (pulse, aside) = (Arc::clone(stream.pulse()), Arc::clone(stream.aside()));
    let (handler, aside) = (&*server.handler, &aside);
    let service = service_fn(|request| {
        let open = pulse.open();
        async move {
            let is_heard = request.version() == Version::HTTP_11;
            let interim = if is_heard { Some(aside.open().await) } else { None };
            let response = handler.handle(request, Client { address: peer, interim }).await;
            aside.close().await;
            Ok::<_, Infallible>(response.map(|body| body.keeping(open)))
        }
    });
    let mut serving = http1::Builder::new()
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // What has nothing to give back is looked at for the sake of the limit alone.
    let seldom = (server.limits.header / 8).clamp(LOOK, RARE_LOOK);
    let every = if S::WAITS { LOOK } else { seldom };
    let mut next = Doze::new(event(server, every));
    let mut beats = pulse.beats();
    // hyper's own limit on a head would be a timer for each request.
    let mut awaited: Option<(u64, Instant)> = None;
    let ended = loop {
        let happened = tokio::select! {
            biased;
            ended = &mut serving => break ended,
            event = &mut next => event,
        };
        if happened == Event::Shutdown {
            std::pin::Pin::new(&mut serving).graceful_shutdown();
            match server.overdue.run_until_cancelled(&mut serving).await {
                Some(ended) => break ended,
                None => return None,
            }
        }
        next = Doze::new(event(server, every));
        let seen = pulse.beats();
        if S::WAITS && seen == beats && pulse.is_idle() {
            let parts = serving.into_parts()?;
            // Nothing has come of another request.
            return parts.read_buf.is_empty().then(|| parts.io.into_inner());
        }
        beats = seen;
        let now = Instant::now();
        awaited = pulse.awaits_head().map(|requests| match awaited {
            Some((before, since)) if before == requests => (requests, since),
            _ => (requests, now),
        });
        if awaited.is_some_and(|(_, since)| now - since >= server.limits.header) {
            tracing::debug!(%peer, "client connection closed: no request in time");
            return None;
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "client connection ended");
    }
    None
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use hyper::body::Incoming;
    use hyper::header::{CONNECTION, HeaderValue};
    use hyper::{Request, Response};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::sync::Semaphore;
    use tokio_util::sync::CancellationToken;

    use super::super::{ServeLimits, run};
    use super::*;
    use crate::net::body::{Body, collect};
    use crate::net::quota::Quota;

    /// Answers after a time, and tells whether the body was whole.
    struct After(Duration);

    impl Handler for After {
        async fn handle(&self, request: Request<Incoming>, _client: Client) -> Response<Body> {
            let whole = collect(request.into_body(), 100).await.is_ok();
            if !self.0.is_zero() {
                tokio::time::sleep(self.0).await;
            }
            let mut response = Response::new(Body::full(if whole { "whole" } else { "broken" }));
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }

    /// All that a client gets that sends no more than this.
    async fn answer(after: Duration, request: &str, half_closes: bool) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ask = async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            if half_closes {
                stream.shutdown().await.unwrap();
            }
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let (limits, shutdown) = (ServeLimits::default(), CancellationToken::new());
        tokio::select! {
            () = run(listener, Arc::new(After(after)), limits, shutdown) => String::new(),
            answer = tokio::time::timeout(Duration::from_secs(5), ask) => answer.unwrap_or_default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_comes_just_when_the_connection_is_looked_at_is_sent() {
        let answer = answer(LOOK * 3, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", false).await;
        assert!(answer.ends_with("whole"), "{answer:?}");
    }

    #[tokio::test]
    async fn the_end_of_what_a_client_says_is_told_after_a_write_that_waits_for_its_turn() {
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        let (mut client, stream) = tokio::io::duplex(1024);
        let connection = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let seat = Quota::new(0).take([127, 0, 0, 1].into(), true).unwrap();
        let permit = Permit { _connection: connection, _seat: seat, load: None };
        let mut guarded = Guarded::new(stream, LOOK, LOOK, permit);
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        client.shutdown().await.unwrap();
        let mut bytes = [0; 100];
        assert!(guarded.read(&mut bytes).await.unwrap() > 0);
        let mut guarded = Pin::new(&mut guarded);
        let mut rest = ReadBuf::new(&mut bytes);
        assert!(guarded.as_mut().poll_read(cx, &mut rest).is_pending());
        assert!(guarded.as_mut().poll_write(cx, b"x").is_pending());
        assert!(guarded.as_mut().poll_read(cx, &mut rest).is_pending());
        assert!(guarded.as_mut().poll_write(cx, b"x").is_ready());
        assert!(guarded.as_mut().poll_read(cx, &mut rest).is_ready());
        assert!(rest.filled().is_empty());
    }

    #[tokio::test]
    async fn what_is_cut_off_after_an_upgrade_was_asked_for_is_answered() {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n";
        let request = format!("{head}Content-Length: 10\r\n\r\nabc");
        let answer = answer(Duration::ZERO, &request, true).await;
        assert!(answer.ends_with("broken"), "{answer:?}");
    }
}
