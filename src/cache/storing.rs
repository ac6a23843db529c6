//! Whether a response may be stored: pure.
//!
//! RFC 9111, section 3.

use std::sync::atomic::Ordering;

use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, IF_RANGE};
use hyper::{HeaderMap, Method, StatusCode};

use super::control::{RequestControl, ResponseControl};
use super::freshness::{Exchange, explicit_lifetime, is_heuristically_cacheable};
use super::stored::{Head, Received, Terms};
use super::targeted;
use super::vary::Vary;

/// Whether a response is stored.
#[derive(Debug)]
pub enum StoreDecision {
    /// It is, with this head.
    Store(Box<Head>),
    /// It is not.
    Skip(Skip),
}

/// Why a response is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// Method or status are none that this cache stores.
    NotStorable,
    /// Its origin forbids it, or it is for one user.
    Forbidden,
    /// The client forbids it.
    ClientForbids,
    /// It would be neither fresh nor could it be validated.
    Useless,
    /// It differs by something that no request shows.
    VariesByAnything,
    /// It is too large.
    TooLarge,
    /// The configuration forbids its media type.
    OfThatType,
}

/// One exchange, as it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The URL, normalised.
    pub url: &'a str,
    /// The request's method.
    pub method: &'a Method,
    /// The request's fields.
    pub request: &'a HeaderMap,
    /// The response's status.
    pub status: StatusCode,
    /// The response's fields, without those of one connection.
    pub response: &'a HeaderMap,
    /// When.
    pub exchange: Exchange,
}

/// Statuses whose special rules this cache obeys (RFC 9111, sections 3 and 5.2.2.3).
fn is_understood(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203
            | 204
            | 206
            | 300
            | 301
            | 302
            | 303
            | 307
            | 308
            | 400
            | 403
            | 404
            | 405
            | 410
            | 414
            | 500
            | 501
            | 502
            | 503
            | 504
    )
}

/// Decides, and makes the head of what is stored.
pub fn decide(seen: &Seen<'_>, terms: &Terms) -> StoreDecision {
    match why_not(seen, terms) {
        Err(skip) => StoreDecision::Skip(skip),
        Ok(vary) => {
            let headers = seen.response.clone();
            let (url, status, exchange) = (seen.url, seen.status, seen.exchange);
            let head = Head::new(Received { url, status, headers, vary, exchange }, terms);
            let useless = head.lifetime.is_none_or(|span| span.is_zero()) && !head.has_validator();
            let is_part = head.status == StatusCode::PARTIAL_CONTENT;
            // What answers `If-Range` may be without fields that others need (RFC 9110, section 15.3.7).
            let bare =
                seen.request.contains_key(IF_RANGE) && !seen.response.contains_key(CONTENT_TYPE);
            if is_part && bare {
                return StoreDecision::Skip(Skip::NotStorable);
            }
            if useless || is_part && head.part.is_none() {
                StoreDecision::Skip(Skip::Useless)
            } else {
                StoreDecision::Store(Box::new(head))
            }
        }
    }
}

fn why_not(seen: &Seen<'_>, terms: &Terms) -> Result<Vary, Skip> {
    let control = targeted::control(seen.response, &terms.targets);
    let understood = is_understood(seen.status);
    let explicit = control.is_explicit()
        || explicit_lifetime(seen.response, &control, seen.exchange.received).is_some();
    // RFC 9111, section 3, the last condition: somebody must have said that it may be stored.
    if !method_allows(seen, explicit) || !(explicit || is_heuristically_cacheable(seen.status)) {
        return Err(Skip::NotStorable);
    }
    let informational = seen.status.is_informational() || seen.status == StatusCode::NOT_MODIFIED;
    if informational || (control.must_understand && !understood) {
        return Err(Skip::NotStorable);
    }
    if is_forbidden(&control, seen.status) || !authorized(seen.request, &control) {
        return Err(Skip::Forbidden);
    }
    if RequestControl::of(seen.request).no_store {
        return Err(Skip::ClientForbids);
    }
    let length = seen
        .response
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > terms.max_object.load(Ordering::Relaxed)) {
        return Err(Skip::TooLarge);
    }
    if !terms.types.allow(seen.response) {
        return Err(Skip::OfThatType);
    }
    Vary::of(seen.response, seen.request).ok_or(Skip::VariesByAnything)
}

/// Whether a stored response may stay after its fields were brought up to date, and what it is selected by from
/// then on: its origin may forbid by a 304 what it allowed before.
pub fn stays(head: &Head, request: &HeaderMap) -> Option<Vary> {
    if is_forbidden(&head.control, head.status) {
        return None;
    }
    Vary::of(&head.headers, request)
}

fn is_forbidden(control: &ResponseControl, status: StatusCode) -> bool {
    // Who understands may ignore the no-store that is meant for those who do not.
    let no_store = control.no_store && !(control.must_understand && is_understood(status));
    no_store || control.private
}

/// GET; and POST if its response says that it is that of a GET, and for how long (RFC 9110, section 9.3.3).
fn method_allows(seen: &Seen<'_>, explicit: bool) -> bool {
    if *seen.method == Method::GET {
        return true;
    }
    let location = seen.response.get(CONTENT_LOCATION).and_then(|value| value.to_str().ok());
    *seen.method == Method::POST
        && seen.status == StatusCode::OK
        && explicit
        && location.is_some_and(|location| {
            super::key::resolve(seen.url, location).as_deref() == Some(seen.url)
        })
}

/// RFC 9111, section 3.5.
fn authorized(request: &HeaderMap, control: &ResponseControl) -> bool {
    !request.contains_key(AUTHORIZATION)
        || control.public
        || control.must_revalidate
        || control.s_maxage.is_some()
}
