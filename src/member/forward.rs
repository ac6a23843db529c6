//! Sends a request to one next hop and streams the response back.

use std::borrow::Cow;
use std::pin::{Pin, pin};
use std::time::Duration;

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderValue, MAX_FORWARDS, PROXY_AUTHORIZATION, TE,
    UPGRADE, VIA,
};
use hyper::{Response, StatusCode, Version};
use tokio::time::Instant;

use super::hop::HOP;
use super::request::{Asked, NextHop};
use super::snapshot::Sibling;
use super::{Plane, max_forwards, tunnel};
use crate::blame::{Cause, Failure};
use crate::net::body::Body;
use crate::net::client::{Hearer, Outgoing, Reply, SendError, UpstreamBody};
use crate::net::headers::{OneHop, has_token, remove_hop_by_hop};
use crate::net::message::decode::BodyLength;
use crate::net::pool::Lease;
use crate::net::resolve::{connect, look_up};
use crate::net::shared_body::SharedBody;
use crate::net::stall::{Timer, was_away};
use crate::net::target::Target;

/// How long a kept connection may have been idle for a request that cannot be repeated.
const FRESH: Duration = Duration::from_secs(1);

/// One attempt at one next hop.
pub(super) async fn forward(
    plane: &Plane,
    asked: &mut Asked,
    next: NextHop<'_>,
) -> Result<Response<Body>, Failure> {
    let Answered { lease, reply } = exchange(plane, asked, &next).await?;
    if reply.head.status == StatusCode::SWITCHING_PROTOCOLS {
        return match (asked.upgrade(), asked.switch.take()) {
            (Some(_), Some(client)) => tunnel::switch(plane, client, reply, lease),
            _ => Err(Failure::new(Cause::ProtocolError, "next hop switched protocols unasked")),
        };
    }
    let (version, length) = (reply.head.version, reply.length);
    let mut response = receive(plane, asked, lease, reply);
    plane.via.add(response.headers_mut(), version);
    if length == BodyLength::UntilClose {
        response.extensions_mut().insert(Unframed);
    }
    Ok(response)
}

/// Marks a response whose body ends where its connection does: nobody can tell whether it is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unframed;

/// The response as it goes on, without what is for one connection only.
pub(super) fn receive(plane: &Plane, asked: &Asked, lease: Lease, reply: Reply) -> Response<Body> {
    let Reply { mut head, length, keep_alive, .. } = reply;
    remove_hop_by_hop(&mut head.headers);
    if length == BodyLength::Chunked {
        // It has no other length (RFC 9112, section 6.3).
        head.headers.remove(CONTENT_LENGTH);
    }
    head.version = Version::HTTP_11;
    let limit = plane.config.limits.idle;
    let body = UpstreamBody::receive(lease, (length, keep_alive), limit, &asked.body);
    Response::from_parts(head, body)
}

/// The head of a response, and the connection that its body comes by.
pub(super) struct Answered {
    pub(super) lease: Lease,
    pub(super) reply: Reply,
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
        let request = build(plane, asked, next)?;
        let via = plane.via.of(Version::HTTP_11);
        let hearer = asked.interim.as_ref().map(|client| Hearer { client, via });
        let (first_byte, idle) = (next.first_byte(plane), plane.config.limits.idle);
        let mut timer = std::mem::take(lease.timer());
        let sent = {
            let sending = pin!(lease.send(request, hearer, idle));
            in_time(sending, (first_byte, &mut timer), &asked.body).await
        };
        *lease.timer() = timer;
        match sent {
            Ok(mut reply) => {
                if let NextHop::Sibling(sibling, _) = next {
                    plane.health.answered(&sibling.authority);
                }
                if reply.withheld {
                    // Its sender need not wait until somebody takes it.
                    asked.body.withdraw();
                }
                if let Some(uploading) = reply.uploading.take() {
                    lease.upload(uploading);
                }
                return Ok(Answered { lease, reply });
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
    Ok(plane.pool.open(address, stream))
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

/// The request as the next hop gets it.
fn build(plane: &Plane, asked: &Asked, next: &NextHop<'_>) -> Result<Outgoing, Failure> {
    let (method, headers) = (&asked.head.method, &asked.head.headers);
    // RFC 9112, section 3.2.2: what the client said in Host does not count.
    let (target, host) = match (&asked.target, next) {
        (Target::Resource(resource), NextHop::Origin) => {
            (Cow::Borrowed(resource.at_origin()), Cow::Borrowed(resource.authority()))
        }
        (Target::Resource(resource), NextHop::Sibling(..)) => {
            (Cow::Borrowed(resource.at_proxy()), Cow::Borrowed(resource.authority()))
        }
        (target @ (Target::Tunnel { .. } | Target::Own), _) => (target.url(), target.url()),
    };
    let unfit = || Failure::new(Cause::RequestError, "target cannot be passed on");
    let mut request = Outgoing::new(method, &target, &host).ok_or_else(unfit)?;
    let (one_hop, mut said) = (OneHop::of(headers), None);
    for (name, value) in headers {
        if one_hop.has(name) || *name == HOST || *name == PROXY_AUTHORIZATION || *name == HOP {
            continue;
        }
        if *name == CONTENT_LENGTH {
            let length = value.to_str().ok().and_then(|length| length.parse().ok());
            said = Some(length.ok_or_else(unfit)?);
        }
        if *name == MAX_FORWARDS
            && let Some(left) = max_forwards::left(&asked.head)
        {
            request.field(name, &HeaderValue::from(left.saturating_sub(1)));
            continue;
        }
        request.field(name, value);
    }
    if let NextHop::Sibling(_, ready) = next {
        request.field(&HOP, &ready.marker);
    }
    if let Some(via) = plane.via.of(asked.head.version) {
        request.field(&VIA, via);
    }
    if let Some(protocol) = asked.upgrade() {
        request.field(&UPGRADE, &protocol);
        request.field(&CONNECTION, &HeaderValue::from_static("upgrade"));
    } else if has_token(headers, &TE, "trailers") {
        request.field(&TE, &HeaderValue::from_static("trailers"));
        request.field(&CONNECTION, &HeaderValue::from_static("te"));
    }
    Ok(if asked.body.is_empty() {
        request.without_body(said.is_some())
    } else {
        request.with_body(asked.body.offer(), said, expects_continue(asked))
    })
}

/// Whether the client waits for a 100 before it sends its body.
fn expects_continue(asked: &Asked) -> bool {
    has_token(&asked.head.headers, &EXPECT, "100-continue")
}

/// Waits for a response; nobody may be silent for longer than `silence`.
async fn in_time(
    mut sending: Pin<&mut impl Future<Output = Result<Reply, SendError>>>,
    (silence, timer): (Duration, &mut Timer),
    body: &SharedBody,
) -> Result<Reply, Failure> {
    let mut progress = body.progress();
    loop {
        // The limit is on silence: a long upload is none.
        let deadline = Instant::now() + silence;
        match timer.until(deadline, sending.as_mut()).await {
            Some(result) => return result.map_err(|error| failure_of(&error, body)),
            None if was_away(deadline) => {}
            None if body.progress() > progress => progress = body.progress(),
            None => {
                let details = format!("no response within {silence:?}");
                return Err(Failure::new(Cause::ResponseTimeout, details));
            }
        }
    }
}

fn failure_of(error: &SendError, body: &SharedBody) -> Failure {
    if body.has_failed() {
        return Failure::new(Cause::RequestError, "request body was cut off or malformed");
    }
    let cause = match error {
        SendError::Malformed(_) => Cause::ProtocolError,
        SendError::Unsent | SendError::Ended(_) | SendError::Body(_) => Cause::ConnectionTerminated,
    };
    let unsent = matches!(error, SendError::Unsent);
    Failure { unsent, ..Failure::new(cause, error.to_string()) }
}
