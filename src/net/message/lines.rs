//! What heads of requests and of responses have in common.

use std::ops::Range;

use bytes::{Buf, BytesMut};
use hyper::header::{CONNECTION, HeaderName, HeaderValue};
use hyper::{HeaderMap, Version};

use super::decode::Malformed;
use crate::net::headers::has_token;

/// Bytes of a head at most.
pub(super) const LONGEST: usize = 128 << 10;

/// Lines of a head at most.
pub(super) const MOST_FIELDS: usize = 100;

/// The length of an empty line at the beginning.
pub(super) fn empty_line(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\n', ..] => Some(1),
        [b'\r', b'\n', ..] => Some(2),
        _ => None,
    }
}

/// Where the empty line ends that ends a head, or one behind it; `seen` bytes hold none.
pub(super) fn end_of_head(bytes: &[u8], seen: usize) -> Option<usize> {
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

/// Where a part of `whole` lies in it.
pub(super) fn place_of(part: &[u8], whole: &[u8]) -> Range<usize> {
    let begins = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    begins..begins + part.len()
}

/// What `Connection` says where it says no more than is usual: that is not kept as a field, for it goes no
/// further and names none.
#[derive(Debug, Default)]
pub(super) struct Connection {
    close: bool,
    keep_alive: bool,
}

impl Connection {
    /// Whether a line says only what is usual.
    pub(super) fn hears(&mut self, value: &[u8]) -> bool {
        let close = value.eq_ignore_ascii_case(b"close");
        let keep_alive = value.eq_ignore_ascii_case(b"keep-alive");
        self.close |= close;
        self.keep_alive |= keep_alive;
        close || keep_alive
    }

    /// RFC 9112, section 9.3.
    pub(super) fn persists(&self, version: Version, headers: &HeaderMap) -> bool {
        let says = |said, token| said || has_token(headers, &CONNECTION, token);
        !says(self.close, "close")
            && (version == Version::HTTP_11 || says(self.keep_alive, "keep-alive"))
    }
}

/// A number of at most 18 digits.
pub(super) fn decimal(digits: &[u8]) -> Option<u64> {
    let fits = (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| fits)?.parse().ok()
}

/// Whether a line ends with LF alone. Some readers take that for the end of a line, and some do not (RFC 9112,
/// section 2.2).
pub(super) fn has_bare_lf(lines: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', lines)
        .any(|at| at.checked_sub(1).and_then(|before| lines.get(before)) != Some(&b'\r'))
}

/// Takes the fields after the last chunk, and the empty line behind them; `None`: they are not there to
/// their end.
///
/// # Errors
/// What are no fields, more than [`MOST_FIELDS`], or more bytes than [`LONGEST`].
pub(super) fn take_trailers(buffer: &mut BytesMut) -> Result<Option<HeaderMap>, Malformed> {
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
    if has_bare_lf(&bytes) {
        return Err(Malformed("malformed trailers"));
    }
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
