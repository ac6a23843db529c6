//! Digests, entity tags and the preconditions that compare them.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};
use siphasher::sip128::{Hasher128, SipHasher13};

/// Digest of bytes: tells states of a table apart; no protection against forgery.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(u128);

impl Digest {
    /// The digest of these bytes; the same on every host.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = SipHasher13::new();
        std::hash::Hasher::write(&mut hasher, bytes);
        Self(hasher.finish128().as_u128())
    }

    /// Eight hex digits, for people and headers.
    pub fn short(self) -> String {
        format!("{self}").chars().take(8).collect()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether `If-None-Match` names this tag (weak comparison), so that 304 is the answer to a GET.
pub fn none_match_fails(headers: &HeaderMap, etag: &str) -> bool {
    names(headers, &IF_NONE_MATCH, etag, true)
}

/// Whether `If-Match` is there and does not name this tag (strong comparison), so that 412 is the answer.
pub fn match_fails(headers: &HeaderMap, etag: &str) -> bool {
    headers.contains_key(IF_MATCH) && !names(headers, &IF_MATCH, etag, false)
}

/// RFC 9110, section 8.8.3.2.
fn names(headers: &HeaderMap, name: &HeaderName, etag: &str, weak: bool) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).any(|tag| {
        let tag = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
        tag == "*" || tag == etag
    })
}
