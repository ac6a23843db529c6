//! Sends a request to one next hop and streams the response back.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Plane;
use super::hop::HOP;
use super::request::{Asked, NextHop};
use super::snapshot::Sibling;
use super::tunnel;
use crate::blame::{Cause, Failure};
use crate::net::body::{Body, Gate, Passage, SharedBody, UpstreamBody};
use crate::net::headers::{forward_request, has_token, remove_hop_by_hop};
use crate::net::pool::Lease;
use crate::net::resolve::{connect, look_up};
use crate::net::target::Target;

/// How long a body waits for the next hop's 100 before it is sent all the same: not every server
/// sends one.
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// How long a kept connection may have been idle for a request that cannot be repeated.
const FRESH: Duration = Duration::from_secs(1);

/// One attempt at one next hop.
pub(super) async fn forward(
    plane: &Plane,
    asked: &mut Asked,
    next: NextHop<'_>,
) -> Result<Response<Body>, Failure> {
    let Answered { lease, response, unwanted } = exchange(plane, asked, &next).await?;
    let upgrade = asked.upgrade();
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return match (upgrade, asked.switched.take()) {
            (Some(_), Some(client)) => Ok(tunnel::switch(plane, client, response)),
            _ => Err(Failure::new(Cause::ProtocolError, "next hop switched protocols unasked")),
        };
    }
    let (mut head, incoming) = response.into_parts();
    let version = head.version;
    let unframed = !is_framed(&head, &incoming);
    check_framing(&mut head.headers)?;
    remove_hop_by_hop(&mut head.headers);
    plane.via.add(&mut head.headers, version);
    head.version = Version::HTTP_11;
    head.extensions.clear();
    if unframed {
        head.extensions.insert(Unframed);
    }
    let body =
        UpstreamBody::new(incoming, plane.config.limits.idle, lease, unwanted, asked.body.clone());
    Ok(Response::from_parts(head, Body::upstream(body)))
}

/// Marks a response whose body ends where its connection does: nobody can tell whether it is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unframed;

fn is_framed(head: &hyper::http::response::Parts, body: &Incoming) -> bool {
    use hyper::body::Body as _;
    body.size_hint().exact().is_some() || head.headers.contains_key(TRANSFER_ENCODING)
}

/// A response in chunks has no other length, and no coding beside them that we would lose
/// (RFC 9112, section 6.3).
fn check_framing(headers: &mut HeaderMap) -> Result<(), Failure> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).into_iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {
            headers.remove(CONTENT_LENGTH);
            Ok(())
        }
        _ => Err(Failure::new(Cause::ProtocolError, "response has an unknown transfer coding")),
    }
}

/// The head of a response, and what its connection is good for.
pub(super) struct Answered {
    pub(super) lease: Lease,
    pub(super) response: Response<Incoming>,
    /// There if the request's body was held back and is not wanted any more.
    pub(super) unwanted: Option<DropGuard>,
}

/// Sends the request and waits for the head of its response.
pub(super) async fn exchange(
    plane: &Plane,
    asked: &Asked,
    next: &NextHop<'_>,
) -> Result<Answered, Failure> {
    // Siblings and origins are kept apart: an origin is checked when its connection is opened.
    let pooled = match next {
        NextHop::Sibling(sibling, _) => Cow::Borrowed(sibling.pooled.as_str()),
        NextHop::Origin => {
            let (host, port) = origin_of(asked)?;
            Cow::Owned(pooled(host, port))
        }
    };
    let repeatable = asked.is_repeatable();
    let mut kept = plane.pool.checkout(&pooled, (!repeatable).then_some(FRESH));
    loop {
        let mut lease = match kept.take() {
            Some(lease) => lease,
            None => open(plane, asked, next, &pooled).await?,
        };
        let reused = lease.is_reused();
        let (mut request, held_back) = (build(plane, asked, next)?, expects_continue(asked));
        let held_back = held_back.then(|| hold_back(&mut request, &asked.body));
        let result = send(next.first_byte(plane), &mut lease, request, &asked.body).await;
        match result {
            Ok(response) => {
                if let NextHop::Sibling(sibling, _) = next {
                    plane.health.answered(&sibling.authority);
                }
                let unwanted = held_back.filter(|_| !asked.body.is_taken()).map(|held_back| {
                    asked.body.withdraw();
                    held_back.drop_guard()
                });
                return Ok(Answered { lease, response, unwanted });
            }
            // The other end may have closed a kept connection just as it was used: no fault of
            // anybody's. A fresh one follows.
            Err(failure)
                if reused
                    && failure.cause == Cause::ConnectionTerminated
                    && asked.may_repeat(&failure) => {}
            Err(failure) => {
                // Who drops fresh connections is down, and so is who does not even say that the origin is
                // slow: a sibling's own limit ends before this one.
                if let NextHop::Sibling(sibling, _) = next
                    && matches!(failure.cause, Cause::ConnectionTerminated | Cause::ResponseTimeout)
                {
                    plane.health.failed(&sibling.authority, Instant::now());
                    plane.pool.forget(&pooled);
                }
                return Err(failure);
            }
        }
    }
}

async fn open(
    plane: &Plane,
    asked: &Asked,
    next: &NextHop<'_>,
    address: &str,
) -> Result<Lease, Failure> {
    let stream = match next {
        NextHop::Sibling(Sibling { authority, .. }, _) => {
            let connected = connect_sibling(authority, plane.config.limits.connect).await;
            connected.inspect_err(|_| plane.health.failed(authority, Instant::now()))
        }
        NextHop::Origin => connect_origin(plane, asked).await,
    }?;
    let opened = plane.pool.open(address, stream).await;
    opened.map_err(|error| Failure::unsent(Cause::ConnectionTerminated, error.to_string()))
}

async fn connect_sibling(
    authority: &str,
    limit: Duration,
) -> Result<tokio::net::TcpStream, Failure> {
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    let port = port.parse().unwrap_or(0);
    connect(&look_up(host, port).await?, limit).await
}

/// Host and port of the origin of a request.
fn origin_of(asked: &Asked) -> Result<(&str, u16), Failure> {
    match &asked.target {
        Target::Resource(resource) => Ok((resource.host(), resource.port())),
        Target::Tunnel { host, port } => Ok((host, *port)),
        Target::Own => Err(Failure::new(Cause::InternalError, "own page has no origin")),
    }
}

/// What finds connections to an origin in the pool.
fn pooled(host: &str, port: u16) -> String {
    const KIND: &str = "origin ";
    let mut key = String::with_capacity(KIND.len() + host.len() + ":65535".len());
    key.push_str(KIND);
    key.push_str(host);
    key.make_ascii_lowercase();
    key.push(':');
    key.push_str(itoa::Buffer::new().format(port));
    key
}

/// A connection to the origin of a request, if its address may be reached.
pub(super) async fn connect_origin(
    plane: &Plane,
    asked: &Asked,
) -> Result<tokio::net::TcpStream, Failure> {
    let (host, port) = origin_of(asked)?;
    let addresses = plane.config.resolver.resolve(host, port).await?;
    connect(&addresses, plane.config.limits.connect).await
}

/// Whether the client waits for a 100 before it sends its body.
fn expects_continue(asked: &Asked) -> bool {
    has_token(&asked.head.headers, &EXPECT, "100-continue") && !asked.body.is_empty()
}

/// Holds the request's body back until the next hop says 100, or has said nothing for a while.
/// Cancelling the token ends the wait without the body.
fn hold_back(request: &mut Request<Body>, body: &SharedBody) -> CancellationToken {
    let (open, opened) = oneshot::channel();
    let unwanted = CancellationToken::new();
    let closed = unwanted.clone();
    let gate: Gate = Box::pin(async move {
        match tokio::time::timeout(CONTINUE_WAIT, opened).await {
            Ok(Ok(())) | Err(_) => Passage::Open,
            // Answered without a 100.
            Ok(Err(_dropped)) => {
                closed.cancelled().await;
                Passage::Closed
            }
        }
    });
    *request.body_mut() = body.offer(Some(gate));
    let open = Mutex::new(Some(open));
    hyper::ext::on_informational(request, move |response| {
        if response.status() == StatusCode::CONTINUE
            && let Some(open) = open.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            open.send(()).ok(); // the wait is over already
        }
    });
    unwanted
}

/// The request as the next hop gets it.
fn build(plane: &Plane, asked: &Asked, next: &NextHop<'_>) -> Result<Request<Body>, Failure> {
    let uri = uri_for(asked, next)?;
    let mut headers = asked.head.headers.clone();
    let upgrade = asked.upgrade();
    forward_request(&mut headers);
    headers.remove(HOP);
    if let NextHop::Sibling(_, ready) = next {
        headers.insert(HOP, ready.marker.clone());
    }
    // RFC 9112, section 3.2.2: what the client said in Host does not count.
    let host = match &asked.target {
        Target::Resource(resource) => Cow::Borrowed(resource.authority()),
        Target::Tunnel { .. } | Target::Own => asked.target.url(),
    };
    if headers.get(HOST).is_none_or(|said| said.as_bytes() != host.as_bytes()) {
        headers.insert(HOST, HeaderValue::from_str(&host).map_err(|_invalid| unfit())?);
    }
    plane.via.add(&mut headers, asked.head.version);
    if let Some(protocol) = upgrade {
        headers.insert(UPGRADE, protocol);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    let framed = headers.contains_key(CONTENT_LENGTH) || asked.body.is_empty();
    if !framed && asked.head.method != Method::CONNECT {
        // hyper would send no body with a GET that does not say how it is framed.
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let mut request = Request::new(asked.body.offer(None));
    *request.method_mut() = asked.head.method.clone();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(request)
}

/// The target as the next hop gets it.
fn uri_for(asked: &Asked, next: &NextHop<'_>) -> Result<Uri, Failure> {
    let came = &asked.head.uri;
    let parsed = match (&asked.target, next) {
        (Target::Resource(resource), next) if resource.is_as_it_came() => {
            let path = came.path_and_query().filter(|_| matches!(next, NextHop::Origin));
            return Ok(path.map_or_else(|| came.clone(), |path| Uri::from(path.clone())));
        }
        (Target::Resource(resource), NextHop::Origin) => resource.path().parse(),
        (target, _) => target.url().parse(),
    };
    parsed.map_err(|_invalid| unfit())
}

fn unfit() -> Failure {
    Failure::new(Cause::RequestError, "target cannot be passed on")
}

async fn send(
    limit: Duration,
    lease: &mut Lease,
    request: Request<Body>,
    body: &SharedBody,
) -> Result<Response<Incoming>, Failure> {
    let sending = lease.send(request);
    tokio::pin!(sending);
    let mut progress = body.progress();
    loop {
        // The limit is on silence: a long upload is none.
        match tokio::time::timeout(limit, &mut sending).await {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) => {
                let unsent = error.message().is_some();
                return Err(failure_of(error.error(), unsent, body));
            }
            Err(_elapsed) if body.progress() > progress => progress = body.progress(),
            Err(_elapsed) => {
                return Err(Failure::new(
                    Cause::ResponseTimeout,
                    format!("no response within {limit:?}"),
                ));
            }
        }
    }
}

fn failure_of(error: &hyper::Error, unsent: bool, body: &SharedBody) -> Failure {
    if body.has_failed() {
        return Failure::new(Cause::RequestError, "request body was cut off or malformed");
    }
    let cause = if error.is_parse() { Cause::ProtocolError } else { Cause::ConnectionTerminated };
    Failure { unsent, ..Failure::new(cause, error.to_string()) }
}
