//! One connection that speaks HTTP/1.1: one task, which reads a request, has it handled, and writes the
//! response.
//!
//! RFC 9112. It is written here, as the [client](crate::net::client) is, because both ends of a proxy are its
//! work: hyper's server takes twice the instructions, sends no interim responses, and forgives framing that
//! others read otherwise.

mod connection;
mod out;
mod reply;
mod session;
#[cfg(test)]
mod tests;
mod upload;
mod watch;

use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::server::TlsStream;

use self::session::Session;
use super::{Handler, Permit, Server};
use crate::net::tunnel::End;

/// A connection that has been idle for so long gives its buffers back. So often is it looked at while it is
/// in use.
const LOOK: Duration = Duration::from_millis(100);

/// So often, at least, a connection is looked at that keeps its buffers.
const RARE_LOOK: Duration = Duration::from_secs(5);

/// A client's connection.
pub(super) trait Stream: End + 'static {
    /// Whether [`poll_first`](Self::poll_first) can wait.
    const WAITS: bool;

    /// Waits until there is something to read, or the connection has ended.
    fn poll_first(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// Whether nothing has come since a read would have had to wait, so that its task is still to be woken.
    /// Costs no lock; false where that cannot be told.
    fn is_quiet(&self) -> bool;

    /// Makes its end look like a failure, when it is dropped.
    fn abort(&self);
}

impl Stream for TcpStream {
    const WAITS: bool = true;

    fn poll_first(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Readiness alone may be told before there is something.
        let mut first = [0];
        self.poll_peek(cx, &mut ReadBuf::new(&mut first)).map(drop)
    }

    fn is_quiet(&self) -> bool {
        self.try_io(Interest::READABLE, || Ok(())).is_err()
    }

    fn abort(&self) {
        self.set_zero_linger().ok(); // then it looks like any other end
    }
}

/// TLS has buffers of its own, and cannot tell without them.
impl Stream for TlsStream<TcpStream> {
    const WAITS: bool = false;

    fn poll_first(&self, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn is_quiet(&self) -> bool {
        false
    }

    /// Nothing is to be done: it says no goodbye.
    fn abort(&self) {}
}

impl End for TlsStream<TcpStream> {
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

/// Serves until the client or the server has enough.
pub(super) async fn serve<H: Handler, S: Stream>(
    server: &Server<H>,
    mut stream: S,
    peer: SocketAddr,
    mut permit: Permit,
) {
    let mut deadline = Instant::now() + server.limits.header;
    // While a client says nothing, nothing is held for it.
    while wait(server, &stream, deadline).await {
        let session = Session::new(server, stream, peer, permit);
        let Some(idle) = Box::pin(session.run()).await else { return };
        (stream, permit) = (idle.stream, idle.permit);
        // Empty lines are no requests.
        if idle.has_served {
            deadline = Instant::now() + server.limits.header.saturating_sub(LOOK);
        }
    }
}

/// Waits for a request to begin; false if there is none in time, or the server stops.
async fn wait<H: Handler, S: Stream>(server: &Server<H>, stream: &S, deadline: Instant) -> bool {
    let first = std::future::poll_fn(|cx| stream.poll_first(cx));
    tokio::select! {
        biased;
        () = first => true,
        () = server.shutdown.cancelled() => false,
        () = sleep_until(deadline) => false,
    }
}
