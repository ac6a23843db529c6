//! The head of a response, from bytes: pure.
//!
//! RFC 9112, sections 4 (status line), 5 (fields) and 6.3 (length of the body).

use std::mem::MaybeUninit;
use std::ops::Range;

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
    /// Status, version and fields, but for a `Connection` that only says whether the connection goes on.
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
    // Empty lines before a head are passed over, as others do (RFC 9112, section 2.2).
    while let Some(empty) = empty_line(buffer) {
        buffer.advance(empty);
        *seen = 0;
    }
    // Most come whole; one that comes byte by byte is not read from its beginning each time.
    let may_be_whole = !buffer.is_empty() && (*seen == 0 || end_of_head(buffer, *seen).is_some());
    let parsed = if may_be_whole { parse(buffer, method) } else { Ok(None) };
    match parsed {
        Ok(Some((head, used))) => {
            buffer.advance(used);
            *seen = 0;
            Ok(Some(head))
        }
        // Judged when it is whole, so that it does not matter how it was cut.
        Err(malformed) if end_of_head(buffer, 0).is_some() => Err(malformed),
        Ok(None) | Err(_) if buffer.len() > LONGEST => Err(Malformed("head is too long")),
        Ok(None) | Err(_) => {
            *seen = buffer.len();
            Ok(None)
        }
    }
}

/// The length of an empty line at the beginning.
fn empty_line(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// Where the empty line ends that ends a head, or one behind it; `seen` bytes hold none.
fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
    let mut at = seen.saturating_sub(3);
    if let Some(found) = memchr::memmem::find(bytes.get(at..)?, b"\r\n\r\n") {
        return Some(at + found + 4);
    }
    loop {
        at += memchr::memchr(b'\n', bytes.get(at..)?)? + 1;
        if let Some(empty) = empty_line(bytes.get(at..)?) {
            return Some(at + empty);
        }
    }
}

/// The head, and how many bytes it has; `None`: its end has not come.
fn parse(bytes: &[u8], method: &Method) -> Result<Option<(Head, usize)>, Malformed> {
    let mut fields = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        bytes,
        &mut fields,
    );
    let used = match parsed {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Malformed("too many header lines")),
        Err(_other) => return Err(Malformed("not a response")),
    };
    // A copy: what comes behind the head is not to be held on to for its sake.
    let copy = Bytes::copy_from_slice(bytes.get(..used).unwrap_or_default());
    let mut headers = HeaderMap::with_capacity(response.headers.len() + SPARE);
    let mut said = Connection::default();
    let mut framing = Framing::default();
    for field in response.headers.iter() {
        if field.name.eq_ignore_ascii_case(CONNECTION.as_str()) && said.hears(field.value) {
            continue;
        }
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_maybe_shared(copy.slice(place_of(field.value, bytes)));
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(Malformed("malformed header line"));
        };
        framing.hears(&name, field.value);
        headers.append(name, value);
    }
    let status = response.code.and_then(|code| StatusCode::from_u16(code).ok());
    let version = if response.version == Some(0) { Version::HTTP_10 } else { Version::HTTP_11 };
    let mut built = Response::new(());
    *built.status_mut() = status.ok_or(Malformed("status is no number from 100 to 999"))?;
    *built.version_mut() = version;
    *built.headers_mut() = headers;
    let (mut parts, ()) = built.into_parts();
    let length = length(&parts, &framing, method)?;
    if let BodyLength::Exactly(length @ 1..) = length
        && framing.repeats
    {
        // A length that was said twice goes on once (RFC 9110, section 8.6).
        parts.headers.insert(CONTENT_LENGTH, length.into());
    }
    let keep_alive = length != BodyLength::UntilClose && said.persists(&parts);
    Ok(Some((Head { parts, length, keep_alive }, used)))
}

/// Where a part of `whole` lies in it.
fn place_of(part: &[u8], whole: &[u8]) -> Range<usize> {
    let begins = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    begins..begins + part.len()
}

/// Room for the fields that a proxy adds.
const SPARE: usize = 2;

/// What `Connection` says where it says no more than is usual: that is not kept as a field, for it goes no
/// further and names none.
#[derive(Debug, Default)]
struct Connection {
    close: bool,
    keep_alive: bool,
}

impl Connection {
    /// Whether a line says only what is usual.
    fn hears(&mut self, value: &[u8]) -> bool {
        let close = value.eq_ignore_ascii_case(b"close");
        let keep_alive = value.eq_ignore_ascii_case(b"keep-alive");
        self.close |= close;
        self.keep_alive |= keep_alive;
        close || keep_alive
    }

    /// RFC 9112, section 9.3.
    fn persists(&self, head: &Parts) -> bool {
        let says = |said, token| said || has_token(&head.headers, &CONNECTION, token);
        !says(self.close, "close")
            && (head.version == Version::HTTP_11 || says(self.keep_alive, "keep-alive"))
    }
}

/// What the fields say of the length of the body.
#[derive(Debug, Default)]
struct Framing {
    /// How many lines name transfer codings.
    codings: usize,
    /// Whether the last of them says `chunked` and no more.
    chunked: bool,
    length: Option<u64>,
    /// The length is no number, or two of them.
    contradicts: bool,
    /// The length is said more than once.
    repeats: bool,
}

impl Framing {
    fn hears(&mut self, name: &HeaderName, value: &[u8]) {
        if *name == TRANSFER_ENCODING {
            self.codings += 1;
            self.chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if *name == CONTENT_LENGTH {
            // Some say it twice, or as a list: the same number is no contradiction.
            for number in value.split(|&byte| byte == b',') {
                let number = decimal(number.trim_ascii());
                self.repeats |= self.length.is_some();
                self.contradicts |=
                    number.is_none() || self.length.is_some_and(|said| Some(said) != number);
                self.length = number;
            }
        }
    }
}

/// RFC 9112, section 6.3. A coding other than one `chunked` would be lost on the way, and is refused.
fn length(head: &Parts, framing: &Framing, method: &Method) -> Result<BodyLength, Malformed> {
    let coded = framing.codings > 0;
    if coded && !(framing.codings == 1 && framing.chunked) {
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
    if framing.contradicts {
        return Err(Malformed("Content-Length must be one number"));
    }
    Ok(framing.length.map_or(BodyLength::UntilClose, BodyLength::Exactly))
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
    if buffer.starts_with(b"\n") {
        return Err(Malformed("malformed trailers"));
    }
    let Some(end) = end_of_head(buffer, 0) else {
        let long = buffer.len() > LONGEST;
        return if long { Err(Malformed("trailers are too long")) } else { Ok(None) };
    };
    let bytes = buffer.split_to(end).freeze();
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let fields = match httparse::parse_headers(&bytes, &mut fields) {
        Ok(httparse::Status::Complete((used, fields))) if used == bytes.len() => fields,
        Ok(_) | Err(_) => return Err(Malformed("malformed trailers")),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The head that bytes come to, the same however they are cut, and how many are left.
    fn taken(method: &Method, bytes: &[u8]) -> Result<Option<(u16, BodyLength, bool)>, Malformed> {
        let take_in_parts = |size: usize| {
            let (mut buffer, mut seen) = (BytesMut::new(), 0);
            for part in bytes.chunks(size) {
                buffer.extend_from_slice(part);
                if let Some(head) = take(&mut buffer, &mut seen, method)? {
                    return Ok(Some((head.parts.status.as_u16(), head.length, head.keep_alive)));
                }
            }
            Ok(None)
        };
        let whole = take_in_parts(bytes.len());
        for size in 1..bytes.len() {
            assert_eq!(take_in_parts(size), whole, "{:?} in parts of {size}", bytes.escape_ascii());
        }
        whole
    }

    #[test]
    fn a_head_tells_where_its_body_ends_and_whether_the_connection_goes_on() {
        use BodyLength::{Chunked, Exactly, UntilClose};
        let cases = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", Exactly(5), true),
            ("HTTP/1.1 200\r\nContent-Length: 5\r\nContent-Length: 5, 5\r\n", Exactly(5), true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: x, Close\r\n", Exactly(5), false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n", Exactly(5), false),
            (
                "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n",
                Exactly(5),
                true,
            ),
            ("HTTP/1.1 200 OK\r\n", UntilClose, false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n", Chunked, true),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                Chunked,
                true,
            ),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n", Exactly(0), true),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n", Exactly(0), true),
            ("HTTP/1.1 103 Early Hints\r\n", Exactly(0), true),
        ];
        for (head, length, keep_alive) in cases {
            let found = taken(&Method::GET, format!("{head}\r\n").as_bytes());
            let found = found.map(|head| head.map(|(_, length, keep_alive)| (length, keep_alive)));
            assert_eq!(found, Ok(Some((length, keep_alive))), "{head:?}");
        }
    }

    #[test]
    fn lines_may_end_with_lf_alone_whatever_the_body_holds() {
        let text = "HTTP/1.1 200 OK\nContent-Length: 9\n\nab\r\n\r\ncde";
        let (mut buffer, mut seen) = (BytesMut::from(text), 0);
        let head = take(&mut buffer, &mut seen, &Method::GET).unwrap().unwrap();
        assert_eq!((head.length, &buffer[..]), (BodyLength::Exactly(9), &b"ab\r\n\r\ncde"[..]));
    }

    #[test]
    fn what_is_asked_for_without_a_body_has_none() {
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        for method in [Method::HEAD, Method::CONNECT] {
            assert_eq!(taken(&method, head), Ok(Some((200, BodyLength::Exactly(0), true))));
        }
    }

    #[test]
    fn heads_that_others_might_read_otherwise_are_refused() {
        for head in [
            "nonsense\r\n",
            "HTTP/2 200 OK\r\n",
            "HTTP/1.1 20 OK\r\n",
            "HTTP/1.1 200 OK\r\nno field\r\n",
            "HTTP/1.1 200 OK\r\nA : b\r\n",
            "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
        ] {
            assert!(taken(&Method::GET, format!("{head}\r\n").as_bytes()).is_err(), "{head:?}");
        }
    }

    #[test]
    fn a_head_has_an_end_to_its_bytes_and_lines() {
        let lines = |count| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(count));
        let take = |text: String| take(&mut text.as_bytes().into(), &mut 0, &Method::GET);
        assert!(take(lines(MOST_FIELDS)).is_ok_and(|head| head.is_some()));
        assert!(take(lines(MOST_FIELDS + 1)).is_err());
        assert!(take("x".repeat(LONGEST)).is_ok_and(|head| head.is_none()));
        assert!(take("x".repeat(LONGEST + 1)).is_err());
    }

    #[test]
    fn trailers_are_fields_and_an_empty_line() {
        let trailers = |text: &str| take_trailers(&mut text.as_bytes().into());
        assert_eq!(trailers("\r\nmore").map(|found| found.map(|map| map.len())), Ok(Some(0)));
        assert_eq!(trailers("A: b\r\n\r\n").map(|found| found.map(|map| map.len())), Ok(Some(1)));
        assert_eq!(trailers("A: b\r\n"), Ok(None));
        assert!(trailers("A b\r\n\r\n").is_err());
        assert!(trailers("\n").is_err() && trailers("A: b\n\nmore\r\n\r\n").is_err());
    }
}
