//! Who may edit: pure.

use std::net::SocketAddr;

use hyper::header::{AUTHORIZATION, FORWARDED, HOST, HeaderName, ORIGIN, VIA};
use hyper::{HeaderMap, Version};

/// Why an edit is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// A token is needed, or the one given is wrong.
    Token,
    /// There is no token, and this does not come straight from a program on this host.
    NotLocal,
}

/// What only a request has that came through somebody else, or out of a page in a browser.
const FOREIGN: [HeaderName; 6] = [
    VIA,
    FORWARDED,
    ORIGIN,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("sec-fetch-site"),
];

/// Whether a request may edit. With a token, whoever has it; without one, programs on this host only:
/// no proxies (a forward proxy here would be a way in), no pages, no rebound names.
///
/// # Errors
/// Why not.
pub fn authorize(
    token: Option<&str>,
    version: Version,
    headers: &HeaderMap,
    peer: SocketAddr,
) -> Result<(), Denied> {
    if let Some(token) = token {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let given = given
            .and_then(|value| value.split_once(' '))
            .filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
        return match given {
            Some((_, given)) if same(given.trim().as_bytes(), token.as_bytes()) => Ok(()),
            _ => Err(Denied::Token),
        };
    }
    // Reverse proxies that say nothing else of themselves speak HTTP/1.0 to their servers.
    let foreign =
        version < Version::HTTP_11 || FOREIGN.iter().any(|name| headers.contains_key(name));
    if peer.ip().to_canonical().is_loopback() && !foreign && is_local_host(headers) {
        Ok(())
    } else {
        Err(Denied::NotLocal)
    }
}

fn is_local_host(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
        .map_or(host, |(name, _)| name);
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Compares in a time that depends on the lengths only.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn ask(
        token: Option<&str>,
        rows: &[(HeaderName, &'static str)],
        peer: &str,
    ) -> Result<(), Denied> {
        let headers = rows
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_static(value)))
            .collect();
        authorize(token, Version::HTTP_11, &headers, peer.parse().unwrap())
    }

    #[test]
    fn without_a_token_only_programs_on_this_host_edit() {
        let local = [(HOST, "127.0.0.1:8080")];
        assert_eq!(ask(None, &local, "127.0.0.1:5"), Ok(()));
        assert_eq!(ask(None, &[(HOST, "[::1]:8080")], "[::1]:5"), Ok(()));
        assert_eq!(ask(None, &[(HOST, "localhost")], "[::ffff:127.0.0.1]:5"), Ok(()));
        assert_eq!(ask(None, &local, "10.0.0.1:5"), Err(Denied::NotLocal));
        assert_eq!(ask(None, &[(HOST, "rebound.example")], "127.0.0.1:5"), Err(Denied::NotLocal));
        assert_eq!(ask(None, &[], "127.0.0.1:5"), Err(Denied::NotLocal));
        for name in FOREIGN {
            assert_eq!(
                ask(None, &[(HOST, "localhost"), (name, "x")], "127.0.0.1:5"),
                Err(Denied::NotLocal)
            );
        }
    }

    #[test]
    fn with_a_token_nothing_else_counts() {
        let token = Some("0123456789abcdef");
        assert_eq!(
            ask(token, &[(AUTHORIZATION, "Bearer 0123456789abcdef")], "192.0.2.1:5"),
            Ok(())
        );
        for wrong in [
            "Bearer 0123456789abcdeg",
            "Bearer ",
            "Bearer",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
        ] {
            assert_eq!(
                ask(token, &[(AUTHORIZATION, wrong), (HOST, "localhost")], "127.0.0.1:5"),
                Err(Denied::Token)
            );
        }
        assert_eq!(ask(token, &[(HOST, "localhost")], "127.0.0.1:5"), Err(Denied::Token));
    }
}
