//! What a proxy adds to a message and takes from it.
//!
//! RFC 9110, section 7.6.

use hyper::header::{
    AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, COOKIE, EXPECT, HOST, HeaderName, HeaderValue, MAX_FORWARDS, PROXY_AUTHORIZATION,
    SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};
use hyper::{HeaderMap, Version};

/// Whether a field is for one connection only, named by `Connection` or not (RFC 9110, section 7.6.1).
fn is_hop_by_hop(name: &HeaderName) -> bool {
    static KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
    static PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
    *name == CONNECTION
        || *name == TE
        || *name == TRANSFER_ENCODING
        || *name == UPGRADE
        || *name == KEEP_ALIVE
        || *name == PROXY_CONNECTION
}

/// Whether a comma-separated field has this token, whatever its case.
pub fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

/// The protocol that both sides of this hop may switch to: `Upgrade` of a message that also names it
/// in `Connection` (RFC 9110, section 7.8). HTTP/2 is none: it is negotiated hop by hop.
pub fn upgrade_of(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(UPGRADE).filter(|_| has_token(headers, &CONNECTION, "upgrade"))?;
    let http2 = tokens(headers, &UPGRADE).any(|token| token.to_ascii_lowercase().starts_with("h2"));
    (!http2).then(|| value.clone())
}

/// The fields of a message that are for one connection only (RFC 9110, section 7.6.1).
#[derive(Debug)]
pub struct OneHop {
    /// Those that `Connection` names beside the usual ones.
    named: Vec<HeaderName>,
}

impl OneHop {
    /// Those of a message with these fields.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut named = Vec::new();
        for value in headers.get_all(CONNECTION) {
            if is_usual(value.as_bytes()) {
                continue;
            }
            let tokens = value.to_str().unwrap_or_default().split(',').map(str::trim);
            let names = tokens.filter(|token| !is_usual(token.as_bytes()));
            named.extend(names.filter_map(|token| token.parse().ok()).filter(may_be_named));
        }
        Self { named }
    }

    /// Whether this is one of them.
    pub fn has(&self, name: &HeaderName) -> bool {
        is_hop_by_hop(name) || self.named.contains(name)
    }
}

/// Host and the framing of a message are not `Connection`'s to take away.
fn may_be_named(name: &HeaderName) -> bool {
    *name != HOST && *name != CONTENT_LENGTH
}

/// Removes what is for one connection only.
pub fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let here = OneHop::of(headers);
    let gone: Vec<HeaderName> = headers.keys().filter(|name| here.has(name)).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
}

/// Whether a field may stand behind a body: not if it tells where a message ends or goes, who sends it, or
/// how it is to be taken (RFC 9110, section 6.5.1).
pub fn may_trail(name: &HeaderName) -> bool {
    static NEVER: [HeaderName; 14] = [
        AUTHORIZATION,
        CACHE_CONTROL,
        CONTENT_ENCODING,
        CONTENT_LENGTH,
        CONTENT_RANGE,
        CONTENT_TYPE,
        COOKIE,
        EXPECT,
        HOST,
        MAX_FORWARDS,
        PROXY_AUTHORIZATION,
        SET_COOKIE,
        TRAILER,
        VIA,
    ];
    !is_hop_by_hop(name) && !NEVER.contains(name)
}

/// What `Connection` usually says: these go anyway, or name no field.
fn is_usual(token: &[u8]) -> bool {
    token.eq_ignore_ascii_case(b"keep-alive") || token.eq_ignore_ascii_case(b"close")
}

/// What a proxy says of itself in `Via` (RFC 9110, section 7.6.3).
#[derive(Debug, Clone)]
pub struct Via {
    http10: Option<HeaderValue>,
    http11: Option<HeaderValue>,
    http2: Option<HeaderValue>,
}

impl Via {
    /// A proxy of this name.
    pub fn new(name: &str) -> Self {
        let value = |received: &str| HeaderValue::try_from(format!("{received} {name}")).ok();
        Self { http10: value("1.0"), http11: value("1.1"), http2: value("2.0") }
    }

    /// Adds it to a message that was received in this version.
    pub fn add(&self, headers: &mut HeaderMap, version: Version) {
        if let Some(value) = self.of(version) {
            headers.append(VIA, value.clone());
        }
    }

    /// Its value for a message that was received in this version.
    pub fn of(&self, version: Version) -> Option<&HeaderValue> {
        match version {
            Version::HTTP_10 => self.http10.as_ref(),
            Version::HTTP_2 => self.http2.as_ref(),
            _ => self.http11.as_ref(),
        }
    }
}

/// Whether a message has been at the proxy of this name.
pub fn via_has(headers: &HeaderMap, name: &str) -> bool {
    tokens(headers, &VIA).any(|hop| {
        hop.split_ascii_whitespace()
            .nth(1)
            .is_some_and(|received_by| received_by.eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        rows.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn fields_of_one_connection_go_and_the_rest_stays() {
        let mut map = headers(&[
            ("connection", "close, X-Secret, content-length, host"),
            ("x-secret", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "gzip, trailers"),
            ("host", "a"),
            ("content-length", "3"),
            ("x-kept", "2"),
        ]);
        let one_hop = OneHop::of(&map);
        let gone: Vec<_> = map.keys().filter(|name| one_hop.has(name)).cloned().collect();
        assert_eq!(gone, ["connection", "x-secret", "keep-alive", "te"]);
        remove_hop_by_hop(&mut map);
        let expected = headers(&[("host", "a"), ("content-length", "3"), ("x-kept", "2")]);
        assert_eq!(map, expected);
    }

    #[test]
    fn via_tells_where_a_message_has_been() {
        let mut map = headers(&[("via", "1.1 a, 1.0 b (comment)")]);
        Via::new("c").add(&mut map, Version::HTTP_11);
        assert!(via_has(&map, "A") && via_has(&map, "b") && via_has(&map, "c"));
        assert!(!via_has(&map, "1.1") && !via_has(&map, "(comment)"));
    }

    #[test]
    fn an_upgrade_needs_both_fields_and_is_never_http2() {
        assert!(
            upgrade_of(&headers(&[("connection", "Upgrade"), ("upgrade", "websocket")])).is_some()
        );
        assert!(upgrade_of(&headers(&[("upgrade", "websocket")])).is_none());
        assert!(upgrade_of(&headers(&[("connection", "upgrade"), ("upgrade", "h2c")])).is_none());
    }
}
