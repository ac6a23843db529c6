//! What a request asks for: pure.
//!
//! RFC 9112, section 3.2 (forms of the target, `Host`).

use std::net::Ipv6Addr;

use hyper::header::HOST;
use hyper::http::uri::Authority;
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
    Resource {
        /// IPv6 with its brackets.
        host: String,
        /// 1 to 65535; 80 where none is given.
        port: u16,
        /// `host[:port]` as it stands, without credentials: the `Host` for the origin.
        authority: String,
        /// Path and query as they stand, `/` where there is none.
        path: String,
    },
    /// A page of this member.
    Own,
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
    check_host(headers, version)?;
    let bad = |details: String| Failure::new(Cause::RequestError, details);
    if method == Method::CONNECT {
        let authority =
            uri.authority().filter(|_| uri.scheme().is_none() && uri.path_and_query().is_none());
        let place = authority.and_then(|authority| {
            Some((host_of(authority)?, authority.port_u16().filter(|port| *port > 0)?))
        });
        return match place {
            Some((host, port)) if authority.is_some_and(|a| !a.as_str().contains('@')) => {
                Ok(Target::Tunnel { host: host.to_owned(), port })
            }
            _ => Err(bad(format!("target of CONNECT must be host:port, found {:?}", short(uri)))),
        };
    }
    let Some(scheme) = uri.scheme_str() else {
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
    let bad_authority = || bad(format!("target must name a host, found {:?}", short(uri)));
    let authority = uri.authority().ok_or_else(bad_authority)?;
    let host = host_of(authority).ok_or_else(bad_authority)?.to_owned();
    let port = port_of(authority)
        .ok_or_else(|| bad(format!("port must be 1 to 65535, found {:?}", short(uri))))?;
    let place = authority.as_str().rsplit('@').next().unwrap_or_default().to_owned();
    let path = match uri.path_and_query().map(hyper::http::uri::PathAndQuery::as_str) {
        None | Some("") => "/".to_owned(),
        Some(query) if query.starts_with('?') => format!("/{query}"),
        Some(path) => path.to_owned(),
    };
    Ok(Target::Resource { host, port, authority: place, path })
}

impl Target {
    /// The URL or authority whose route key chooses the member; empty for own pages.
    pub fn url(&self) -> String {
        match self {
            Self::Tunnel { host, port } => format!("{host}:{port}"),
            Self::Resource { authority, path, .. } => format!("http://{authority}{path}"),
            Self::Own => String::new(),
        }
    }
}

/// The host, if it can be one.
fn host_of(authority: &Authority) -> Option<&str> {
    let host = authority.host();
    let valid = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty() && host.len() <= 255,
    };
    valid.then_some(host)
}

/// The port; 80 for none and for an empty one, `None` for one that is no port.
fn port_of(authority: &Authority) -> Option<u16> {
    let after = authority.as_str().rsplit_once('@').map_or(authority.as_str(), |(_, place)| place);
    let text = after
        .get(authority.host().len()..)
        .unwrap_or_default()
        .strip_prefix(':')
        .unwrap_or_default();
    if text.is_empty() {
        return Some(80);
    }
    text.parse().ok().filter(|port| *port > 0)
}

/// RFC 9112, section 3.2: one valid `Host`, and HTTP/1.1 must have it. Whether it agrees with an
/// absolute target does not matter: it is replaced.
fn check_host(headers: &HeaderMap, version: Version) -> Result<(), Failure> {
    let mut hosts = headers.get_all(HOST).into_iter();
    let bad = |details: &str| Err(Failure::new(Cause::RequestError, details));
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => bad("Host must be there once"),
        (None, None) if version >= Version::HTTP_11 => bad("Host must be there"),
        (None, None) => Ok(()),
        (Some(value), None) => {
            let authority = value.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
            let valid = authority.is_some_and(|a| {
                !a.as_str().contains('@') && host_of(&a).is_some() && port_of(&a).is_some()
            });
            if valid { Ok(()) } else { bad("Host must be host[:port]") }
        }
    }
}

fn short(uri: &Uri) -> String {
    uri.to_string().chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn ask(method: &str, uri: &str, hosts: &[&'static str]) -> Result<Target, Failure> {
        let headers = hosts.iter().map(|host| (HOST, HeaderValue::from_static(host))).collect();
        target(&method.parse().unwrap(), &uri.parse().unwrap(), &headers, Version::HTTP_11)
    }

    fn resource(uri: &str) -> (String, u16, String, String) {
        match ask("GET", uri, &["ignored.example"]).unwrap() {
            Target::Resource { host, port, authority, path } => (host, port, authority, path),
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
