//! What the cache says to a request, before it goes on.

use std::sync::Arc;

use hyper::header::{AGE, AUTHORIZATION, RANGE};
use hyper::{HeaderMap, Method, Response, StatusCode};

use super::Plane;
use super::request::Asked;
use crate::access_log::{CacheResult, NextHop, Outcome};
use crate::cache::answer::{Answer, answer, combined};
use crate::cache::conditions;
use crate::cache::control::RequestControl;
use crate::cache::key::{CacheKey, normalise};
use crate::cache::moment::Moment;
use crate::cache::parts::{self, Cover};
use crate::cache::reuse::{self, ReuseDecision};
use crate::cache::status::{self, CACHE_STATUS, Forwarded, Trace};
use crate::cache::store::memory::{Resource, Stored, StoredBody};
use crate::cache::stored::Head;
use crate::cache::{Cache, ranges};
use crate::net::body::Body;
use crate::net::target::Target;
use crate::route::RouteKey;
use crate::site::own_page;

/// What the cache knows of a request that it did not answer.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) cache: Arc<Cache>,
    pub(super) key: CacheKey,
    /// The URL, normalised.
    pub(super) url: RouteKey<'static>,
    pub(super) control: RequestControl,
    /// What is stored for such a request, and has to be validated.
    pub(super) stale: Option<Arc<Stored>>,
    /// What is stored of a range, all but a stretch that has to be fetched.
    pub(super) partly: Option<Box<Cover>>,
    pub(super) why: Forwarded,
    /// The disk was not asked yet.
    pub(super) unread: bool,
    /// A GET with a body: what answers it need not answer one without.
    pub(super) fat: bool,
}

/// What the cache says to a request.
pub(super) enum Looked {
    /// It answers.
    Answer(Response<Body>, CacheResult),
    /// It answers with what is stale, and wants that validated for those to come.
    AnswerAndRefresh(Response<Body>, Box<Lookup>),
    /// It does not.
    Miss(Box<Lookup>),
    /// It has no part in this.
    Aside,
}

/// Looks a request up in memory, at once.
pub(super) fn look_up(plane: &Plane, asked: &Asked, now: Moment) -> Looked {
    let (Some(cache), Target::Resource(resource)) = (&plane.cache, &asked.target) else {
        return Looked::Aside;
    };
    let url = normalise(resource.url());
    let key = cache.key(url.as_str());
    let headers = &asked.head.headers;
    let control = RequestControl::of(headers);
    let miss = |why: Forwarded, unread: bool| {
        let (cache, url) = (Arc::clone(cache), url.clone().into_owned());
        let fat = asked.head.method == Method::GET && !asked.body.is_empty();
        let (stale, partly) = (None, None);
        Box::new(Lookup { cache, key, url, control, stale, partly, why, unread, fat })
    };
    let method = &asked.head.method;
    if (*method != Method::GET && *method != Method::HEAD) || asked.switch.is_some() {
        return Looked::Miss(miss(Forwarded::Method, false));
    }
    if conditions::is_for_origin(headers) || !asked.body.is_empty() {
        return Looked::Miss(miss(Forwarded::Bypass, false));
    }
    let Some(resource) = cache.find(key) else {
        let unread = cache.may_be_on_disk(key);
        return Looked::Miss(miss(Forwarded::UriMiss, unread));
    };
    let Some(stored) = cache.select(&resource, url.as_str(), headers) else {
        return Looked::Miss(miss(Forwarded::VaryMiss, false));
    };
    match reuse(Found { cache, resource: &resource, stored }, asked, &control, now) {
        Reuse::Answer(Answer::Ready(response), CacheResult::StaleHit) => {
            let mut lookup = miss(Forwarded::Stale, false);
            lookup.stale = Some(Arc::clone(stored));
            Looked::AnswerAndRefresh(response, lookup)
        }
        Reuse::Answer(Answer::Ready(response), cache) => Looked::Answer(response, cache),
        Reuse::Answer(Answer::Unread(..), _) => Looked::Miss(miss(Forwarded::UriMiss, true)),
        Reuse::Partly(cover) => {
            let mut lookup = miss(Forwarded::Partial, false);
            lookup.partly = Some(cover);
            Looked::Miss(lookup)
        }
        Reuse::No(why, stale) => {
            let mut lookup = miss(why, false);
            lookup.stale = stale;
            Looked::Miss(lookup)
        }
    }
}

/// Looks a request up on disk.
pub(super) async fn look_on_disk(mut lookup: Box<Lookup>, asked: &Asked, now: Moment) -> Looked {
    lookup.unread = false;
    let cache = Arc::clone(&lookup.cache);
    let Some(resource) = cache.load(lookup.key).await else { return Looked::Miss(lookup) };
    let Some(stored) = cache.select(&resource, lookup.url.as_str(), &asked.head.headers) else {
        lookup.why = Forwarded::VaryMiss;
        return Looked::Miss(lookup);
    };
    let found = Found { cache: &cache, resource: &resource, stored };
    match reuse(found, asked, &lookup.control, now) {
        Reuse::Answer(answer, cache) => {
            let response = answer.read().await;
            match (response, cache) {
                (Some(response), CacheResult::StaleHit) => {
                    (lookup.why, lookup.stale) = (Forwarded::Stale, Some(Arc::clone(stored)));
                    Looked::AnswerAndRefresh(response, lookup)
                }
                (Some(response), cache) => Looked::Answer(response, cache),
                (None, _) => Looked::Miss(lookup),
            }
        }
        Reuse::Partly(cover) => {
            (lookup.why, lookup.partly) = (Forwarded::Partial, Some(cover));
            Looked::Miss(lookup)
        }
        Reuse::No(why, stale) => {
            (lookup.why, lookup.stale) = (why, stale);
            Looked::Miss(lookup)
        }
    }
}

/// A stored response that a request selects, and all that is stored for its URL.
#[derive(Clone, Copy)]
struct Found<'a> {
    cache: &'a Cache,
    resource: &'a Resource,
    stored: &'a Arc<Stored>,
}

/// What a stored response is good for.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
enum Reuse {
    /// It answers; what is stale is to be validated.
    Answer(Answer, CacheResult),
    /// It and other parts have all but a stretch of what is asked for.
    Partly(Box<Cover>),
    /// It does not; but it can be validated.
    No(Forwarded, Option<Arc<Stored>>),
}

fn reuse(found: Found<'_>, asked: &Asked, control: &RequestControl, now: Moment) -> Reuse {
    let stored = found.stored;
    let decision = reuse::decide(&stored.head, control, now);
    if decision == ReuseDecision::Validate {
        let is_stale = stored.head.stale_for(now).is_some();
        let why = if is_stale { Forwarded::Stale } else { Forwarded::Request };
        // A part is not validated, but asked for anew.
        return Reuse::No(why, stored.head.part.is_none().then(|| Arc::clone(stored)));
    }
    let (method, headers) = (&asked.head.method, &asked.head.headers);
    let Some(answer) = answer(stored, method, headers, Some(now), stored.head.hit.clone()) else {
        if stored.head.part.is_none() {
            return Reuse::No(Forwarded::UriMiss, None);
        }
        let covered = cover_of(found, asked, control, now);
        return match covered {
            Some(cover) if cover.missing.is_none() => put_together(&cover, now),
            // Those who want the whole share one fetch of it.
            Some(cover) if cover.ranged => Reuse::Partly(Box::new(cover)),
            Some(_) | None => Reuse::No(Forwarded::Partial, None),
        };
    };
    let stale = decision == ReuseDecision::StaleWhileRevalidate;
    let cache = hit_of(stored, answer.status(), stale);
    Reuse::Answer(answer, cache)
}

/// What the parts of a whole that may be used have of what is asked for.
fn cover_of(
    Found { cache, resource, stored }: Found<'_>,
    asked: &Asked,
    control: &RequestControl,
    now: Moment,
) -> Option<Cover> {
    let headers = &asked.head.headers;
    let range = ranges::asked(headers);
    let is_plain = asked.head.method == Method::GET
        && headers.contains_key(RANGE) == range.is_some()
        && !conditions::has_condition_but_if_range(headers)
        && ranges::if_range_holds(headers, &stored.head);
    if !is_plain {
        return None;
    }
    let mut parts = cache.parts(resource, &stored.head, headers);
    parts.retain(|part| reuse::decide(&part.head, control, now) == ReuseDecision::Fresh);
    parts::cover(&parts, range)
}

fn put_together(cover: &Cover, now: Moment) -> Reuse {
    let newest = cover.newest();
    let mut headers = newest.headers.clone();
    headers.insert(AGE, cover.age(now).as_secs().into());
    headers.append(CACHE_STATUS, newest.hit.clone());
    match combined(cover, headers, None) {
        Some(answer @ Answer::Unread(..)) => Reuse::Answer(answer, CacheResult::Hit),
        Some(answer @ Answer::Ready(_)) => Reuse::Answer(answer, CacheResult::MemoryHit),
        None => Reuse::No(Forwarded::Partial, None),
    }
}

fn hit_of(stored: &Stored, sent: StatusCode, stale: bool) -> CacheResult {
    match &stored.body {
        _ if stale => CacheResult::StaleHit,
        _ if sent == StatusCode::NOT_MODIFIED => CacheResult::NotModified,
        _ if stored.head.status.is_client_error() || stored.head.status.is_server_error() => {
            CacheResult::NegativeHit
        }
        StoredBody::File(_) => CacheResult::Hit,
        StoredBody::Memory(_) | StoredBody::MemoryFile(_) | StoredBody::Growing(_) => {
            CacheResult::MemoryHit
        }
    }
}

/// Tells the access log what the cache had to do with a response that nobody else was asked for.
pub(super) fn note(response: &mut Response<Body>, cache: CacheResult) {
    let outcome = Outcome { cache, next_hop: NextHop::Nobody, error: None };
    response.extensions_mut().insert(outcome);
}

impl Lookup {
    /// Whether one fetch can serve others that want the same.
    pub(super) fn is_shareable(&self, asked: &Asked, now: Moment) -> bool {
        let headers = &asked.head.headers;
        asked.head.method == Method::GET
            && !matches!(self.why, Forwarded::Method | Forwarded::Bypass)
            && !self.control.no_store
            && !headers.contains_key(AUTHORIZATION)
            // With something to validate, these are answered by us, from the whole.
            && (self.stale.is_some()
                || !(headers.contains_key(RANGE) || conditions::is_conditional(headers)))
            && !self.cache.is_pass(self.key, now)
    }

    /// Whether what somebody else's fetch brought is for this request, and was not banned meanwhile.
    pub(super) fn fits(&self, head: &Head, request: &HeaderMap) -> bool {
        *head.url == *self.url.as_str() && head.vary.matches(request) && self.cache.is_valid(head)
    }

    /// A part of what is being fetched whole just now.
    pub(super) async fn part_of_growing(
        &self,
        asked: &Asked,
        now: Moment,
    ) -> Option<Response<Body>> {
        let aside = self.fat || matches!(self.why, Forwarded::Method | Forwarded::Bypass);
        if aside || asked.head.method != Method::GET || ranges::asked(&asked.head.headers).is_none()
        {
            return None;
        }
        let growing = self.cache.flights.growing(self.key)?;
        let fits = self.fits(&growing.head, &asked.head.headers);
        if !fits || reuse::decide(&growing.head, &self.control, now) != ReuseDecision::Fresh {
            return None;
        }
        let trace = Trace { why: self.why, status: None, stored: true, collapsed: true };
        let told = self.forwarded(trace);
        answer(&growing, &asked.head.method, &asked.head.headers, Some(now), told)?.read().await
    }

    /// What the log calls a response that was fetched.
    pub(super) fn fetched_as(&self) -> CacheResult {
        match self.why {
            Forwarded::Stale => CacheResult::Refreshed,
            Forwarded::Request => CacheResult::ClientRefresh,
            Forwarded::UriMiss
            | Forwarded::VaryMiss
            | Forwarded::Partial
            | Forwarded::Method
            | Forwarded::Bypass => CacheResult::Miss,
        }
    }

    /// `Cache-Status` of a request that went on.
    pub(super) fn forwarded(&self, trace: Trace) -> hyper::header::HeaderValue {
        status::forwarded(&self.cache.terms.name, self.url.as_str(), trace)
    }

    /// `Cache-Status` of a stale response that stands in for an error.
    pub(super) fn stale_on_error(&self) -> hyper::header::HeaderValue {
        status::stale_hit(&self.cache.terms.name, self.url.as_str(), "stale-if-error")
    }

    /// The answer to `only-if-cached` (RFC 9111, section 5.2.1.7).
    pub(super) fn not_cached(&self) -> Response<Body> {
        let text = "not in the cache, and only-if-cached was asked for\n";
        let mut response = own_page(StatusCode::GATEWAY_TIMEOUT, "text/plain; charset=utf-8", text);
        let trace = Trace { why: self.why, status: None, stored: false, collapsed: false };
        response.headers_mut().append(CACHE_STATUS, self.forwarded(trace));
        response
    }
}
