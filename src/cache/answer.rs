//! A response made from a stored one.

use std::sync::Arc;

use hyper::header::{ACCEPT_RANGES, AGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};

use super::conditions::is_not_modified;
use super::moment::Moment;
use super::ranges::{self, Selected};
use super::status::CACHE_STATUS;
use super::store::memory::{Stored, StoredBody};
use crate::net::body::Body;

/// What a request gets of a stored response that answers it; `None` if that has not what it asks for,
/// or its body cannot be read any more. `now` for one that is used again: `Age` tells how old it is.
pub async fn answer(
    stored: &Arc<Stored>,
    method: &Method,
    request: &HeaderMap,
    now: Option<Moment>,
    cache_status: HeaderValue,
) -> Option<Response<Body>> {
    let head = &stored.head;
    let mut headers = head.headers.clone();
    if let Some(now) = now {
        headers.insert(AGE, HeaderValue::from(head.age(now).as_secs()));
    }
    headers.append(CACHE_STATUS, cache_status);
    if is_not_modified(request, head) {
        headers.remove(CONTENT_LENGTH);
        headers.remove(CONTENT_TYPE);
        return Some(response(StatusCode::NOT_MODIFIED, headers, Body::empty()));
    }
    let length = stored.body.length();
    let (status, range) = match (&head.part, length) {
        (Some(part), _) => {
            let asked = ranges::asked(request).filter(|_| ranges::if_range_holds(request, head))?;
            let bytes = part.serve(asked)?;
            headers.insert(CONTENT_RANGE, ranges::content_range(&bytes, part.complete));
            headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.end - bytes.start));
            let begins = part.bytes.start;
            (StatusCode::PARTIAL_CONTENT, Some(bytes.start - begins..bytes.end - begins))
        }
        (None, Some(length)) if *method == Method::GET => {
            match ranges::select(request, head, length) {
                Selected::Whole => (head.status, None),
                Selected::Part(bytes) => {
                    headers.insert(CONTENT_RANGE, ranges::content_range(&bytes, Some(length)));
                    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.end - bytes.start));
                    (StatusCode::PARTIAL_CONTENT, Some(bytes))
                }
                Selected::Unsatisfiable => {
                    headers.insert(CONTENT_RANGE, ranges::unsatisfied(length));
                    headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
                    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
                    return Some(response(
                        StatusCode::RANGE_NOT_SATISFIABLE,
                        headers,
                        Body::empty(),
                    ));
                }
            }
        }
        (None, _) => (head.status, None),
    };
    if *method == Method::HEAD {
        return Some(response(status, headers, Body::empty()));
    }
    let body = match &stored.body {
        StoredBody::Memory(bytes) => match range {
            None => Body::full(bytes.clone()),
            Some(range) => {
                let (from, to) =
                    (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
                Body::full(if to <= bytes.len() { bytes.slice(from..to) } else { return None })
            }
        },
        StoredBody::File(source) => {
            let mut reader = StoredBody::block_reader(source, range);
            let primed = reader.prime().await;
            primed
                .inspect_err(
                    |error| tracing::warn!(url = %head.url, %error, "stored body cannot be read"),
                )
                .ok()?;
            Body::streamed(reader)
        }
        StoredBody::Growing(growing) => Body::streamed(growing.reader(range)?),
    };
    Some(response(status, headers, body))
}

/// A response that is being stored, as it came: for a client that asked for something else.
pub fn as_it_came(
    stored: &Stored,
    status: StatusCode,
    cache_status: HeaderValue,
) -> Response<Body> {
    let mut headers = stored.head.headers.clone();
    headers.append(CACHE_STATUS, cache_status);
    let body = match &stored.body {
        StoredBody::Growing(growing) => {
            growing.reader(None).map_or_else(Body::empty, Body::streamed)
        }
        StoredBody::Memory(bytes) => Body::full(bytes.clone()),
        StoredBody::File(source) => Body::streamed(StoredBody::block_reader(source, None)),
    };
    response(status, headers, body)
}

fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
