//! One connection that speaks HTTP/1.1.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use super::Permit;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Handler, MAX_HEAD, Server};
use crate::net::guarded::Guarded;

/// Serves until the client or the server has enough.
pub(super) async fn serve<H: Handler, S>(
    server: &Server<H>,
    stream: S,
    peer: SocketAddr,
    permit: Permit,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = server.limits;
    let stream = Guarded::new(stream, limits.write, limits.tunnel, permit);
    let service = service_fn(|request| {
        let handler = Arc::clone(&server.handler);
        async move { Ok::<_, Infallible>(handler.handle(request, peer).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = server.shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            match server.overdue.run_until_cancelled(serving).await {
                Some(ended) => ended,
                None => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "client connection ended");
    }
}
