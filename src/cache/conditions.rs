//! Preconditions: those of clients, answered from a stored response, and those that validate it. Pure.
//!
//! RFC 9110, section 13; RFC 9111, section 4.3.

use hyper::header::{
    ETAG, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use hyper::{HeaderMap, StatusCode};

use super::moment::Moment;
use super::stored::Head;

/// Fields that make a request conditional.
static CONDITIONS: [HeaderName; 5] =
    [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE];

/// Whether a request is conditional.
pub fn is_conditional(request: &HeaderMap) -> bool {
    request.keys().any(|name| CONDITIONS.contains(name))
}

/// Whether a request has another condition than that for its range.
pub fn has_condition_but_if_range(request: &HeaderMap) -> bool {
    request.keys().any(|name| CONDITIONS.contains(name) && *name != IF_RANGE)
}

/// Whether the answer depends on what only the origin knows: these are not for caches.
pub fn is_for_origin(request: &HeaderMap) -> bool {
    request.keys().any(|name| *name == IF_MATCH || *name == IF_UNMODIFIED_SINCE)
}

/// Whether 304 answers a GET or HEAD whose stored response is 200 (RFC 9111, section 4.3.2).
pub fn is_not_modified(request: &HeaderMap, head: &Head) -> bool {
    if head.status != StatusCode::OK {
        return false;
    }
    if request.contains_key(IF_NONE_MATCH) {
        let tag = head.headers.get(ETAG).map(HeaderValue::as_bytes);
        return names(request, tag);
    }
    let Some(since) = Moment::in_field(request, IF_MODIFIED_SINCE) else { return false };
    Moment::in_field(&head.headers, LAST_MODIFIED).is_some_and(|modified| modified <= since)
}

/// Whether `If-None-Match` names this tag, or any tag. Weak comparison (RFC 9110, section 8.8.3.2).
fn names(request: &HeaderMap, tag: Option<&[u8]>) -> bool {
    let opaque = |tag: &[u8]| tag.strip_prefix(b"W/").unwrap_or(tag).to_vec();
    let mine = tag.map(opaque);
    let lines = request.get_all(IF_NONE_MATCH).into_iter();
    let mut tags = lines.flat_map(|line| tags(line.as_bytes()));
    tags.any(|tag| tag == b"*" || mine.as_ref().is_some_and(|mine| *mine == opaque(tag)))
}

/// Splits at commas outside of quotes.
fn tags(line: &[u8]) -> Vec<&[u8]> {
    let mut quoted = false;
    let split = line.split(move |byte| {
        quoted ^= *byte == b'"';
        *byte == b',' && !quoted
    });
    split.map(<[u8]>::trim_ascii).filter(|tag| !tag.is_empty()).collect()
}

/// Makes a request one for the whole, whatever the client has of it.
pub fn ask_for_all(request: &mut HeaderMap) {
    for name in CONDITIONS.iter().chain([&RANGE]) {
        request.remove(name);
    }
}

/// Makes a request one that validates a stored response. The client's own conditions are answered by
/// us, from what comes of it.
pub fn validate(request: &mut HeaderMap, head: &Head) {
    ask_for_all(request);
    if let Some(tag) = head.headers.get(ETAG) {
        request.insert(IF_NONE_MATCH, tag.clone());
    }
    if let Some(modified) = head.headers.get(LAST_MODIFIED) {
        request.insert(IF_MODIFIED_SINCE, modified.clone());
    }
}

/// Fields of a stored response that a 304 does not change: they tell of the body, and there is none
/// (RFC 9111, section 3.2; `Content-Type` is not among them).
static OF_THE_BODY: [HeaderName; 5] = [
    hyper::header::CONTENT_ENCODING,
    hyper::header::CONTENT_LENGTH,
    hyper::header::CONTENT_RANGE,
    HeaderName::from_static("content-md5"),
    ETAG,
];

/// Updates stored fields by those of a 304, or of a response to HEAD, which are without those of one
/// connection.
pub fn update(stored: &mut HeaderMap, news: &HeaderMap) {
    for name in news.keys().filter(|name| !OF_THE_BODY.contains(name)) {
        stored.remove(name);
        for value in news.get_all(name) {
            stored.append(name.clone(), value.clone());
        }
    }
}

/// Whether a 304 is about this stored response (RFC 9111, section 4.3.4): the same tag, or none.
pub fn is_about(head: &Head, news: &HeaderMap) -> bool {
    match (news.get(ETAG), head.headers.get(ETAG)) {
        (Some(said), Some(stored)) => {
            let opaque = |tag: &HeaderValue| {
                tag.as_bytes().strip_prefix(b"W/").unwrap_or(tag.as_bytes()).to_vec()
            };
            opaque(said) == opaque(stored)
        }
        (Some(_), None) | (None, _) => true,
    }
}

/// Whether the response to a HEAD can be about a stored body: no length, tag or date contradicts
/// (RFC 9111, section 4.3.5).
pub fn tells_of_the_same(head: &Head, news: &HeaderMap) -> bool {
    [ETAG, LAST_MODIFIED, hyper::header::CONTENT_LENGTH].iter().all(|name| {
        match (head.headers.get(name), news.get(name)) {
            (Some(stored), Some(said)) => stored == said,
            (None, _) | (_, None) => true,
        }
    })
}
