//! What a request asks for: pure.
//!
//! RFC 9112, section 3.2 (forms of the target, `Host`).

use std::borrow::Cow;
use std::net::Ipv6Addr;

use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{HeaderMap, Method, Uri, Version};

use crate::blame::{Cause, Failure};

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A tunnel to `host:port`.
    Tunnel {
        /// IPv6 with its brackets.
        host: String,
        /// 1 to 65535.
        port: u16,
    },
    /// A resource of an origin.
    Resource(Resource),
    /// A page of this member.
    Own,
}

/// A resource of an origin: its URL, and where the parts of it are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    url: String,
    host_end: usize,
    authority_end: usize,
    port: u16,
    as_it_came: bool,
    whole_server: bool,
}

/// Marks a request whose absolute target has neither path nor query, where that means something: OPTIONS, for a
/// server as a whole (RFC 9112, section 3.2.4). [`Uri`] does not tell it from a path of `/`.
#[derive(Debug, Clone, Copy)]
pub struct WholeServer;

const SCHEME: &str = "http://";

impl Resource {
    fn new(place: Place<'_>, path: &str, as_it_came: bool) -> Self {
        let slash = if path.starts_with('/') { "" } else { "/" };
        let mut url = String::with_capacity(SCHEME.len() + place.text.len() + path.len() + 1);
        url.extend([SCHEME, place.text, slash, path]);
        let host_end = SCHEME.len() + place.host.len();
        let authority_end = SCHEME.len() + place.text.len();
        let port = place.port;
        Self { url, host_end, authority_end, port, as_it_came, whole_server: false }
    }

    /// `http://` + host + `:port` if there is one + path and query, as they stand, without credentials.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host as it stands; IPv6 with its brackets.
    pub fn host(&self) -> &str {
        self.url.get(SCHEME.len()..self.host_end).unwrap_or_default()
    }

    /// 1 to 65535; 80 where none is given.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host[:port]` as it stands: the `Host` for the origin.
    pub fn authority(&self) -> &str {
        self.url.get(SCHEME.len()..self.authority_end).unwrap_or_default()
    }

    /// Path and query as they stand, `/` where there is none.
    pub fn path(&self) -> &str {
        self.url.get(self.authority_end..).unwrap_or_default()
    }

    /// What the origin is asked for: its path and query, or `*` for the server as a whole.
    pub fn at_origin(&self) -> &str {
        if self.whole_server { "*" } else { self.path() }
    }

    /// What another proxy is asked for.
    pub fn at_proxy(&self) -> &str {
        let end = if self.whole_server { self.authority_end } else { self.url.len() };
        self.url.get(..end).unwrap_or_default()
    }

    /// Whether the client's own target says the same. A path that it leaves out is read as `/`.
    pub fn is_as_it_came(&self) -> bool {
        self.as_it_came
    }
}

/// Reads the target of a request.
///
/// # Errors
/// A request that must be answered with 400.
pub fn target(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    version: Version,
) -> Result<Target, Failure> {
    let said = host(headers, version)?;
    let bad = |details: String| Failure::new(Cause::RequestError, details);
    if method == Method::CONNECT {
        check_host(said)?;
        let authority =
            uri.authority().filter(|_| uri.scheme().is_none() && uri.path_and_query().is_none());
        return match authority.and_then(|authority| Place::of(authority.as_str())) {
            Some(Place { host, port, text, .. }) if !has_no_port(text, host) => {
                Ok(Target::Tunnel { host: host.to_owned(), port })
            }
            _ => Err(bad(format!("target of CONNECT must be host:port, found {:?}", short(uri)))),
        };
    }
    let Some(scheme) = uri.scheme_str() else {
        check_host(said)?;
        // Origin-form and `*` speak to this member itself.
        return if uri.authority().is_none() {
            Ok(Target::Own)
        } else {
            Err(bad("target must be absolute".to_owned()))
        };
    };
    if !scheme.eq_ignore_ascii_case("http") {
        return Err(bad(format!("scheme must be http (CONNECT for https), found {scheme:?}")));
    }
    let whole = uri.authority().map(Authority::as_str).unwrap_or_default();
    let text =
        memchr::memrchr(b'@', whole.as_bytes()).and_then(|at| whole.get(at + 1..)).unwrap_or(whole);
    let Some(place) = Place::of(text) else {
        let wrong =
            if names_a_host(text) { "port must be 1 to 65535" } else { "target must name a host" };
        return Err(bad(format!("{wrong}, found {:?}", short(uri))));
    };
    // Most say what the target says, which has been looked at.
    if said.is_none_or(|said| said.as_bytes() != text.as_bytes()) {
        check_host(said)?;
    }
    let path = uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default();
    let as_it_came = text.len() == whole.len() && path.starts_with('/') && scheme == "http";
    Ok(Target::Resource(Resource::new(place, path, as_it_came)))
}

impl Target {
    /// Asks for the [whole server](WholeServer).
    pub fn widen(&mut self) {
        if let Self::Resource(resource) = self {
            resource.whole_server = true;
        }
    }

    /// The URL or authority whose route key chooses the member; empty for own pages.
    pub fn url(&self) -> Cow<'_, str> {
        match self {
            Self::Tunnel { host, port } => Cow::Owned(format!("{host}:{port}")),
            Self::Resource(resource) => Cow::Borrowed(resource.url()),
            Self::Own => Cow::Borrowed(""),
        }
    }
}

/// `host[:port]`, taken apart.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    text: &'a str,
    host: &'a str,
    /// 80 for none and for an empty one.
    port: u16,
}

impl<'a> Place<'a> {
    /// `None` if it has no host, a port that is none, or credentials.
    fn of(text: &'a str) -> Option<Self> {
        let (host, port) = split(text)?;
        let port = if port.is_empty() { 80 } else { port.parse().ok().filter(|port| *port > 0)? };
        is_host(host).then_some(Self { text, host, port })
    }
}

/// Host and port of an authority, the port without its colon.
fn split(text: &str) -> Option<(&str, &str)> {
    let end = if text.starts_with('[') { text.find(']')? + 1 } else { 0 };
    let rest = text.get(end..)?;
    let colon = memchr::memchr(b':', rest.as_bytes());
    let host = text.get(..end + colon.unwrap_or(rest.len()))?;
    let port = colon.and_then(|colon| rest.get(colon + 1..)).unwrap_or_default();
    Some((host, port))
}

fn names_a_host(text: &str) -> bool {
    split(text).is_some_and(|(host, _)| is_host(host))
}

/// Whether a host can be one.
fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.len() <= 255 && !host.contains('@'),
    }
}

/// Whether `host[:port]` leaves the port to a default.
fn has_no_port(text: &str, host: &str) -> bool {
    text.len() <= host.len() + 1
}

/// RFC 9112, section 3.2: there is one `Host`, and HTTP/1.1 must have it.
fn host(headers: &HeaderMap, version: Version) -> Result<Option<&HeaderValue>, Failure> {
    let mut hosts = headers.get_all(HOST).into_iter();
    let bad = |details: &str| Err(Failure::new(Cause::RequestError, details));
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => bad("Host must be there once"),
        (None, None) if version >= Version::HTTP_11 => bad("Host must be there"),
        (said, None) => Ok(said),
    }
}

/// A `Host` must be valid. Whether it agrees with an absolute target does not matter: it is replaced.
fn check_host(said: Option<&HeaderValue>) -> Result<(), Failure> {
    let valid = said.is_none_or(|value| {
        let text = value.to_str().unwrap_or_default();
        text.parse::<Authority>().is_ok() && Place::of(text).is_some()
    });
    let bad = || Failure::new(Cause::RequestError, "Host must be host[:port]");
    valid.then_some(()).ok_or_else(bad)
}

fn short(uri: &Uri) -> String {
    uri.to_string().chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, uri: &str, hosts: &[&'static str]) -> Result<Target, Failure> {
        let headers = hosts.iter().map(|host| (HOST, HeaderValue::from_static(host))).collect();
        target(&method.parse().unwrap(), &uri.parse().unwrap(), &headers, Version::HTTP_11)
    }

    fn resource(uri: &str) -> (String, u16, String, String) {
        match ask("GET", uri, &["ignored.example"]).unwrap() {
            Target::Resource(found) => (
                found.host().to_owned(),
                found.port(),
                found.authority().to_owned(),
                found.path().to_owned(),
            ),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_absolute_target_names_its_origin_whatever_host_says() {
        let row =
            |h: &str, p, a: &str, path: &str| (h.to_owned(), p, a.to_owned(), path.to_owned());
        assert_eq!(resource("http://a.example"), row("a.example", 80, "a.example", "/"));
        assert_eq!(
            resource("http://u:p@A.example:81/x?y"),
            row("A.example", 81, "A.example:81", "/x?y")
        );
        assert_eq!(resource("http://[::1]:8080?q"), row("[::1]", 8080, "[::1]:8080", "/?q"));
        assert_eq!(resource("http://a:/"), row("a", 80, "a:", "/"));
    }

    #[test]
    fn a_target_is_as_it_came_unless_something_was_added_or_taken() {
        for (uri, url, same) in [
            ("http://a:81/x?y", "http://a:81/x?y", true),
            ("http://a", "http://a/", true),
            ("http://a?q", "http://a/?q", false),
            ("http://u:p@a/", "http://a/", false),
        ] {
            let Target::Resource(found) = ask("GET", uri, &["a"]).unwrap() else { panic!("{uri}") };
            assert_eq!((found.url(), found.is_as_it_came()), (url, same), "{uri}");
        }
    }

    #[test]
    fn connect_names_a_host_and_a_port() {
        assert_eq!(
            ask("CONNECT", "a.example:443", &["a"]),
            Ok(Target::Tunnel { host: "a.example".into(), port: 443 })
        );
        for uri in ["a.example", "a.example:0", "u@a.example:443", "http://a.example:443/", "/x"] {
            assert!(ask("CONNECT", uri, &["a"]).is_err(), "{uri}");
        }
    }

    #[test]
    fn origin_form_asks_the_member_itself() {
        assert_eq!(ask("GET", "/pat", &["a"]), Ok(Target::Own));
        assert_eq!(ask("OPTIONS", "*", &["a"]), Ok(Target::Own));
    }

    #[test]
    fn a_request_without_one_valid_host_is_refused() {
        let cases: [&[&str]; 8] =
            [&[], &["a", "a"], &["a b"], &["u@a"], &["a:x"], &["a:99999"], &[""], &["[::1"]];
        for hosts in cases {
            assert!(ask("GET", "http://a/", hosts).is_err(), "{hosts:?}");
        }
    }

    #[test]
    fn other_schemes_and_impossible_ports_are_refused() {
        for uri in ["https://a/", "ftp://a/", "http://a:0/", "http://a:99999/"] {
            assert!(ask("GET", uri, &["a"]).is_err(), "{uri}");
        }
    }
}
