//! What an administrator chooses about a PAC.

use std::fmt;
use std::str::FromStr;

use pat::{AddressBy, ValueError};

use super::result::{PacRoute, PacRoutes};

/// How the PAC names the members and what it says beyond them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacOptions {
    /// Members to list at most, from 1; `None`: all that are on.
    pub failover: Option<usize>,
    /// What follows the members; empty: nothing, so that a browser fails with the array.
    pub default_route: PacRoutes,
    /// How browsers speak to members.
    pub scheme: MemberScheme,
    /// Whether browsers are given names or addresses.
    pub address: AddressBy,
    /// JavaScript that stands before the selection, inside of `FindProxyForURL(url, host)`.
    pub custom_logic: Option<String>,
    /// For whom it is written.
    pub style: Style,
}

/// For whom a PAC is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Style {
    /// Browsers: no comments and no indentation.
    #[default]
    Plain,
    /// Browsers on slow lines: short names, and no white space.
    Minified,
    /// People: with comments.
    Explained,
}

impl Default for PacOptions {
    /// All members, then `DIRECT`; plain proxies by name; no custom logic; for browsers.
    fn default() -> Self {
        Self {
            failover: None,
            default_route: PacRoutes::from(vec![PacRoute::Direct]),
            scheme: MemberScheme::Proxy,
            address: AddressBy::Name,
            custom_logic: None,
            style: Style::Plain,
        }
    }
}

/// How browsers speak to members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MemberScheme {
    /// `PROXY`: HTTP without TLS.
    #[default]
    Proxy,
    /// `HTTPS`: HTTP over TLS.
    Https,
}

impl FromStr for MemberScheme {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "PROXY" | "proxy" => Ok(Self::Proxy),
            "HTTPS" | "https" => Ok(Self::Https),
            _ => Err(ValueError::new("member scheme", "PROXY or HTTPS", text)),
        }
    }
}

impl fmt::Display for MemberScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proxy => "PROXY",
            Self::Https => "HTTPS",
        })
    }
}
