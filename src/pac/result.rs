//! What `FindProxyForURL` returns, as a typed list.

use std::fmt;
use std::str::FromStr;

/// One way to a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PacRoute {
    /// No proxy.
    Direct,
    /// Through a proxy.
    Through {
        /// `PROXY`, `HTTPS`, `SOCKS`, `SOCKS4` or `SOCKS5`.
        kind: &'static str,
        /// `host:port`; an IPv6 host has its brackets; `:-1` is what Firefox has of what it cannot read.
        authority: String,
    },
}

/// Ways in the order in which a client tries them; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PacRoutes(Vec<PacRoute>);

/// Why a text is no list of routes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "route must be DIRECT or one of PROXY, HTTPS, SOCKS, SOCKS4, SOCKS5 and host:port, found {0:?}"
)]
pub struct RouteError(String);

const KINDS: [&str; 5] = ["PROXY", "HTTPS", "SOCKS", "SOCKS4", "SOCKS5"];

impl PacRoutes {
    /// The routes, first choice first.
    pub fn as_slice(&self) -> &[PacRoute] {
        &self.0
    }
}

impl From<Vec<PacRoute>> for PacRoutes {
    fn from(routes: Vec<PacRoute>) -> Self {
        Self(routes)
    }
}

impl FromStr for PacRoutes {
    type Err = RouteError;

    /// Reads `PROXY a:1; DIRECT`; `none` and an empty text are the empty list.
    fn from_str(text: &str) -> Result<Self, RouteError> {
        if text.trim().is_empty() || text.trim().eq_ignore_ascii_case("none") {
            return Ok(Self::default());
        }
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        parts.map(route).collect::<Result<_, _>>().map(Self)
    }
}

fn route(text: &str) -> Result<PacRoute, RouteError> {
    let wrong = || RouteError(text.chars().take(80).collect());
    let mut words = text.split_ascii_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(word), None, None) if word.eq_ignore_ascii_case("DIRECT") => Ok(PacRoute::Direct),
        (Some(word), Some(authority), None) if is_authority(authority) => {
            let kind =
                KINDS.into_iter().find(|kind| kind.eq_ignore_ascii_case(word)).ok_or_else(wrong)?;
            Ok(PacRoute::Through { kind, authority: authority.to_owned() })
        }
        _ => Err(wrong()),
    }
}

fn is_authority(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_ok = match literal {
        Some(ip) => ip.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(name),
    };
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    host_ok && digits && port.parse::<std::num::NonZeroU16>().is_ok()
}

impl fmt::Display for PacRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("DIRECT"),
            Self::Through { kind, authority } => write!(f, "{kind} {authority}"),
        }
    }
}

impl fmt::Display for PacRoutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, route) in self.0.iter().enumerate() {
            let end = if i == 0 { "" } else { "; " };
            write!(f, "{end}{route}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_back_as_it_is_printed() {
        let routes: PacRoutes = "proxy a.example:3128 ; SOCKS5 [::1]:1080;direct;".parse().unwrap();
        assert_eq!(routes.to_string(), "PROXY a.example:3128; SOCKS5 [::1]:1080; DIRECT");
        assert_eq!(routes.to_string().parse::<PacRoutes>().unwrap(), routes);
        assert_eq!("none".parse::<PacRoutes>().unwrap(), PacRoutes::default());
    }

    #[test]
    fn what_a_browser_would_drop_is_refused() {
        for text in [
            "PROXY",
            "PROXY a",
            "PROXY a:0",
            "PROXY a:70000",
            "HTTP a:1",
            "DIRECT x",
            "PROXY a:+1",
            "PROXY u@a:1",
            "PROXY \"a:1",
            "PROXY :1",
        ] {
            assert!(text.parse::<PacRoutes>().is_err(), "{text}");
        }
    }
}
