//! What of a URL is hashed.
//!
//! A short string algorithm, the same as in `pac-templates/key.js`: URL libraries normalise in ways
//! of their own, and a browser's PAC has none.

use std::borrow::Cow;
use std::fmt;

use pat::HashKey;

/// The text whose hash chooses the member. Not what finds a stored response.
///
/// - `http:` gives `http://` + host + `:port` unless empty or 80 + path and query; `HashKey: path`
///   leaves the query out.
/// - Everything else gives `host:port`, the port filled in: 80 for `ws`, 21 for `ftp`, 443 for all
///   others. A browser tells PAC no more of `https:`, and CONNECT tells a proxy no more.
/// - `HashKey: host` gives the host.
///
/// The host is lower-cased (A-Z only) and loses one trailing dot; credentials and fragment are
/// dropped; everything else stays as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteKey<'a>(pub(super) Cow<'a, str>);

impl<'a> RouteKey<'a> {
    /// The key of a URL, or of an authority (`host:port`) when there is no `://` in it.
    ///
    /// Total: any string has a key. Allocates only where the key is not a part of the URL.
    pub fn of(url: &'a str, kind: HashKey) -> Self {
        if let Some(key) = already_a_key(url, kind) {
            return Self(Cow::Borrowed(key));
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let end = memchr::memchr3(b'/', b'?', b'#', rest.as_bytes()).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (host, port) = host_and_port(authority);
        let host = fold(host);
        if kind == HashKey::Host {
            return Self(host);
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return Self(Cow::Owned(format!("{host}:{}", port_or_default(port, scheme))));
        }
        let path = path(tail, kind);
        let port = if port == "80" { "" } else { port };
        let colon = if port.is_empty() { "" } else { ":" };
        let slash = if path.starts_with('/') { "" } else { "/" };
        Self(Cow::Owned(format!("http://{host}{colon}{port}{slash}{path}")))
    }

    /// The same key, without a copy.
    pub fn borrowed(&self) -> RouteKey<'_> {
        RouteKey(Cow::Borrowed(&self.0))
    }

    /// The same key, with a text of its own.
    pub fn into_owned(self) -> RouteKey<'static> {
        RouteKey(Cow::Owned(self.0.into_owned()))
    }

    /// The text that is hashed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RouteKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The part of a usual URL that is its key as it stands: `http://`, a host in lower case without
/// credentials or last dot, no port or one that is not 80, a path.
fn already_a_key(url: &str, kind: HashKey) -> Option<&str> {
    let rest = url.as_bytes().strip_prefix(b"http://")?;
    let odd =
        |b: &u8| b.is_ascii_uppercase() || matches!(b, b'/' | b'?' | b'#' | b'@' | b':' | b'[');
    let host = rest.iter().position(odd)?;
    if kind == HashKey::Host || rest.get(..host)?.ends_with(b".") {
        return None;
    }
    let port = match rest.get(host..)?.strip_prefix(b":") {
        None => 0,
        Some(port) => {
            let digits = port.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 || port.get(..digits) == Some(b"80") {
                return None;
            }
            ":".len() + digits
        }
    };
    if rest.get(host + port) != Some(&b'/') {
        return None;
    }
    let start = "http://".len() + host + port;
    url.get(..start + path(url.get(start..)?, kind).len())
}

/// Host and port of an authority; credentials end at its last `@`. IPv6 hosts keep their brackets.
fn host_and_port(authority: &str) -> (&str, &str) {
    let place = authority.rsplit_once('@').map_or(authority, |(_credentials, place)| place);
    if place.starts_with('[')
        && let Some((address, after)) = place.split_once(']')
    {
        let host = place.get(..=address.len()).unwrap_or(place);
        return (host, after.strip_prefix(':').unwrap_or(after));
    }
    place.rsplit_once(':').unwrap_or((place, ""))
}

/// Lower case (A-Z only) without one trailing dot.
fn fold(host: &str) -> Cow<'_, str> {
    let host = host.strip_suffix('.').unwrap_or(host);
    if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

fn port_or_default<'a>(port: &'a str, scheme: &str) -> &'a str {
    match port {
        "" if scheme.eq_ignore_ascii_case("ws") => "80",
        "" if scheme.eq_ignore_ascii_case("ftp") => "21",
        "" => "443",
        given => given,
    }
}

/// Path and query without the fragment; without the query, too, for `HashKey: path`.
fn path(tail: &str, kind: HashKey) -> &str {
    let end = match kind {
        HashKey::Path => memchr::memchr2(b'#', b'?', tail.as_bytes()),
        HashKey::Url | HashKey::Host => memchr::memchr(b'#', tail.as_bytes()),
    };
    end.and_then(|end| tail.get(..end)).unwrap_or(tail)
}
