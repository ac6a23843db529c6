//! One request to one server, its answer whole: for tables and other small things.

use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body as _;
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::http::uri::PathAndQuery;
use hyper::{HeaderMap, Request, StatusCode, Uri};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::body::{Body, collect};
use super::client::{Connection, LoneBody, Outgoing};
use super::resolve::{connect, look_up};

/// A whole answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// How long and how much.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// For the connection.
    pub connect: Duration,
    /// From the request to the end of the answer.
    pub answer: Duration,
    /// Bytes of the body at most.
    pub body: usize,
}

/// Why there is no answer; its text names the server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// No `http://host[:port]/path`.
    #[error("URL must be http://host[:port]/path, found {0:?}")]
    Url(String),
    /// No connection, or it ended.
    #[error("{server} cannot be reached: {why}")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What happened.
        why: String,
    },
    /// The answer is too long, cut off or late.
    #[error("{server} gave no whole answer: {why}")]
    Broken {
        /// Host and port.
        server: String,
        /// What happened.
        why: String,
    },
}

/// Sends a request whose URI is absolute and collects the answer.
///
/// # Errors
/// Anything but a whole answer; its status is not looked at.
pub async fn fetch(request: Request<Body>, limits: FetchLimits) -> Result<Answer, FetchError> {
    let uri = request.uri().clone();
    let bad_url = || FetchError::Url(uri.to_string());
    let authority =
        uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(bad_url)?;
    let server = authority.to_string();
    let unreachable = |why: String| FetchError::Unreachable { server: server.clone(), why };
    let broken = |why: String| FetchError::Broken { server: server.clone(), why };
    let addresses = look_up(authority.host(), authority.port_u16().unwrap_or(80)).await;
    let stream = match addresses {
        Ok(addresses) => connect(&addresses, limits.connect).await,
        Err(failure) => Err(failure),
    };
    let stream = stream.map_err(|failure| unreachable(failure.details))?;
    let request = outgoing(request, &uri).ok_or_else(bad_url)?;
    let exchange = async {
        let mut connection = Connection::new(stream);
        let sent = connection.send(request, None, limits.answer).await;
        let mut reply = sent.map_err(|error| broken(error.to_string()))?;
        if let Some(uploading) = reply.uploading.take() {
            connection.upload(uploading, &TaskTracker::new());
        }
        let body = LoneBody::new(connection, reply.length);
        let body = collect(body, limits.body).await.map_err(|error| broken(error.to_string()))?;
        Ok(Answer { status: reply.head.status, headers: reply.head.headers, body })
    };
    let late = |_elapsed| Err(broken(format!("no answer within {:?}", limits.answer)));
    timeout(limits.answer, exchange).await.unwrap_or_else(late)
}

/// The request as an origin gets it.
fn outgoing(request: Request<Body>, uri: &Uri) -> Option<Outgoing> {
    let host = uri.authority()?.as_str().rsplit('@').next()?;
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut outgoing = Outgoing::new(request.method(), &format!("{slash}{path}"), host)?;
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != HOST) {
        outgoing.field(name, value);
    }
    let body = request.into_body();
    Some(match body.size_hint().exact() {
        Some(0) => outgoing.without_body(false),
        Some(length) => {
            outgoing.field(&CONTENT_LENGTH, &length.into());
            outgoing.with_body(body, Some(length), false)
        }
        None => outgoing.with_body(body, None, false),
    })
}
