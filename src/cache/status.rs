//! `Cache-Status`: what this cache did with a request.
//!
//! RFC 9211.

use hyper::header::{HeaderName, HeaderValue};

/// The field's name.
pub const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Why a request went on (RFC 9211, section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// Nothing is stored for its URL.
    UriMiss,
    /// Something is, but not for a request like this.
    VaryMiss,
    /// What is stored is stale.
    Stale,
    /// A part is stored, and it asks for another.
    Partial,
    /// The client wants it so.
    Request,
    /// Its method is not one that is answered from a cache.
    Method,
    /// The cache does not look at such requests.
    Bypass,
}

impl Forwarded {
    fn as_str(self) -> &'static str {
        match self {
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Stale => "stale",
            Self::Partial => "partial",
            Self::Request => "request",
            Self::Method => "method",
            Self::Bypass => "bypass",
        }
    }
}

/// What became of a request that went on.
#[derive(Debug, Clone, Copy)]
pub struct Trace {
    /// Why it did.
    pub why: Forwarded,
    /// The status that the next hop answered with, if it is another than the client sees.
    pub status: Option<u16>,
    /// Whether the response is being stored.
    pub stored: bool,
    /// Whether another request fetched it for this one, too.
    pub collapsed: bool,
}

/// A hit, with the key that found it.
pub fn hit(name: &str, key: &str) -> HeaderValue {
    value(&[name, "; hit"], key)
}

/// A request that went on.
pub fn forwarded(name: &str, key: &str, trace: Trace) -> HeaderValue {
    let mut digits = itoa::Buffer::new();
    let status = trace.status.map_or(["", ""], |status| ["; fwd-status=", digits.format(status)]);
    let stored = if trace.stored { "; stored" } else { "" };
    let collapsed = if trace.collapsed { "; collapsed" } else { "" };
    let [label, status] = status;
    value(&[name, "; fwd=", trace.why.as_str(), label, status, stored, collapsed], key)
}

/// A response that is served though it is stale, because its origin failed.
pub fn stale_hit(name: &str, key: &str, detail: &str) -> HeaderValue {
    value(&[name, "; hit; detail=", detail], key)
}

/// What was told, and the key.
fn value(told: &[&str], key: &str) -> HeaderValue {
    const KEY: &str = "; key=";
    let length = told.iter().map(|part| part.len()).sum::<usize>() + KEY.len() + key.len() + 2;
    let mut text = String::with_capacity(length);
    text.extend(told.iter().copied());
    text.push_str(KEY);
    push_string(&mut text, key);
    HeaderValue::try_from(text).unwrap_or_else(|_unfit| HeaderValue::from_static("parray"))
}

/// Adds a string of RFC 8941, section 3.3.3; what it cannot hold becomes `?`.
fn push_string(text: &mut String, key: &str) {
    text.push('"');
    let plain = |byte: u8| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
    // Looks at every byte, so that it compiles to vector instructions.
    if key.bytes().fold(true, |all, byte| all & plain(byte)) {
        text.push_str(key);
    } else {
        for c in key.chars() {
            match c {
                '"' | '\\' => text.extend(['\\', c]),
                ' '..='~' => text.push(c),
                _ => text.push('?'),
            }
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_told_what_became_of_it() {
        assert_eq!(hit("m1", "http://a/\"\u{e9}"), r#"m1; hit; key="http://a/\"?""#);
        let trace =
            Trace { why: Forwarded::Stale, status: Some(304), stored: true, collapsed: true };
        assert_eq!(
            forwarded("m1", "http://a/", trace),
            r#"m1; fwd=stale; fwd-status=304; stored; collapsed; key="http://a/""#
        );
    }
}
