//! What the cache says to a request, before it goes on.

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, RANGE};
use hyper::{Method, Response, StatusCode};

use super::Plane;
use super::request::Asked;
use crate::access_log::{CacheResult, NextHop, Outcome};
use crate::cache::answer::answer;
use crate::cache::conditions;
use crate::cache::control::RequestControl;
use crate::cache::key::{CacheKey, normalise};
use crate::cache::moment::Moment;
use crate::cache::reuse::{self, ReuseDecision};
use crate::cache::status::{self, CACHE_STATUS, Forwarded, Trace};
use crate::cache::store::memory::{Stored, StoredBody};
use crate::cache::{Cache, ranges};
use crate::net::body::Body;
use crate::net::target::Target;
use crate::site::own_page;

/// What the cache knows of a request that it did not answer.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) cache: Arc<Cache>,
    pub(super) key: CacheKey,
    /// The URL, normalised.
    pub(super) url: String,
    pub(super) control: RequestControl,
    /// What is stored for such a request, and has to be validated.
    pub(super) stale: Option<Arc<Stored>>,
    pub(super) why: Forwarded,
}

/// What the cache says to a request.
pub(super) enum Looked {
    /// It answers.
    Answer(Response<Body>),
    /// It answers, and wants its response validated for those to come.
    AnswerAndRefresh(Response<Body>, Box<Lookup>),
    /// It does not.
    Miss(Box<Lookup>),
}

/// Looks a request up; `None` if it is not one for caches.
pub(super) async fn look_up(plane: &Plane, asked: &Asked, now: Moment) -> Option<Looked> {
    let cache = plane.cache.as_ref()?;
    let Target::Resource { .. } = &asked.target else { return None };
    let method = &asked.head.method;
    let for_cache = (*method == Method::GET || *method == Method::HEAD) && asked.switched.is_none();
    let url = asked.target.url();
    let url = normalise(&url).as_str().to_owned();
    let key = cache.key(&url);
    let control = RequestControl::of(&asked.head.headers);
    let mut lookup = Box::new(Lookup {
        cache: Arc::clone(cache),
        key,
        url,
        control,
        stale: None,
        why: Forwarded::UriMiss,
    });
    if !for_cache {
        lookup.why = Forwarded::Method;
        return Some(Looked::Miss(lookup));
    }
    let headers = &asked.head.headers;
    if conditions::is_for_origin(headers) || !asked.body.is_empty() {
        lookup.why = Forwarded::Bypass;
        return Some(Looked::Miss(lookup));
    }
    let resource = match cache.find(key) {
        Some(found) => Some(found),
        None => cache.load(key).await,
    };
    let Some(resource) = resource else { return Some(Looked::Miss(lookup)) };
    let Some(stored) = cache.select(&resource, &lookup.url, headers) else {
        lookup.why = Forwarded::VaryMiss;
        return Some(Looked::Miss(lookup));
    };
    Some(use_stored(stored, asked, lookup, now).await)
}

async fn use_stored(
    stored: &Arc<Stored>,
    asked: &Asked,
    mut lookup: Box<Lookup>,
    now: Moment,
) -> Looked {
    let headers = &asked.head.headers;
    let decision = reuse::decide(&stored.head, &lookup.control, now);
    if decision == ReuseDecision::Validate {
        lookup.why = match stored.head.stale_for(now) {
            Some(_) => Forwarded::Stale,
            None => Forwarded::Request,
        };
        // A part is not validated, but asked for anew.
        lookup.stale = stored.head.part.is_none().then(|| Arc::clone(stored));
        return Looked::Miss(lookup);
    }
    let hit = stored.head.hit.clone();
    let Some(mut response) = answer(stored, &asked.head.method, headers, Some(now), hit).await
    else {
        lookup.why =
            if stored.head.part.is_some() { Forwarded::Partial } else { Forwarded::UriMiss };
        return Looked::Miss(lookup);
    };
    let cache = match decision {
        ReuseDecision::StaleWhileRevalidate => CacheResult::StaleHit,
        ReuseDecision::Fresh | ReuseDecision::Stale | ReuseDecision::Validate => {
            hit_of(stored, response.status())
        }
    };
    note(&mut response, cache);
    if decision == ReuseDecision::StaleWhileRevalidate {
        lookup.stale = Some(Arc::clone(stored));
        lookup.why = Forwarded::Stale;
        return Looked::AnswerAndRefresh(response, lookup);
    }
    Looked::Answer(response)
}

fn hit_of(stored: &Stored, sent: StatusCode) -> CacheResult {
    match &stored.body {
        _ if sent == StatusCode::NOT_MODIFIED => CacheResult::NotModified,
        _ if stored.head.status.is_client_error() || stored.head.status.is_server_error() => {
            CacheResult::NegativeHit
        }
        StoredBody::File(_) => CacheResult::Hit,
        StoredBody::Memory(_) | StoredBody::Growing(_) => CacheResult::MemoryHit,
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

    /// A part of what is being fetched whole just now.
    pub(super) async fn part_of_growing(
        &self,
        asked: &Asked,
        now: Moment,
    ) -> Option<Response<Body>> {
        if asked.head.method != Method::GET || ranges::asked(&asked.head.headers).is_none() {
            return None;
        }
        let growing = self.cache.flights.growing(self.key)?;
        let fits = *growing.head.url == *self.url && growing.head.vary.matches(&asked.head.headers);
        if !fits || reuse::decide(&growing.head, &self.control, now) != ReuseDecision::Fresh {
            return None;
        }
        let trace = Trace { why: self.why, status: None, stored: true, collapsed: true };
        answer(&growing, &asked.head.method, &asked.head.headers, Some(now), self.forwarded(trace))
            .await
    }

    /// `Cache-Status` of a request that went on.
    pub(super) fn forwarded(&self, trace: Trace) -> hyper::header::HeaderValue {
        status::forwarded(&self.cache.terms.name, &self.url, trace)
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
