//! The head of a response, from bytes.
//!
//! RFC 9112, sections 4 (status line), 5 (fields) and 6.3 (length of the body).

use std::mem::MaybeUninit;

use bytes::{Buf, Bytes, BytesMut};
use hyper::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::http::response::Parts;
use hyper::{HeaderMap, Method, Response, StatusCode, Version};

use super::decode::{BodyLength, Malformed};
use super::lines::{Connection, LONGEST, MOST_FIELDS, decimal, empty_line, end_of_head, place_of};

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
/// What is not a head, or one of more than 128 KiB or 100 lines.
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
    let keep_alive =
        length != BodyLength::UntilClose && said.persists(parts.version, &parts.headers);
    Ok(Some((Head { parts, length, keep_alive }, used)))
}

/// Room for the fields that a proxy adds.
const SPARE: usize = 2;

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
}
