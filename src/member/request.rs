//! The life of a request, phase by phase.
//!
//! ```text
//! read -> target -> admit -> own page?            -> answer
//!                         -> key -> course: owner, next in rank, …, origin
//!                                    tunnel       -> tunnel
//!                                    everything   -> forward
//! ```

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use pat::HashKey;
use tokio::time::Instant;

use super::cached::{self, Looked, Lookup};
use super::course::{Course, Decision};
use super::hop::{self, Origin};
use super::record::{self, Traffic};
use super::snapshot::{Ready, Sibling, Snapshot};
use super::{Plane, admit, fetch, forward, max_forwards, own, respond, tunnel};
use crate::access_log::{CacheResult, Entry, Started};
use crate::blame::{Blame, Cause, Failure};
use crate::cache::moment::Moment;
use crate::net::body::Body;
use crate::net::headers::{upgrade_of, via_has};
use crate::net::interim::Interim;
use crate::net::request_body::RequestBody;
use crate::net::serve::{Client, Handler, Seats};
use crate::net::shared_body::SharedBody;
use crate::net::switch::Switch;
use crate::net::target::{Target, WholeServer, target};
use crate::route::RouteKey;

/// One request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) head: Parts,
    pub(super) body: SharedBody,
    /// A page of this member until it is read.
    pub(super) target: Target,
    pub(super) arrived: Arrived,
    /// Resolves to the client's connection once it is switched to another protocol.
    pub(super) switch: Option<Switch>,
    /// Takes interim responses to the client.
    pub(super) interim: Option<Interim>,
}

/// When a request arrived, by both clocks: to look at one takes as long as a fiftieth of a hit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived {
    /// By a clock that is never set.
    pub(super) at: Instant,
    /// By the system's clock.
    pub(super) on: Moment,
}

impl Arrived {
    fn now() -> Self {
        Self { at: Instant::now(), on: Moment::now() }
    }

    fn started(self) -> Started {
        Started { at: self.at, on: self.on.into() }
    }
}

/// The next hop of one attempt.
#[derive(Debug)]
pub(super) enum NextHop<'a> {
    /// A member, and the table by which it was chosen.
    Sibling(&'a Sibling, &'a Ready),
    /// The origin.
    Origin,
}

/// A member as its listener sees it.
#[derive(Debug)]
pub(super) struct Front(pub(super) Arc<Plane>);

impl Handler for Front {
    async fn handle(&self, request: Request<RequestBody>, client: Client) -> Response<Body> {
        let Client { address: peer, interim, switch } = client;
        let (head, incoming) = request.into_parts();
        let (plane, arrived) = (&self.0, Arrived::now());
        let log = plane.access_log.as_ref();
        let mut entry = log.map(|log| log.begin(&head, peer.ip(), arrived.started()));
        let body = SharedBody::new(incoming, plane.config.limits.idle);
        let request = Box::new(Asked { head, body, target: Target::Own, arrived, switch, interim });
        let snapshot = plane.current.load();
        let response = match plane.serve(request, &snapshot, peer, &mut entry).await {
            Ok(response) => response,
            Err(failure) => {
                plane.stats.failures.add(failure.cause);
                tracing::debug!(%peer, %failure, "request failed");
                respond::respond(&failure, &plane.config)
            }
        };
        plane.stats.responded(response.status(), arrived.at.elapsed());
        match entry {
            Some(entry) => record::answered(entry, response),
            None => response,
        }
    }

    fn is_exempt(&self, client: IpAddr) -> bool {
        self.0.current.load().is_member_address(client)
    }

    fn refused(
        &self,
        head: Option<&Parts>,
        client: IpAddr,
        mut response: Response<Body>,
    ) -> Response<Body> {
        let (plane, started) = (&self.0, Arrived::now().started());
        plane.stats.unreadable.add();
        let Some(log) = &plane.access_log else { return response };
        let entry = match head {
            Some(head) => log.begin(head, client, started),
            None => log.begin_unreadable(client, started),
        };
        let failure = Failure::new(Cause::RequestError, "the request cannot be read");
        response.extensions_mut().insert(record::outcome_of(&failure));
        record::answered(entry, response)
    }

    fn serves(&self, seats: Seats) {
        self.0.stats.seats.set(seats).ok(); // it was empty
    }

    fn turned_away(&self, client: IpAddr) {
        self.0.stats.turned_away.add();
        tracing::debug!(%client, "connection closed: its client has too many");
    }
}

/// Marks a response after which the connection is a tunnel.
#[derive(Debug, Clone)]
pub(super) struct Switched(pub(super) Arc<Traffic>);

impl Plane {
    async fn serve(
        self: &Arc<Self>,
        mut request: Box<Asked>,
        snapshot: &Arc<Snapshot>,
        peer: SocketAddr,
        entry: &mut Option<Box<Entry>>,
    ) -> Result<Response<Body>, Failure> {
        let head = &request.head;
        let mut found = target(&head.method, &head.uri, &head.headers, head.version)?;
        if head.extensions.get::<WholeServer>().is_some() {
            found.widen();
        }
        request.target = found;
        let Asked { head, body, target, .. } = &*request;
        let is_member = snapshot.is_member_address(peer.ip());
        if *target != Target::Own {
            // Own pages are for monitors and members too, which are not known before there is a table.
            admit::pace(self, peer.ip(), is_member, request.arrived.at)?;
        }
        admit::admit(&self.config.access, peer.ip(), is_member, &head.method, target)?;
        if *target == Target::Own {
            return Ok(Box::pin(own::answer(self, head, body, peer)).await);
        }
        self.stats.requests.add();
        if self.auth.is_some() {
            let user =
                Box::pin(admit::authenticate(self, &head.headers, peer.ip(), is_member)).await?;
            if let (Some(entry), Some(user)) = (&mut *entry, user) {
                entry.set_user(user);
            }
        }
        let me = &self.config.name;
        if via_has(&head.headers, me.as_str()) {
            return Err(Failure::new(Cause::LoopDetected, "the request has been here before"));
        }
        let origin = hop::origin(&head.headers, is_member, snapshot, me);
        if origin != Origin::Client {
            self.stats.from_siblings.add();
        }
        if origin == Origin::ForeignSibling {
            self.stats.foreign_table.add();
        }
        if max_forwards::left(head) == Some(0) {
            return Ok(max_forwards::answer(head));
        }
        let looked = cached::look_up(self, &request, request.arrived.on);
        if let Looked::Answer(response, cache) = looked {
            self.stats.hits.add();
            if let Some(entry) = entry {
                entry.set_answered_here(cache);
            }
            return Ok(response);
        }
        self.go_on(request, looked, origin, snapshot).await
    }

    /// What memory could not answer alone.
    async fn go_on(
        self: &Arc<Self>,
        request: Box<Asked>,
        mut looked: Looked,
        origin: Origin,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Response<Body>, Failure> {
        if let Looked::Miss(lookup) = looked {
            looked = if lookup.unread {
                Box::pin(cached::look_on_disk(lookup, &request, Moment::now())).await
            } else {
                Looked::Miss(lookup)
            };
        }
        let lookup = match looked {
            Looked::Answer(mut response, cache) => {
                self.stats.hits.add();
                cached::note(&mut response, cache);
                return Ok(response);
            }
            Looked::AnswerAndRefresh(mut response, lookup) => {
                cached::note(&mut response, CacheResult::StaleHit);
                self.stats.hits.add();
                self.stats.stale_hits.add();
                self.refresh(request, lookup, snapshot, origin);
                return Ok(response);
            }
            Looked::Miss(lookup) => {
                self.stats.misses.add();
                Some(lookup)
            }
            Looked::Aside => None,
        };
        let course = Course::new(snapshot, origin, self.config.limits.tries);
        self.pursue(request, course, snapshot, lookup).await
    }

    /// Validates a stale response in the background, if it is this member's to do.
    fn refresh(
        self: &Arc<Self>,
        request: Box<Asked>,
        lookup: Box<Lookup>,
        snapshot: &Arc<Snapshot>,
        origin: Origin,
    ) {
        let url = request.target.url();
        let key = RouteKey::of(&url, snapshot.hash_key());
        let first = Course::new(snapshot, origin, 1).next(&key, |_, _| false);
        if let Decision::Here(_) = first {
            self.tasks.spawn(fetch::refresh(Arc::clone(self), request, lookup));
        }
    }

    /// Asks one after another until somebody answers.
    async fn pursue(
        self: &Arc<Self>,
        mut request: Box<Asked>,
        mut course: Course<'_>,
        snapshot: &Snapshot,
        lookup: Option<Box<Lookup>>,
    ) -> Result<Response<Body>, Failure> {
        let kind = snapshot.hash_key();
        // The cache has made the key of the whole URL, the usual one, already.
        let known = lookup.as_ref().filter(|_| kind == HashKey::Url).map(|lookup| &lookup.url);
        let url = known.map_or_else(|| request.target.url().into_owned(), |_key| String::new());
        let key = known.map_or_else(|| RouteKey::of(&url, kind), RouteKey::borrowed);
        loop {
            let is_down = |ready: &Ready, place: usize| {
                let sibling = ready.siblings.get(place);
                sibling.is_none_or(|it| self.health.is_down(&it.authority, Instant::now()))
            };
            let decision = course.next(&key, is_down);
            tracing::debug!(url = %request.target.url(), ?decision, "request routed");
            let sibling = match decision {
                Decision::Sibling(place) => {
                    let ready = snapshot.ready();
                    ready.and_then(|ready| Some((ready.siblings.get(place)?, ready)))
                }
                Decision::Here(_) => None,
            };
            let Some((sibling, ready)) = sibling else {
                return fetch::from_origin(self, request, lookup).await;
            };
            self.stats.to_siblings.add();
            match self.attempt(&mut request, NextHop::Sibling(sibling, ready)).await {
                Err(failure) if request.may_repeat(&failure) => {
                    self.stats.fallbacks.add();
                    tracing::debug!(authority = %sibling.authority, %failure, "sibling failed, asking the next");
                }
                result => {
                    if let (Ok(response), Some(lookup)) = (&result, &lookup) {
                        let void = fetch::void_after(lookup, &request.head.method, response);
                        fetch::forget(lookup, void).await;
                    }
                    return record::asked(self, result, Some(&sibling.label));
                }
            }
        }
    }

    pub(super) async fn attempt(
        &self,
        request: &mut Asked,
        next: NextHop<'_>,
    ) -> Result<Response<Body>, Failure> {
        match request.target {
            Target::Tunnel { .. } => Box::pin(tunnel::open(self, request, next)).await,
            Target::Resource(_) | Target::Own => forward::forward(self, request, next).await,
        }
    }
}

impl NextHop<'_> {
    /// How long the head of its response may take. A sibling gets longer than it gives its own next hop,
    /// so that a slow origin is its finding and not ours.
    pub(super) fn first_byte(&self, plane: &Plane) -> Duration {
        let limits = &plane.config.limits;
        match self {
            Self::Sibling(..) => limits.first_byte + limits.connect + SIBLING_GRACE,
            Self::Origin => limits.first_byte,
        }
    }
}

/// What a sibling's own work may take beside its next hop's.
const SIBLING_GRACE: Duration = Duration::from_secs(7);

impl Asked {
    /// Whether doing it twice is as good as once (RFC 9110, section 9.2.2). Of a CONNECT nothing but
    /// itself is sent before it is answered.
    pub(super) fn is_repeatable(&self) -> bool {
        const REPEATABLE: [Method; 7] = [
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::TRACE,
            Method::PUT,
            Method::DELETE,
            Method::CONNECT,
        ];
        REPEATABLE.contains(&self.head.method) && self.body.is_empty()
    }

    /// Whether it may be sent again after a failure: nothing was sent, or it can be repeated.
    pub(super) fn may_repeat(&self, failure: &Failure) -> bool {
        let upstream = failure.cause.blame() == Blame::Upstream;
        upstream && !self.body.is_taken() && (failure.unsent || self.is_repeatable())
    }

    /// The protocol that the client wants to switch to.
    pub(super) fn upgrade(&self) -> Option<HeaderValue> {
        upgrade_of(&self.head.headers).filter(|_| self.switch.is_some())
    }
}
