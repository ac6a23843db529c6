//! What is stored and stale: validated, or used in the place of an error.

use std::sync::Arc;

use hyper::{HeaderMap, Response, StatusCode};

use super::cached::Lookup;
use super::fetch::{Client, Fetched, note_asked, read};
use crate::access_log::CacheResult;
use crate::blame::{Blame, Failure};
use crate::cache::answer::answer;
use crate::cache::conditions;
use crate::cache::flights::{Flight, Landed, Source};
use crate::cache::freshness::Exchange;
use crate::cache::moment::Moment;
use crate::cache::reuse;
use crate::cache::status::Trace;
use crate::cache::store::memory::Stored;
use crate::cache::stored::Head;
use crate::cache::storing;
use crate::net::body::Body;

/// What the origin says of a stored response, in a 304 or in its answer to HEAD.
pub(super) struct News {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) exchange: Exchange,
}

/// The head of a stored response with what is new of it (RFC 9111, section 4.3.4); and whether it may still be
/// kept, for requests like this one.
fn refreshed(lookup: &Lookup, stored: &Stored, news: &News, request: &HeaderMap) -> (Head, bool) {
    let mut head = stored.head.clone();
    conditions::update(&mut head.headers, &news.headers);
    head.exchange = news.exchange;
    head.derive(&lookup.cache.terms);
    let vary = storing::stays(&head, request);
    let stays = vary.is_some();
    head.vary = vary.unwrap_or_default();
    (head, stays)
}

/// What a HEAD tells of the stored response to GET: its fields are newer, or it is not what it was
/// (RFC 9111, section 4.3.5).
pub(super) async fn heed_head(
    lookup: &Lookup,
    stored: &Arc<Stored>,
    news: &News,
    request: &HeaderMap,
) {
    if news.status != StatusCode::OK || stored.head.status != StatusCode::OK {
        return;
    }
    let (head, stays) = refreshed(lookup, stored, news, request);
    if stays && conditions::tells_of_the_same(&stored.head, &news.headers) {
        lookup.cache.refresh(lookup.key, stored, head);
    } else {
        lookup.cache.forget(lookup.url.as_str()).await;
    }
}

/// Serves what was validated, if it can be read.
pub(super) async fn validated(
    lookup: &Lookup,
    stored: &Stored,
    news: &News,
    client: Client<'_>,
    flight: Option<&Flight>,
) -> Option<Fetched> {
    let (head, stays) = refreshed(lookup, stored, news, client.headers);
    let fresh = stored.with_head(head.clone());
    let trace = Trace { why: lookup.why, status: Some(304), stored: stays, collapsed: false };
    let told = lookup.forwarded(trace);
    let now = Some(Moment::now());
    let mut response = read(answer(&fresh, client.method, client.headers, now, told)).await?;
    note_asked(&mut response, CacheResult::Revalidated);
    if !stays {
        // It is for this client only, from now on.
        lookup.cache.forget(lookup.url.as_str()).await;
        return Some(Fetched::unstored(response));
    }
    let void = flight.is_some_and(Flight::is_void);
    let kept = if void { None } else { lookup.cache.refresh(lookup.key, stored, head) };
    if let Some(flight) = flight {
        let kept = kept.unwrap_or_else(|| Arc::new(fresh));
        flight.land(Landed::Stored(kept, Source::Validated));
    }
    Some(Fetched::unstored(response))
}

/// How an origin failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OriginError {
    /// It was not reached.
    Unreachable,
    /// It says so itself.
    Said,
}

/// Whether, and how.
pub(super) fn origin_error(result: &Result<Response<Body>, Failure>) -> Option<OriginError> {
    match result {
        Err(failure) => {
            (failure.cause.blame() == Blame::Upstream).then_some(OriginError::Unreachable)
        }
        Ok(response) => {
            let failed = matches!(response.status().as_u16(), 500 | 502 | 503 | 504);
            failed.then_some(OriginError::Said)
        }
    }
}

/// What is stored, though stale, if it may stand in for an error (RFC 5861, section 4).
pub(super) async fn survive(
    lookup: &Lookup,
    stored: &Arc<Stored>,
    error: OriginError,
    client: Client<'_>,
    flight: Option<&Flight>,
) -> Option<Fetched> {
    let (terms, now) = (&lookup.cache.terms, Moment::now());
    let unreachable = error == OriginError::Unreachable;
    if !reuse::survives_error(&stored.head, &lookup.control, unreachable, terms, now) {
        return None;
    }
    let told = lookup.stale_on_error();
    let mut response = read(answer(stored, client.method, client.headers, Some(now), told)).await?;
    if let Some(flight) = flight {
        flight.land(Landed::Stored(Arc::clone(stored), Source::StaleOnError { unreachable }));
    }
    note_asked(&mut response, CacheResult::StaleOnError);
    Some(Fetched::unstored(response))
}
