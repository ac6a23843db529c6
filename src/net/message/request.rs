//! The head of a request, from bytes.
//!
//! Where one request ends and the next begins must be beyond doubt, or else one can be smuggled past whoever
//! reads it otherwise (RFC 9112, sections 2.2, 6.3 and 11.2). So nothing is forgiven that the RFC lets a
//! recipient forgive: lines that end with LF alone, two lengths, a transfer coding that is not `chunked`.

use std::mem::MaybeUninit;

use bytes::{Buf, Bytes, BytesMut};
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, StatusCode, Uri, Version};

use super::decode::BodyLength;
use super::lines::{Connection, MOST_FIELDS, decimal, end_of_head, has_bare_lf, place_of};
use crate::net::target::WholeServer;

/// Bytes of a head at most.
pub const LONGEST: usize = 64 << 10;

/// The head of a request.
#[derive(Debug)]
pub struct Head {
    /// Method, target, version and fields, but for a `Connection` that only says whether the connection goes on.
    pub parts: Parts,
    /// Where its body ends; never with the connection.
    pub length: BodyLength,
    /// Whether the client wants the connection to serve another request after it.
    pub keep_alive: bool,
    /// Whether the client waits for 100 before it sends the body (RFC 9110, section 10.1.1).
    pub expects_continue: bool,
    /// Whether the connection may serve another protocol after it.
    pub may_switch: bool,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It does not keep to the grammar.
    #[error("{0}")]
    Malformed(&'static str),
    /// Its target is longer than any that is served.
    #[error("target is too long")]
    Target,
    /// It has more bytes than [`LONGEST`], or too many lines.
    #[error("head is too long")]
    Long,
}

impl Refused {
    /// What is answered.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Target => StatusCode::URI_TOO_LONG,
            Self::Long => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// Takes the head of a request from what has come; `None`: it is not there to its end. `seen` is how much was
/// looked at before, 0 at first.
///
/// # Errors
/// What is not a head, or is one beyond the limits.
pub fn take(buffer: &mut BytesMut, seen: &mut usize) -> Result<Option<Head>, Refused> {
    // RFC 9112, section 2.2.
    while buffer.starts_with(b"\r\n") {
        buffer.advance(2);
        *seen = 0;
    }
    if buffer.starts_with(b"\n") {
        return Err(BARE_LF);
    }
    // Most come whole; one that comes byte by byte is not read from its beginning each time.
    let may_be_whole = !buffer.is_empty() && (*seen == 0 || end_of_head(buffer, *seen).is_some());
    if may_be_whole && let Some((head, used)) = parse(buffer)? {
        buffer.advance(used);
        *seen = 0;
        return Ok(Some(head));
    }
    *seen = buffer.len();
    if buffer.len() > LONGEST { Err(too_long(buffer)) } else { Ok(None) }
}

const BARE_LF: Refused = Refused::Malformed("line must end with CR LF, found LF alone");

/// The head, and how many bytes it has; `None`: its end has not come.
fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Refused> {
    let mut fields = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MOST_FIELDS];
    let mut request = httparse::Request::new(&mut []);
    let used = match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refused::Long),
        Err(httparse::Error::Version) => {
            return Err(Refused::Malformed("version must be HTTP/1.1"));
        }
        Err(_other) => return Err(Refused::Malformed("not a request")),
    };
    if used > LONGEST {
        return Err(too_long(bytes));
    }
    // A copy: what comes behind the head is not to be held on to for its sake.
    let copy = Bytes::copy_from_slice(bytes.get(..used).unwrap_or_default());
    if has_bare_lf(&copy) {
        return Err(BARE_LF);
    }
    let (mut parts, ()) = Request::new(()).into_parts();
    let method = request.method.unwrap_or_default().as_bytes();
    parts.method =
        Method::from_bytes(method).map_err(|_no_token| Refused::Malformed("no method"))?;
    let target = place_of(request.path.unwrap_or_default().as_bytes(), bytes);
    let target = Uri::from_maybe_shared(copy.slice(target));
    if parts.method == Method::OPTIONS && names_a_server(request.path.unwrap_or_default()) {
        parts.extensions.insert(WholeServer);
    }
    parts.uri = target.map_err(|_invalid| Refused::Malformed("target is no URI"))?;
    let is_old = request.version == Some(0);
    parts.version = if is_old { Version::HTTP_10 } else { Version::HTTP_11 };
    parts.headers = HeaderMap::with_capacity(request.headers.len());
    let (mut said, mut framing) = (Connection::default(), Framing::default());
    let mut expects_continue = false;
    for field in request.headers.iter() {
        if field.name.eq_ignore_ascii_case(CONNECTION.as_str()) && said.hears(field.value) {
            continue;
        }
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_maybe_shared(copy.slice(place_of(field.value, bytes)));
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(Refused::Malformed("malformed header line"));
        };
        framing.hears(&name, field.value)?;
        expects_continue |= name == EXPECT && !is_old && says_continue(field.value);
        parts.headers.append(name, value);
    }
    let length = framing.length(is_old)?;
    if parts.method == Method::CONNECT && length != BodyLength::Exactly(0) {
        // RFC 9110, section 9.3.6: what follows is the tunnel's.
        return Err(Refused::Malformed("CONNECT must have no body"));
    }
    let head = Head {
        length,
        keep_alive: said.persists(parts.version, &parts.headers),
        expects_continue,
        may_switch: parts.method == Method::CONNECT
            || (!is_old && parts.headers.contains_key(UPGRADE)),
        parts,
    };
    Ok(Some((head, used)))
}

/// Whether one of the expectations is to be told to go on.
fn says_continue(expectations: &[u8]) -> bool {
    let mut each = expectations.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    each.any(|expectation| expectation.eq_ignore_ascii_case(b"100-continue"))
}

/// Whether an absolute target has neither path nor query.
fn names_a_server(target: &str) -> bool {
    target.split_once("://").is_some_and(|(_, rest)| !rest.contains(['/', '?']))
}

/// What is wrong with a head beyond the limit.
fn too_long(bytes: &[u8]) -> Refused {
    match memchr::memchr(b'\n', bytes) {
        Some(line) if line < LONGEST / 2 => Refused::Long,
        Some(_) | None => Refused::Target,
    }
}

/// What the fields say of the length of the body.
#[derive(Debug, Default)]
struct Framing {
    length: Option<u64>,
    chunked: bool,
}

impl Framing {
    fn hears(&mut self, name: &HeaderName, value: &[u8]) -> Result<(), Refused> {
        if *name == CONTENT_LENGTH {
            let number = decimal(value).filter(|_| self.length.is_none());
            self.length =
                Some(number.ok_or(Refused::Malformed("Content-Length must be one number"))?);
        } else if *name == TRANSFER_ENCODING {
            if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(Refused::Malformed("Transfer-Encoding must be chunked, once"));
            }
            self.chunked = true;
        }
        Ok(())
    }

    /// RFC 9112, section 6.3.
    fn length(&self, is_old: bool) -> Result<BodyLength, Refused> {
        match (self.chunked, self.length) {
            (true, Some(_)) => {
                Err(Refused::Malformed("Content-Length and Transfer-Encoding exclude each other"))
            }
            (true, None) if is_old => Err(Refused::Malformed("HTTP/1.0 has no Transfer-Encoding")),
            (true, None) => Ok(BodyLength::Chunked),
            (false, length) => Ok(BodyLength::Exactly(length.unwrap_or(0))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::message::decode::{Decoder, Step};

    /// Reads requests to the last that is there to its end; tells how many there were.
    fn requests(parts: &[&[u8]]) -> Result<usize, String> {
        let (mut buffer, mut seen, mut count) = (BytesMut::new(), 0, 0);
        let mut body: Option<Decoder> = None;
        for part in parts {
            buffer.extend_from_slice(part);
            loop {
                let Some(decoder) = &mut body else {
                    let head = take(&mut buffer, &mut seen).map_err(|why| why.to_string())?;
                    let Some(head) = head else { break };
                    body = Some(Decoder::new(head.length));
                    continue;
                };
                match decoder.step(&mut buffer).map_err(|why| why.to_string())? {
                    Step::Data(_) | Step::Trailers(_) => {}
                    Step::More => break,
                    Step::End => (body, count) = (None, count + 1),
                }
            }
        }
        Ok(count)
    }

    /// What [`requests`] tells, the same however the bytes are cut.
    fn verdict(text: &str) -> Result<usize, String> {
        let whole = requests(&[text.as_bytes()]);
        for size in 1..text.len() {
            let parts: Vec<_> = text.as_bytes().chunks(size).collect();
            assert_eq!(requests(&parts), whole, "{text:?} in pieces of {size}");
        }
        whole
    }

    #[test]
    fn requests_in_order_pass() {
        for (text, count) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 2),
            ("\r\nPOST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\n\nGET / HTTP/1.1\r\n\r\n", 2),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=\"y\"\r\na\nb\r\n0\r\nT: x\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                2,
            ),
            ("CONNECT a:443 HTTP/1.1\r\n\r\n", 1),
            ("OPTIONS * HTTP/1.1\r\n\r\n", 1),
            ("GET http://a.test HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET ", 1),
        ] {
            assert_eq!(verdict(text), Ok(count), "{text:?}");
        }
    }

    #[test]
    fn doubtful_requests_are_refused() {
        let post = |head: &str| format!("POST / HTTP/1.1\r\n{head}\r\n\r\n");
        let chunks =
            |body: &str| format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let cases = [
            "GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\r\n\n".to_owned(),
            "GET / HTTP/1.1\nHost: a\n\n".to_owned(),
            "\nGET / HTTP/1.1\r\n\r\n".to_owned(),
            "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n".to_owned(),
            "GET / HTTP/2.0\r\n\r\n".to_owned(),
            "GET  / HTTP/1.1\r\n\r\n".to_owned(),
            "GET /\r\n\r\n".to_owned(),
            "G(T / HTTP/1.1\r\n\r\n".to_owned(),
            "GET /a b HTTP/1.1\r\n\r\n".to_owned(),
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "CONNECT a:443 HTTP/1.1\r\nContent-Length: 1\r\n\r\n".to_owned(),
            post("A: b\r\n c"),
            post(" A: b"),
            post("Content-Length : 5"),
            post("A: b\0c"),
            post("no field"),
            post("Content-Length: 5\r\nTransfer-Encoding: chunked"),
            post("Transfer-Encoding: chunked\r\nContent-Length: 5"),
            post("Content-Length: 5\r\nContent-Length: 5"),
            post("Content-Length: 5, 5"),
            post("Content-Length: +5"),
            post("Content-Length: 0x5"),
            post("Content-Length:"),
            post("Content-Length: 99999999999999999999"),
            post("Transfer-Encoding: xchunked"),
            post("Transfer-Encoding: gzip, chunked"),
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            post("Transfer-Encoding: identity"),
            post("Transfer-Encoding:"),
            chunks("x\r\n"),
            chunks("-1\r\n"),
            chunks("0x3\r\nabc\r\n"),
            chunks("1000000000000000\r\n"),
            chunks("3\r\nabcd\r\n"),
            chunks("3\nabc\r\n"),
            chunks("3\r\nabc\n"),
            chunks("0\r\nA: b\r\n c\r\n\r\n"),
            chunks("0\r\nA: b\nC: d\r\n\r\n"),
        ];
        for text in cases {
            assert!(verdict(&text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn options_without_a_path_ask_for_the_whole_server() {
        for (line, whole) in [
            ("OPTIONS http://a.test", true),
            ("OPTIONS http://a.test/", false),
            ("OPTIONS http://a.test?q", false),
            ("OPTIONS *", false),
            ("GET http://a.test", false),
        ] {
            let head = taken(&format!("{line} HTTP/1.1\r\n\r\n"));
            assert_eq!(head.parts.extensions.get::<WholeServer>().is_some(), whole, "{line}");
        }
    }

    fn taken(text: &str) -> Head {
        take(&mut text.as_bytes().into(), &mut 0).unwrap().unwrap()
    }

    #[test]
    fn a_head_tells_whether_the_connection_goes_on() {
        for (version, fields, keep_alive) in [
            ("1.1", "", true),
            ("1.1", "Connection: close\r\n", false),
            ("1.1", "Connection: keep-alive\r\nConnection: X, Close\r\n", false),
            ("1.0", "", false),
            ("1.0", "Connection: Keep-Alive\r\n", true),
        ] {
            let head = taken(&format!("GET / HTTP/{version}\r\n{fields}\r\n"));
            assert_eq!(head.keep_alive, keep_alive, "{version} {fields:?}");
        }
    }

    #[test]
    fn only_a_client_of_http_1_1_waits_for_100_or_switches() {
        let fields = "Expect: y, 100-Continue\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\n";
        for (version, more, expected) in
            [("1.1", "", true), ("1.1", "Expect: x\r\n", true), ("1.0", "", false)]
        {
            let head = taken(&format!("PUT / HTTP/{version}\r\n{more}{fields}"));
            assert_eq!((head.expects_continue, head.may_switch), (expected, expected));
        }
    }

    #[test]
    fn a_head_has_an_end_to_its_bytes_and_lines() {
        let status = |text: String| {
            let taken = take(&mut text.as_bytes().into(), &mut 0);
            taken.map(|head| head.is_some()).map_err(Refused::status)
        };
        let lines = |count| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
        let path = |length| format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(length));
        assert_eq!(status(lines(MOST_FIELDS)), Ok(true));
        let long = Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        assert_eq!(status(lines(MOST_FIELDS + 1)), long);
        assert_eq!(status(path(60_000)), Ok(true));
        assert_eq!(status(lines(10_000)), long);
        assert_eq!(status(path(LONGEST)), Err(StatusCode::URI_TOO_LONG));
        assert_eq!(status("G".repeat(LONGEST)), Ok(false));
        assert_eq!(status("G".repeat(LONGEST + 1)), Err(StatusCode::URI_TOO_LONG));
    }
}
