//! Responses to bytes.
//!
//! RFC 9112, sections 4, 6 and 7.1; RFC 9110, sections 6.5.1 (trailers), 6.6.1 (`Date`) and 8.6
//! (`Content-Length`).

use std::io::Write;

use hyper::header::{
    CONNECTION, CONTENT_LENGTH, DATE, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING,
};
use hyper::http::response::Parts;
use hyper::{HeaderMap, Method, StatusCode, Version};

use super::lines::decimal;
use super::request::Head;
use crate::net::headers::{has_token, may_trail};

/// What has to be known of a request to answer it.
#[derive(Debug, Clone, Copy)]
pub struct Question {
    method: Kind,
    /// HTTP/1.0.
    is_old: bool,
    takes_trailers: bool,
    /// Whether the connection may serve another request after it.
    pub keep_alive: bool,
}

/// A method, as far as it matters to responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Head,
    Connect,
    Other,
}

impl Question {
    /// Of a request with this head.
    pub fn of(head: &Head) -> Self {
        let Head { parts, keep_alive, .. } = head;
        Self {
            method: match parts.method {
                Method::HEAD => Kind::Head,
                Method::CONNECT => Kind::Connect,
                _ => Kind::Other,
            },
            is_old: parts.version == Version::HTTP_10,
            takes_trailers: parts.headers.contains_key(TE)
                && has_token(&parts.headers, &TE, "trailers"),
            keep_alive: *keep_alive,
        }
    }

    /// Of a request that could not be read.
    pub fn unread() -> Self {
        Self { method: Kind::Other, is_old: false, takes_trailers: false, keep_alive: false }
    }

    /// Whether such a response makes the connection one of another protocol.
    pub fn switches(self, status: StatusCode) -> bool {
        status == StatusCode::SWITCHING_PROTOCOLS
            || (self.method == Kind::Connect && status.is_success())
    }

    /// Whether such a response has a body.
    fn allows_body(self, status: StatusCode) -> bool {
        self.method != Kind::Head && !self.switches(status) && !is_bodiless(status)
    }
}

fn is_bodiless(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// How the body of a response goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transfer {
    /// Not at all.
    Nothing,
    /// So many bytes are still to come.
    Exactly(u64),
    /// In chunks, with trailers or without.
    Chunked {
        /// Whether the client takes trailers.
        trailers: bool,
    },
    /// To the end of the connection.
    UntilClose,
}

/// Room for a status line, and for the fields that are added.
const ROOM: usize = 160;

/// Writes the head of a response whose body has `size` bytes, if that is known. Returns how the body goes, and
/// whether the connection may serve another request after it.
///
/// The size that a body knows of itself counts more than what `Content-Length` says. Fields that tell how this
/// message is framed are replaced; `date` is what `Date` says where it is missing.
pub fn head(
    out: &mut Vec<u8>,
    response: &Parts,
    question: Question,
    size: Option<u64>,
    date: fn() -> HeaderValue,
) -> (Transfer, bool) {
    let Parts { status, headers, .. } = response;
    let fields = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    out.reserve(ROOM + fields.sum::<usize>());
    status_line(out, *status);
    let switches = question.switches(*status);
    let said = headers.get(CONTENT_LENGTH).and_then(|value| decimal(value.as_bytes()));
    let transfer = match size.or(said) {
        _ if !question.allows_body(*status) => Transfer::Nothing,
        Some(length) => Transfer::Exactly(length),
        None if question.is_old => Transfer::UntilClose,
        None => Transfer::Chunked { trailers: question.takes_trailers },
    };
    debug_assert!(
        !question.allows_body(*status) || size.is_none() || said.is_none() || size == said,
        "a body of {size:?} bytes says {said:?}"
    );
    // What follows a CONNECT may be meant for the tunnel.
    let ends = question.method == Kind::Connect || switches || transfer == Transfer::UntilClose;
    let mut keep_alive = question.keep_alive && !ends;
    let (mut dated, mut closes) = (false, false);
    for (name, value) in headers {
        if *name == CONTENT_LENGTH || *name == TRANSFER_ENCODING {
            continue;
        }
        if *name == TRAILER && !matches!(transfer, Transfer::Chunked { .. }) {
            continue;
        }
        if *name == CONNECTION {
            closes |= value.as_bytes().eq_ignore_ascii_case(b"close");
        }
        dated |= *name == DATE;
        field(out, name, value.as_bytes());
    }
    if !dated {
        field(out, &DATE, date().as_bytes());
    }
    match transfer {
        Transfer::Exactly(length) => {
            field(out, &CONTENT_LENGTH, itoa::Buffer::new().format(length).as_bytes());
        }
        Transfer::Chunked { .. } => field(out, &TRANSFER_ENCODING, b"chunked"),
        // What a GET would have had.
        Transfer::Nothing if question.method == Kind::Head && !is_bodiless(*status) => {
            if let Some(length) = said.or_else(|| size.filter(|size| *size > 0)) {
                field(out, &CONTENT_LENGTH, itoa::Buffer::new().format(length).as_bytes());
            }
        }
        Transfer::Nothing | Transfer::UntilClose => {}
    }
    keep_alive &= !closes;
    if !keep_alive && !closes && !switches {
        field(out, &CONNECTION, b"close");
    } else if keep_alive && question.is_old {
        field(out, &CONNECTION, b"keep-alive");
    }
    out.extend_from_slice(b"\r\n");
    (transfer, keep_alive)
}

fn status_line(out: &mut Vec<u8>, status: StatusCode) {
    if status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    for part in ["HTTP/1.1 ", status.as_str(), " "] {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Writes a field.
pub fn field(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Writes an interim response (1xx), which has no content, with these fields.
pub fn interim<'a>(
    out: &mut Vec<u8>,
    status: StatusCode,
    fields: impl IntoIterator<Item = (&'a HeaderName, &'a HeaderValue)>,
) {
    status_line(out, status);
    for (name, value) in fields {
        field(out, name, value.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes what stands before a chunk of so many bytes; behind it stands [`CHUNK_END`].
pub fn chunk_begin(out: &mut Vec<u8>, size: impl std::fmt::LowerHex) {
    write!(out, "{size:x}\r\n").ok(); // memory takes it all
}

/// What stands behind a chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// Writes the last chunk, with those of these trailers that may stand there.
pub fn last_chunk(out: &mut Vec<u8>, trailers: Option<&HeaderMap>) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers.into_iter().flatten().filter(|(name, _)| may_trail(name)) {
        field(out, name, value.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use hyper::Response;

    use super::super::request::take;
    use super::*;

    /// The head of a response to this request, and how it goes on.
    fn answer(
        request: &str,
        status: u16,
        fields: &[(&str, &str)],
        size: Option<u64>,
    ) -> (String, Transfer, bool) {
        let head = take(&mut BytesMut::from(request), &mut 0).unwrap().unwrap();
        let mut response = Response::builder().status(status);
        for (name, value) in fields {
            response = response.header(*name, *value);
        }
        let (response, ()) = response.body(()).unwrap().into_parts();
        let mut out = Vec::new();
        let date = || HeaderValue::from_static("now");
        let (transfer, keep_alive) =
            super::head(&mut out, &response, Question::of(&head), size, date);
        (String::from_utf8(out).unwrap(), transfer, keep_alive)
    }

    const GET: &str = "GET / HTTP/1.1\r\n\r\n";
    const HEAD: &str = "HEAD / HTTP/1.1\r\n\r\n";
    const OLD: &str = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    const CONNECT: &str = "CONNECT a:1 HTTP/1.1\r\n\r\n";
    const TRAILERS: &str = "GET / HTTP/1.1\r\nTE: gzip, trailers\r\n\r\n";

    #[test]
    fn a_head_says_where_its_body_ends() {
        use Transfer::{Chunked, Exactly, Nothing, UntilClose};
        let length = ("content-length", "5");
        let cases = [
            (GET, 200, None, Some(5), "content-length: 5\r\n", Exactly(5)),
            (GET, 200, Some(length), None, "content-length: 5\r\n", Exactly(5)),
            (GET, 200, Some(length), Some(5), "content-length: 5\r\n", Exactly(5)),
            (GET, 200, Some(("content-length", "x")), Some(0), "content-length: 0\r\n", Exactly(0)),
            (GET, 200, None, None, "transfer-encoding: chunked\r\n", Chunked { trailers: false }),
            (
                TRAILERS,
                200,
                None,
                None,
                "transfer-encoding: chunked\r\n",
                Chunked { trailers: true },
            ),
            (OLD, 200, None, None, "connection: close\r\n", UntilClose),
            (
                OLD,
                200,
                None,
                Some(5),
                "content-length: 5\r\nconnection: keep-alive\r\n",
                Exactly(5),
            ),
            (HEAD, 200, Some(length), Some(0), "content-length: 5\r\n", Nothing),
            (HEAD, 200, None, Some(5), "content-length: 5\r\n", Nothing),
            (HEAD, 200, None, None, "", Nothing),
            (GET, 204, Some(length), Some(0), "", Nothing),
            (GET, 304, Some(length), Some(0), "", Nothing),
            (CONNECT, 200, Some(length), Some(0), "", Nothing),
            (CONNECT, 403, None, Some(5), "content-length: 5\r\nconnection: close\r\n", Exactly(5)),
        ];
        for (request, status, field, size, framing, transfer) in cases {
            let fields: Vec<_> = field.into_iter().collect();
            let (head, found, _) = answer(request, status, &fields, size);
            let end = format!("\r\ndate: now\r\n{framing}\r\n");
            assert!(head.ends_with(&end), "{request:?} {status} {field:?}: {head:?}");
            assert_eq!(found, transfer, "{request:?} {status} {field:?}");
        }
    }

    #[test]
    fn a_head_has_its_fields_once_and_nothing_of_another_framing() {
        let fields = [
            ("date", "then"),
            ("x", "1"),
            ("x", "2"),
            ("transfer-encoding", "gzip"),
            ("trailer", "t"),
            ("content-length", "5"),
        ];
        let (head, _, keep_alive) = answer(GET, 299, &fields, None);
        assert_eq!(
            head,
            "HTTP/1.1 299 \r\ndate: then\r\nx: 1\r\nx: 2\r\ncontent-length: 5\r\n\r\n"
        );
        assert!(keep_alive);
    }

    #[test]
    fn a_connection_goes_on_if_both_sides_want_it() {
        let close = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";
        for (request, fields, keep_alive) in [
            (GET, &[][..], true),
            (close, &[], false),
            (GET, &[("connection", "close")], false),
            (OLD, &[], true),
        ] {
            let (head, _, found) = answer(request, 200, fields, Some(1));
            assert_eq!(found, keep_alive, "{head}");
            assert_eq!(head.matches("connection: close\r\n").count(), usize::from(!keep_alive));
        }
        let (head, transfer, found) =
            answer(GET, 101, &[("connection", "upgrade"), ("upgrade", "x")], Some(0));
        assert!(
            head.contains("\r\nconnection: upgrade\r\nupgrade: x\r\ndate: now\r\n\r\n"),
            "{head}"
        );
        assert_eq!((transfer, found), (Transfer::Nothing, false));
    }

    #[test]
    fn only_what_may_stand_there_comes_after_the_last_chunk() {
        let trailers = [(TRAILER, "t"), (HeaderName::from_static("t"), "1")];
        let trailers = trailers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        let mut out = Vec::new();
        last_chunk(&mut out, Some(&HeaderMap::from_iter(trailers)));
        assert_eq!(out, b"0\r\nt: 1\r\n\r\n");
    }
}
