//! The head of a stored response as bytes, and back.
//!
//! Lines: URL; status, times and part; one line `?name` or `?name: value` for each selecting field;
//! the fields. No line holds a line end: URLs and fields cannot.

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};

use crate::cache::freshness::Exchange;
use crate::cache::moment::Moment;
use crate::cache::stored::{Head, Received, Terms};
use crate::cache::vary::Vary;

/// Writes a head.
pub fn encode(head: &Head) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let Exchange { requested, received } = head.exchange;
    out.extend_from_slice(head.url.as_bytes());
    let line = format!("\n{} {} {}\n", head.status.as_u16(), requested.0, received.0);
    out.extend_from_slice(line.as_bytes());
    for (name, value) in head.vary.rows() {
        out.push(b'?');
        out.extend_from_slice(name.as_str().as_bytes());
        if let Some(value) = value {
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
        }
        out.push(b'\n');
    }
    // What is derived on reading needs the age that it came with.
    let age = format!(
        "age: {}\n",
        head.initial_age.as_secs().saturating_sub(received.since(requested).as_secs())
    );
    out.extend_from_slice(age.as_bytes());
    for (name, value) in &head.headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.push(b'\n');
    }
    out
}

/// Reads a head; `None` if it is none.
pub fn decode(bytes: &[u8], terms: &Terms) -> Option<Head> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let url = std::str::from_utf8(lines.next()?).ok()?;
    let numbers = std::str::from_utf8(lines.next()?).ok()?;
    let mut numbers = numbers.split(' ');
    let status = StatusCode::from_bytes(numbers.next()?.as_bytes()).ok()?;
    let mut moment = || numbers.next()?.parse().ok().map(Moment);
    let exchange = Exchange { requested: moment()?, received: moment()? };
    let (mut vary, mut headers) = (Vec::new(), HeaderMap::new());
    for line in lines.filter(|line| !line.is_empty()) {
        if let Some(selecting) = line.strip_prefix(b"?") {
            let (name, value) = split(selecting);
            vary.push((HeaderName::from_bytes(name).ok()?, value.map(Into::into)));
        } else {
            let (name, value) = split(line);
            headers
                .append(HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value?).ok()?);
        }
    }
    let vary = Vary::from_rows(vary);
    Some(Head::new(Received { url, status, headers, vary, exchange }, terms))
}

fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    match line.iter().position(|byte| *byte == b':') {
        None => (line, None),
        Some(at) => {
            let (name, rest) = line.split_at_checked(at).unwrap_or((line, b""));
            (name, Some(rest.strip_prefix(b": ").unwrap_or_default()))
        }
    }
}
