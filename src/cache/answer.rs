//! A response made from a stored one.

use hyper::header::{ACCEPT_RANGES, AGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};

use super::conditions::is_not_modified;
use super::moment::Moment;
use super::ranges::{self, Selected};
use super::status::CACHE_STATUS;
use super::store::memory::{Stored, StoredBody};
use super::store::reader::BlockReader;
use crate::net::body::Body;

/// A response made from a stored one.
#[derive(Debug)]
pub enum Answer {
    /// It can be sent.
    Ready(Response<Body>),
    /// Its body is in a file, which has to be looked at first.
    Unread(Response<()>, BlockReader),
}

impl Answer {
    /// Its status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Ready(response) => response.status(),
            Self::Unread(response, _) => response.status(),
        }
    }

    /// The response, once its file was looked at; `None` if that cannot be read any more.
    pub async fn read(self) -> Option<Response<Body>> {
        match self {
            Self::Ready(response) => Some(response),
            Self::Unread(response, mut reader) => {
                let primed = reader.prime().await;
                primed
                    .inspect_err(|error| tracing::warn!(%error, "stored body cannot be read"))
                    .ok()?;
                Some(response.map(|()| Body::streamed(reader)))
            }
        }
    }
}

/// What a request gets of a stored response that answers it; `None` if that has not what it asks for,
/// or its body cannot be read any more. `now` for one that is used again: `Age` tells how old it is.
pub fn answer(
    stored: &Stored,
    method: &Method,
    request: &HeaderMap,
    now: Option<Moment>,
    cache_status: HeaderValue,
) -> Option<Answer> {
    let head = &stored.head;
    let mut headers = head.headers.clone();
    if let Some(now) = now {
        headers.insert(AGE, HeaderValue::from(head.age(now).as_secs()));
    }
    headers.append(CACHE_STATUS, cache_status);
    if is_not_modified(request, head) {
        headers.remove(CONTENT_LENGTH);
        headers.remove(CONTENT_TYPE);
        return Some(Answer::Ready(response(StatusCode::NOT_MODIFIED, headers, Body::empty())));
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
                    let none = response(StatusCode::RANGE_NOT_SATISFIABLE, headers, Body::empty());
                    return Some(Answer::Ready(none));
                }
            }
        }
        (None, _) => (head.status, None),
    };
    if *method == Method::HEAD {
        return Some(Answer::Ready(response(status, headers, Body::empty())));
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
            let reader = StoredBody::block_reader(source, range);
            return Some(Answer::Unread(response(status, headers, ()), reader));
        }
        StoredBody::Growing(growing) => Body::streamed(growing.reader(range)?),
    };
    Some(Answer::Ready(response(status, headers, body)))
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

fn response<B>(status: StatusCode, headers: HeaderMap, body: B) -> Response<B> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
