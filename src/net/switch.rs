//! A client's connection on its way to another protocol: a tunnel, or what an upgrade has agreed on.

use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::tunnel::End;

/// A client's connection that is not HTTP any more.
pub type ClientStream = Box<dyn End>;

/// Resolves to the client's connection once the response has been sent that switches it.
#[derive(Debug)]
pub struct Switch(Source);

#[derive(Debug)]
enum Source {
    Http1(oneshot::Receiver<ClientStream>),
    Http2(OnUpgrade),
}

/// The client has gone, or the response was another one.
#[derive(Debug, thiserror::Error)]
#[error("connection was not switched")]
pub struct NotSwitched;

impl Switch {
    /// A connection of HTTP/1.1, and who hands it over.
    pub(super) fn http1() -> (oneshot::Sender<ClientStream>, Self) {
        let (hand_over, stream) = oneshot::channel();
        (hand_over, Self(Source::Http1(stream)))
    }

    /// A stream of HTTP/2.
    pub(super) fn http2(upgrade: OnUpgrade) -> Self {
        Self(Source::Http2(upgrade))
    }

    /// Waits for the connection.
    ///
    /// # Errors
    /// It never comes.
    pub async fn stream(self) -> Result<ClientStream, NotSwitched> {
        match self.0 {
            Source::Http1(stream) => stream.await.map_err(|_dropped| NotSwitched),
            Source::Http2(upgrade) => {
                let upgraded = upgrade.await.map_err(|_gone| NotSwitched)?;
                Ok(Box::new(TokioIo::new(upgraded)))
            }
        }
    }
}

impl End for TokioIo<Upgraded> {
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}
