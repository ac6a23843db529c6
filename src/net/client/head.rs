//! The head of a response, from bytes: pure.
//!
//! RFC 9112, sections 4 (status line), 5 (fields) and 6.3 (length of the body).

use std::mem::MaybeUninit;

use bytes::{Buf, Bytes, BytesMut};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::http::response::Parts;
use hyper::{HeaderMap, Method, Response, StatusCode, Version};

use super::decode::{BodyLength, Malformed};
use crate::net::headers::has_token;

/// Bytes of a head at most.
pub const LONGEST: usize = 128 << 10;

/// Lines of a head at most.
pub const MOST_FIELDS: usize = 100;

/// The head of a response.
#[derive(Debug)]
pub struct Head {
    /// Status, version and fields.
    pub parts: Parts,
    /// Where its body ends.
    pub length: BodyLength,
    /// Whether the connection may serve another request after it.
    pub keep_alive: bool,
}

/// Takes the head of a response to a request with `method` from what has come; `None`: it is not there to
/// its end. `seen` is how much was looked at before, 0 at first.
///
/// # Errors
/// What is not a head, or a longer one than [`LONGEST`].
pub fn take(
    buffer: &mut BytesMut,
    seen: &mut usize,
    method: &Method,
) -> Result<Option<Head>, Malformed> {
    let Some(end) = end_of_head(buffer, *seen) else {
        *seen = buffer.len();
        return if buffer.len() > LONGEST { Err(Malformed("head is too long")) } else { Ok(None) };
    };
    let bytes = buffer.split_to(end).freeze();
    *seen = 0;
    parse(&bytes, method).map(Some)
}

/// Where the empty line ends that ends a head; `seen` bytes hold none.
fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
    let mut at = seen.saturating_sub(2);
    loop {
        at += memchr::memchr(b'\n', bytes.get(at..)?)? + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

fn parse(bytes: &Bytes, method: &Method) -> Result<Head, Malformed> {
    let mut fields = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut fields,
    );
    match parsed {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Err(Malformed("head ends early")),
        Err(httparse::Error::TooManyHeaders) => return Err(Malformed("too many header lines")),
        Err(_other) => return Err(Malformed("not a response")),
    }
    let mut headers = HeaderMap::with_capacity(response.headers.len() + SPARE);
    for field in response.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value));
        match (name, value) {
            (Ok(name), Ok(value)) => headers.append(name, value),
            _ => return Err(Malformed("malformed header line")),
        };
    }
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
    let version = if response.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut built = Response::new(());
    *built.status_mut() = status.ok_or(Malformed("status is no number from 100 to 999"))?;
    *built.version_mut() = version;
    *built.headers_mut() = headers;
    let (parts, ()) = built.into_parts();
    let length = length(&parts, method)?;
    let keep_alive = length != BodyLength::UntilClose && persists(&parts);
    Ok(Head { parts, length, keep_alive })
}

/// Room for the fields that a proxy adds.
const SPARE: usize = 2;

/// RFC 9112, section 9.3.
fn persists(head: &Parts) -> bool {
    if !head.headers.contains_key(CONNECTION) {
        return head.version == Version::HTTP_11;
    }
    let says = |token| has_token(&head.headers, &CONNECTION, token);
    !says("close") && (head.version == Version::HTTP_11 || says("keep-alive"))
}

/// RFC 9112, section 6.3. A coding other than one `chunked` would be lost on the way, and is refused.
fn length(head: &Parts, method: &Method) -> Result<BodyLength, Malformed> {
    let coded = head.headers.contains_key(TRANSFER_ENCODING);
    if coded && !is_chunked(&head.headers) {
        return Err(Malformed("response has an unknown transfer coding"));
    }
    if coded && head.version == Version::HTTP_10 {
        return Err(Malformed("response of HTTP/1.0 has a transfer coding"));
    }
    let bodiless = head.status.is_informational()
        || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
        || *method == Method::HEAD
        || (*method == Method::CONNECT && head.status.is_success());
    if bodiless {
        return Ok(BodyLength::Exactly(0));
    }
    if coded {
        return Ok(BodyLength::Chunked);
    }
    let mut said = None;
    for value in head.headers.get_all(CONTENT_LENGTH) {
        // Some say it twice, or as a list: the same number is no contradiction.
        for number in value.as_bytes().split(|&byte| byte == b',') {
            let number = decimal(number.trim_ascii())
                .filter(|number| said.is_none_or(|said| said == *number))
                .ok_or(Malformed("Content-Length must be one number"))?;
            said = Some(number);
        }
    }
    Ok(said.map_or(BodyLength::UntilClose, BodyLength::Exactly))
}

fn is_chunked(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(TRANSFER_ENCODING).into_iter();
    let first = codings.next();
    codings.next().is_none()
        && first.is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
}

/// A number of at most 18 digits.
fn decimal(digits: &[u8]) -> Option<u64> {
    let fits = (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| fits)?.parse().ok()
}

/// Takes the fields after the last chunk, and the empty line behind them; `None`: they are not there to
/// their end.
///
/// # Errors
/// What are no fields, more than [`MOST_FIELDS`], or more bytes than [`LONGEST`].
pub fn take_trailers(buffer: &mut BytesMut) -> Result<Option<HeaderMap>, Malformed> {
    if buffer.starts_with(b"\r\n") {
        buffer.advance(2);
        return Ok(Some(HeaderMap::new()));
    }
    let Some(end) = end_of_head(buffer, 0) else {
        let long = buffer.len() > LONGEST;
        return if long { Err(Malformed("trailers are too long")) } else { Ok(None) };
    };
    let bytes = buffer.split_to(end).freeze();
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let Ok(httparse::Status::Complete((_, fields))) = httparse::parse_headers(&bytes, &mut fields)
    else {
        return Err(Malformed("malformed trailers"));
    };
    let mut trailers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_maybe_shared(bytes.slice_ref(field.value));
        match (name, value) {
            (Ok(name), Ok(value)) => trailers.append(name, value),
            _ => return Err(Malformed("malformed trailers")),
        };
    }
    Ok(Some(trailers))
}
