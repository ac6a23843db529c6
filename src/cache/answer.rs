//! A response made from a stored one.

use std::ops::Range;

use hyper::header::{ACCEPT_RANGES, AGE, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method, Response, StatusCode};

use super::conditions::is_not_modified;
use super::moment::Moment;
use super::parts::{Cover, Piece};
use super::ranges::{self, Selected};
use super::status::CACHE_STATUS;
use super::store::memory::{Stored, StoredBody};
use super::store::reader::BlockReader;
use crate::files::Span;
use crate::net::body::Body;
use crate::net::joined::join;

/// A response made from a stored one.
#[derive(Debug)]
pub enum Answer {
    /// It can be sent.
    Ready(Response<Body>),
    /// Its body is in a file, which has to be looked at first.
    Unread(Response<()>, FileFirst),
}

/// A body that begins in a file.
#[derive(Debug)]
pub struct FileFirst {
    reader: BlockReader,
    /// What follows, with lengths.
    rest: Vec<(u64, Body)>,
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
            Self::Unread(response, FileFirst { mut reader, rest }) => {
                let primed = reader.prime().await;
                primed
                    .inspect_err(|error| tracing::warn!(%error, "stored body cannot be read"))
                    .ok()?;
                let (left, first) = (reader.left(), Body::streamed(reader));
                Some(response.map(|()| joined(left, first, rest)))
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
    if range.is_some() {
        remove_digests(&mut headers);
    }
    if *method == Method::HEAD {
        return Some(Answer::Ready(response(status, headers, Body::empty())));
    }
    Some(match bytes_of(&stored.body, range)? {
        Bytes::Ready(body) => Answer::Ready(response(status, headers, body)),
        Bytes::InFile(reader) => {
            Answer::Unread(response(status, headers, ()), FileFirst { reader, rest: Vec::new() })
        }
    })
}

/// Bytes of a stored body.
enum Bytes {
    Ready(Body),
    InFile(BlockReader),
}

/// All bytes of a stored body, or a range of them; `None` if it has not got them.
fn bytes_of(body: &StoredBody, range: Option<Range<u64>>) -> Option<Bytes> {
    Some(match body {
        StoredBody::Memory(bytes) => Bytes::Ready(match range {
            None => Body::full(bytes.clone()),
            Some(range) => {
                let (from, to) =
                    (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
                Body::full(if to <= bytes.len() { bytes.slice(from..to) } else { return None })
            }
        }),
        StoredBody::MemoryFile(file) => {
            let span = match range {
                Some(range) => Span::new(file, range)?,
                None => Span::all(file),
            };
            Bytes::Ready(Body::in_file(span))
        }
        StoredBody::File(source) => Bytes::InFile(StoredBody::block_reader(source, range)),
        StoredBody::Growing(growing) => Bytes::Ready(Body::streamed(growing.reader(range)?)),
    })
}

/// A response put together from stored parts, and from what `between` brings of the missing one. The
/// fields are those of the whole.
pub fn combined(cover: &Cover, mut headers: HeaderMap, between: Option<Body>) -> Option<Answer> {
    let wanted = &cover.wanted;
    remove_digests(&mut headers);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(wanted.end - wanted.start));
    let status = if cover.ranged {
        headers.insert(CONTENT_RANGE, ranges::content_range(wanted, cover.complete));
        StatusCode::PARTIAL_CONTENT
    } else {
        headers.remove(CONTENT_RANGE);
        StatusCode::OK
    };
    let stored = |piece: &Piece| {
        let begins = piece.part.head.part.as_ref()?.bytes.start;
        let range = piece.bytes.start - begins..piece.bytes.end - begins;
        Some((piece.bytes.end - piece.bytes.start, bytes_of(&piece.part.body, Some(range))?))
    };
    let before = cover.before.iter().map(stored);
    let missing = cover.missing.as_ref().map_or(0, |missing| missing.end - missing.start);
    let between = between.map(|body| Some((missing, Bytes::Ready(body))));
    let all = before.chain(between).chain(cover.behind.iter().map(stored));
    let mut all = all.collect::<Option<Vec<_>>>()?.into_iter();
    let (left, first) = all.next()?;
    let rest = all.map(|(left, bytes)| match bytes {
        Bytes::Ready(body) => (left, body),
        Bytes::InFile(reader) => (left, Body::streamed(reader)),
    });
    let rest = rest.collect();
    Some(match first {
        Bytes::Ready(body) => Answer::Ready(response(status, headers, joined(left, body, rest))),
        Bytes::InFile(reader) => {
            Answer::Unread(response(status, headers, ()), FileFirst { reader, rest })
        }
    })
}

/// What is about the content of one message holds for no other cut (RFC 9530, section 2).
fn remove_digests(headers: &mut HeaderMap) {
    headers.remove("content-digest");
    headers.remove("content-md5");
}

fn joined(left: u64, first: Body, rest: Vec<(u64, Body)>) -> Body {
    if rest.is_empty() { first } else { join(std::iter::once((left, first)).chain(rest)) }
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
        StoredBody::MemoryFile(file) => Body::in_file(Span::all(file)),
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
