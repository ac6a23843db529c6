//! Asks the origin for what the cache has not, once for all who want it, and stores what comes.

use std::sync::Arc;

use hyper::header::{AGE, HeaderName};
use hyper::{HeaderMap, Method, Response, StatusCode};
use tokio::sync::oneshot;

use super::Plane;
use super::cached::{self, Lookup};
use super::complete::complete;
use super::request::{Asked, NextHop};
use super::stale::{self, News};
use crate::access_log::{CacheResult, Outcome};
use crate::blame::{Cause, Failure};
use crate::cache::answer::{Answer, answer, as_it_came};
use crate::cache::conditions;
use crate::cache::fill::Fill;
use crate::cache::flights::{Flight, Landed, Role, Source, landed};
use crate::cache::freshness::Exchange;
use crate::cache::invalidate;
use crate::cache::moment::Moment;
use crate::cache::reuse::{self, ReuseDecision};
use crate::cache::status::{CACHE_STATUS, Forwarded, Trace};
use crate::cache::storing::{self, Seen, Skip, StoreDecision};
use crate::net::body::Body;

/// A client's request, as far as its response depends on it.
#[derive(Clone, Copy)]
pub(super) struct Client<'a> {
    pub(super) method: &'a Method,
    /// Its fields as they came: its own conditions are answered from what we get.
    pub(super) headers: &'a HeaderMap,
}

impl<'a> Client<'a> {
    /// The request, with the fields that it had if they were changed since.
    fn of(asked: &'a Asked, as_asked: Option<&'a HeaderMap>) -> Self {
        Self { method: &asked.head.method, headers: as_asked.unwrap_or(&asked.head.headers) }
    }
}

/// What came of a fetch.
pub(super) struct Fetched {
    response: Response<Body>,
    /// The body is to be read into the store.
    fill: Option<Box<Fill>>,
}

impl Fetched {
    /// One that does not go into the store.
    pub(super) fn unstored(response: Response<Body>) -> Self {
        Self { response, fill: None }
    }

    /// Whether its body goes into the store.
    pub(super) fn is_stored(&self) -> bool {
        self.fill.is_some()
    }

    /// The response; its body is read into the store in the background.
    pub(super) fn detached(self, plane: &Arc<Plane>) -> Response<Body> {
        if let Some(fill) = self.fill {
            let cut = plane.cut.clone();
            plane.tasks.spawn(async move { cut.run_until_cancelled(fill.run()).await });
        }
        self.response
    }
}

/// Takes a request to its origin, by way of the cache.
pub(super) async fn from_origin(
    plane: &Arc<Plane>,
    mut asked: Box<Asked>,
    lookup: Option<Box<Lookup>>,
) -> Result<Response<Body>, Failure> {
    let Some(mut lookup) = lookup else {
        plane.stats.to_origin.add();
        return plane.attempt(&mut asked, NextHop::Origin).await;
    };
    if lookup.control.only_if_cached {
        let mut response = lookup.not_cached();
        cached::note(&mut response, CacheResult::Miss);
        return Ok(response);
    }
    let now = asked.arrived.on;
    if let Some(response) = lookup.part_of_growing(&asked, now).await {
        return Ok(response);
    }
    if let Some(cover) = lookup.partly.take()
        && let Some(response) = Box::pin(complete(plane, &mut asked, &lookup, &cover)).await?
    {
        return Ok(response);
    }
    if !lookup.is_shareable(&asked, now) {
        return alone(plane, asked, lookup).await;
    }
    match lookup.cache.flights.join_or_lead(lookup.key) {
        Role::Follow(mut flight) => {
            let landed = landed(&mut flight).await;
            Box::pin(follow(plane, asked, lookup, landed)).await
        }
        Role::Lead(flight) => {
            let (tell, told) = oneshot::channel();
            let leading = Arc::clone(plane);
            // The fetch is not the first client's alone: it goes on without it.
            plane.tasks.spawn(async move {
                let fetched = fetch(&leading, asked, lookup, Some(flight)).await;
                let (response, fill) = match fetched {
                    Ok(Fetched { response, fill }) => (Ok(response), fill),
                    Err(failure) => (Err(failure), None),
                };
                tell.send(response).ok(); // the client is gone
                if let Some(fill) = fill {
                    leading.cut.run_until_cancelled(fill.run()).await;
                }
            });
            told.await.unwrap_or_else(|_dropped| {
                Err(Failure::new(Cause::InternalError, "the fetch was given up"))
            })
        }
    }
}

/// Fetches what nobody else can use before it is there.
async fn alone(
    plane: &Arc<Plane>,
    asked: Box<Asked>,
    lookup: Box<Lookup>,
) -> Result<Response<Body>, Failure> {
    Ok(fetch(plane, asked, lookup, None).await?.detached(plane))
}

/// Uses what somebody else's fetch came to.
async fn follow(
    plane: &Arc<Plane>,
    asked: Box<Asked>,
    lookup: Box<Lookup>,
    landed: Landed,
) -> Result<Response<Body>, Failure> {
    let (stored, source) = match landed {
        Landed::Failed(failure) => return fail(&asked, &lookup, failure).await,
        Landed::Unshareable => return alone(plane, asked, lookup).await,
        Landed::Stored(stored, source) => (stored, source),
    };
    let (now, headers) = (Moment::now(), &asked.head.headers);
    let fits = lookup.fits(&stored.head, headers);
    let usable = match source {
        Source::StaleOnError { unreachable } => {
            let terms = &lookup.cache.terms;
            reuse::survives_error(&stored.head, &lookup.control, unreachable, terms, now)
        }
        Source::Fetched { .. } | Source::Validated => {
            reuse::decide(&stored.head, &lookup.control, now) != ReuseDecision::Validate
        }
    };
    if fits && usable {
        let mut trace = Trace { why: lookup.why, status: None, stored: true, collapsed: true };
        if source == Source::Validated {
            trace.status = Some(StatusCode::NOT_MODIFIED.as_u16());
        }
        let (told, cache) = match source {
            Source::StaleOnError { .. } => (lookup.stale_on_error(), CacheResult::StaleOnError),
            Source::Fetched { .. } | Source::Validated => {
                (lookup.forwarded(trace), CacheResult::Collapsed)
            }
        };
        let answered = answer(&stored, &asked.head.method, headers, Some(now), told);
        if let Some(mut response) = read(answered).await {
            plane.stats.collapsed.add();
            cached::note(&mut response, cache);
            return Ok(response);
        }
    }
    alone(plane, asked, lookup).await
}

/// Somebody else's fetch failed: this request is not asked again, but what it may have instead is its own.
async fn fail(asked: &Asked, lookup: &Lookup, failure: Failure) -> Result<Response<Body>, Failure> {
    let (failed, client) = (Err(failure), Client::of(asked, None));
    if let (Some(stored), Some(error)) = (&lookup.stale, stale::origin_error(&failed))
        && let Some(fetched) = Box::pin(stale::survive(lookup, stored, error, client, None)).await
    {
        return Ok(fetched.response);
    }
    failed
}

/// The fields of a 304.
fn not_modified(result: &Result<Response<Body>, Failure>) -> Option<HeaderMap> {
    let response = result.as_ref().ok()?;
    (response.status() == StatusCode::NOT_MODIFIED).then(|| response.headers().clone())
}

pub(super) async fn read(answer: Option<Answer>) -> Option<Response<Body>> {
    let answer = answer?;
    match answer {
        Answer::Ready(response) => Some(response),
        unread @ Answer::Unread(..) => Box::pin(unread.read()).await,
    }
}

/// Validates in the background what was served stale.
pub(super) async fn refresh(plane: Arc<Plane>, asked: Box<Asked>, lookup: Box<Lookup>) {
    let Role::Lead(flight) = lookup.cache.flights.join_or_lead(lookup.key) else { return };
    match fetch(&plane, asked, lookup, Some(flight)).await {
        Ok(Fetched { fill: Some(mut fill), response }) => {
            drop(response);
            fill.alone = true;
            plane.cut.run_until_cancelled(fill.run()).await;
        }
        Ok(Fetched { fill: None, .. }) => {}
        Err(failure) => tracing::debug!(%failure, "stale response was not validated"),
    }
}

async fn fetch(
    plane: &Arc<Plane>,
    mut asked: Box<Asked>,
    mut lookup: Box<Lookup>,
    flight: Option<Flight>,
) -> Result<Fetched, Failure> {
    let stale = lookup.stale.take();
    let validating = stale
        .clone()
        .filter(|stored| stored.head.has_validator() && asked.head.method == Method::GET);
    // What the client asked stays as it was: it is answered from what comes.
    let for_others = flight.is_some() && stale.is_some();
    let as_asked = (validating.is_some() || for_others).then(|| asked.head.headers.clone());
    match &validating {
        Some(stored) => conditions::validate(&mut asked.head.headers, &stored.head),
        None if for_others => conditions::ask_for_all(&mut asked.head.headers),
        None => {}
    }
    plane.stats.to_origin.add();
    let requested = lookup.cache.asked_at(lookup.key);
    let mut result = plane.attempt(&mut asked, NextHop::Origin).await;
    if let (Some(stored), Some(headers)) = (&validating, not_modified(&result)) {
        let exchange = Exchange { requested, received: Moment::now() };
        let news = News { status: StatusCode::NOT_MODIFIED, headers, exchange };
        if conditions::is_about(&stored.head, &news.headers) {
            drop(result);
            plane.stats.validated.add();
            let client = Client::of(&asked, as_asked.as_ref());
            let served = stale::validated(&lookup, stored, &news, client, flight.as_ref());
            if let Some(fetched) = Box::pin(served).await {
                return Ok(fetched);
            }
        }
        // About something that we do not have, or cannot read any more: ask for all of it.
        conditions::ask_for_all(&mut asked.head.headers);
        result = plane.attempt(&mut asked, NextHop::Origin).await;
    }
    let client = Client::of(&asked, as_asked.as_ref());
    if let (Some(stored), Some(error)) = (&stale, stale::origin_error(&result))
        && let Some(fetched) =
            Box::pin(stale::survive(&lookup, stored, error, client, flight.as_ref())).await
    {
        return Ok(fetched);
    }
    let response = match result {
        Ok(response) => response,
        Err(failure) => {
            if let Some(flight) = &flight {
                flight.land(Landed::Failed(failure.clone()));
            }
            return Err(failure);
        }
    };
    let exchange = Exchange { requested, received: Moment::now() };
    if *client.method == Method::HEAD
        && let Some(stored) = &stale
    {
        let (status, headers) = (response.status(), response.headers().clone());
        let news = News { status, headers, exchange };
        Box::pin(stale::heed_head(&lookup, stored, &news, client.headers)).await;
    }
    let replaces =
        stale.is_some() && *client.method == Method::GET && !response.status().is_server_error();
    let came = Came { response, exchange, replaces };
    let mut fetched = store(&lookup, client, came, flight).await;
    if fetched.fill.is_some() {
        plane.stats.stored.add();
    }
    let result = lookup.fetched_as();
    if result != CacheResult::default() {
        note_asked(&mut fetched.response, result);
    }
    Ok(fetched)
}

/// A response of the origin.
pub(super) struct Came {
    pub(super) response: Response<Body>,
    pub(super) exchange: Exchange,
    /// Whether it comes in the place of one that is stored.
    pub(super) replaces: bool,
}

/// Stores what may be stored, and passes the rest on.
pub(super) async fn store(
    lookup: &Lookup,
    client: Client<'_>,
    came: Came,
    flight: Option<Flight>,
) -> Fetched {
    let Came { mut response, mut exchange, replaces } = came;
    let (cache, method) = (&lookup.cache, client.method);
    let mut trace = Trace { why: lookup.why, status: None, stored: false, collapsed: false };
    let void = void_after(lookup, method, &response);
    let wrote = !void.is_empty();
    forget(lookup, void).await;
    if wrote {
        // What a write answers is newer than what it made void.
        exchange.requested = cache.asked_at(lookup.key);
    }
    let seen = Seen {
        url: lookup.url.as_str(),
        method,
        request: client.headers,
        status: response.status(),
        response: response.headers(),
        exchange,
    };
    let decision = storing::decide(&seen, &cache.terms);
    let storable = match decision {
        StoreDecision::Store(head) if is_framed(&response) && !lookup.fat => {
            cache.reserve(&head).map(|room| (head, room)).ok_or(None)
        }
        StoreDecision::Store(_) => Err(None),
        StoreDecision::Skip(skip) => Err(Some(skip)),
    };
    let (head, room) = match storable {
        Ok(storable) => storable,
        Err(skip) => {
            pass_on(lookup, flight, replaces, skip, exchange.received).await;
            response.headers_mut().append(CACHE_STATUS, lookup.forwarded(trace));
            return Fetched { response, fill: None };
        }
    };
    trace.stored = true;
    if reuse::is_for_one(&head) {
        // Whoever waited for it would have to ask all the same.
        cache.pass(lookup.key, exchange.received);
    } else {
        cache.unpass(lookup.key);
    }
    let news = response.headers().clone();
    let came = response.status();
    let fill = Fill::new(cache, lookup.key, *head, response.into_body(), room);
    let stored = Arc::clone(&fill.stored);
    let told = lookup.forwarded(trace);
    let answered = read(answer(&stored, method, client.headers, None, told.clone())).await;
    let mut response = answered.unwrap_or_else(|| as_it_came(&stored, came, told));
    restore(response.headers_mut(), &news, &stored.head.control.unstored);
    if let Some(flight) = &flight {
        flight.land(Landed::Stored(stored, Source::Fetched { status: came.as_u16() }));
    }
    Fetched { response, fill: Some(Box::new(fill.with_flight(flight))) }
}

/// Who is first gets what is not stored, too.
fn restore(headers: &mut HeaderMap, news: &HeaderMap, unstored: &[HeaderName]) {
    for name in unstored.iter().chain([&AGE]) {
        for value in news.get_all(name) {
            headers.append(name.clone(), value.clone());
        }
    }
}

/// A response that is not stored: nobody waits for it, and what it supersedes goes.
async fn pass_on(
    lookup: &Lookup,
    flight: Option<Flight>,
    replaces: bool,
    skip: Option<Skip>,
    now: Moment,
) {
    let never = match skip {
        Some(
            Skip::Forbidden
            | Skip::Useless
            | Skip::VariesByAnything
            | Skip::TooLarge
            | Skip::OfThatType,
        ) => true,
        // The next one may well be stored: the client forbids it, there is no room, it is no GET.
        Some(Skip::NotStorable | Skip::ClientForbids) | None => false,
    };
    if never && lookup.why != Forwarded::Method {
        lookup.cache.pass(lookup.key, now);
    }
    drop(flight);
    if replaces && never {
        lookup.cache.forget(lookup.url.as_str()).await;
    }
}

/// Whether the end of a body can be told from a broken connection.
fn is_framed(response: &Response<Body>) -> bool {
    response.extensions().get::<super::forward::Unframed>().is_none()
}

/// Tells the access log what the cache had to do with a response that the origin was asked for.
pub(super) fn note_asked(response: &mut Response<Body>, cache: CacheResult) {
    response.extensions_mut().insert(Outcome { cache, ..Outcome::default() });
}

/// What a write makes void.
pub(super) fn void_after(
    lookup: &Lookup,
    method: &Method,
    response: &Response<Body>,
) -> Vec<String> {
    invalidate::targets(method, lookup.url.as_str(), response.status(), response.headers())
}

/// Forgets what is void.
pub(super) async fn forget(lookup: &Lookup, urls: Vec<String>) {
    for url in urls {
        lookup.cache.forget(&url).await;
    }
}
