//! One line of the table: a member and its nine fields.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ValueError;

/// One proxy of the array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Unique in the table; hashed, and what browsers and downstream proxies connect to.
    pub name: MemberName,
    /// Address that siblings connect to; without one they resolve the name.
    pub ip: Option<IpAddr>,
    /// TCP port for requests.
    pub port: NonZeroU16,
    /// Where this member may publish a copy of the table; opaque.
    pub table_url: Opaque,
    /// Vendor and version; opaque, may hold blanks.
    pub agent: Opaque,
    /// Seconds in the current state, as somebody measured them once.
    pub state_time: u32,
    /// Whether the member takes part in routing.
    pub status: Status,
    /// Its share of the load, relative to the others'.
    pub load_factor: LoadFactor,
    /// Most that its cache may hold.
    pub cache_size: CacheSize,
}

impl Member {
    /// A member that is on, with everything else as it is when nobody says otherwise: no ip, load
    /// factor 100, no cache size, and its own `/pat` as table URL.
    pub fn new(name: MemberName, port: NonZeroU16) -> Self {
        let table_url = Opaque(format!("http://{}:{port}/pat", name.host()));
        Self {
            name,
            ip: None,
            port,
            table_url,
            agent: Opaque("parray".to_owned()),
            state_time: 0,
            status: Status::On,
            load_factor: LoadFactor::DEFAULT,
            cache_size: CacheSize::default(),
        }
    }

    /// `host:port` to connect to; IPv6 addresses have brackets.
    pub fn authority(&self, by: AddressBy) -> String {
        match (by, self.ip) {
            (AddressBy::Ip, Some(IpAddr::V6(ip))) => format!("[{ip}]:{}", self.port),
            (AddressBy::Ip, Some(ip)) => format!("{ip}:{}", self.port),
            (AddressBy::Ip | AddressBy::Name, _) => format!("{}:{}", self.name.host(), self.port),
        }
    }
}

/// What of a member is used to connect to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AddressBy {
    /// Its name: browsers and downstream proxies resolve it.
    #[default]
    Name,
    /// Its `ip` field, or the name where there is none.
    Ip,
}

impl FromStr for AddressBy {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "name" => Ok(Self::Name),
            "ip" => Ok(Self::Ip),
            _ => Err(ValueError::new("address", "name or ip", text)),
        }
    }
}

/// Name of a member: 1 to 255 characters out of letters, digits, `.`, `-`, `_`, or an IP address.
///
/// Keeps its spelling; two names are the same when they differ only in case.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemberName {
    spelled: String,
    folded: String,
}

impl MemberName {
    const EXPECTED: &'static str =
        "a host name of 1 to 255 letters, digits, `.`, `-`, `_`, or an IP address";

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// The name as the host of an authority: an IPv6 address gets its brackets.
    pub fn host(&self) -> std::borrow::Cow<'_, str> {
        if self.spelled.contains(':') && !self.spelled.starts_with('[') {
            format!("[{}]", self.spelled).into()
        } else {
            self.spelled.as_str().into()
        }
    }

    /// The name in lower case (A-Z only): what is compared and hashed.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl FromStr for MemberName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let address = inner.unwrap_or(text).parse::<std::net::Ipv6Addr>().is_ok();
        let host = !text.is_empty() && text.len() <= 255 && text.bytes().all(plain);
        if host || address {
            Ok(Self { spelled: text.to_owned(), folded: text.to_ascii_lowercase() })
        } else {
            Err(ValueError::new("member name", Self::EXPECTED, text))
        }
    }
}

impl PartialEq for MemberName {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for MemberName {}

impl std::hash::Hash for MemberName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl PartialOrd for MemberName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for MemberName {
    /// Byte order of the lower-cased names: the order that breaks ties of scores.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl fmt::Display for MemberName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

impl TryFrom<String> for MemberName {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<MemberName> for String {
    fn from(name: MemberName) -> Self {
        name.spelled
    }
}

/// Relative share of the load: 1 to 16 777 215, so that a share is exact in a browser's arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct LoadFactor(u32);

impl LoadFactor {
    /// 1.
    pub const ONE: Self = Self(1);
    /// 100: what a member gets when nobody says otherwise.
    pub const DEFAULT: Self = Self(100);
    /// 16 777 215 = 2^24 - 1.
    pub const MAX: u32 = 0x00ff_ffff;
    const EXPECTED: &'static str = "1 to 16777215";

    /// The number.
    pub fn value(self) -> u32 {
        self.0
    }
}

impl TryFrom<u32> for LoadFactor {
    type Error = ValueError;

    fn try_from(value: u32) -> Result<Self, ValueError> {
        if (1..=Self::MAX).contains(&value) {
            Ok(Self(value))
        } else {
            Err(ValueError::new("load factor", Self::EXPECTED, &value.to_string()))
        }
    }
}

impl From<LoadFactor> for u32 {
    fn from(load: LoadFactor) -> Self {
        load.0
    }
}

impl FromStr for LoadFactor {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        decimal::<u32>(text)
            .and_then(|value| Self::try_from(value).ok())
            .ok_or_else(|| ValueError::new("load factor", Self::EXPECTED, text))
    }
}

impl fmt::Display for LoadFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the table says of a member; what another member observed of it is another matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Status {
    /// Takes part in routing: `UP`, `on` or `1`.
    On,
    /// Its URLs go to the others: `DOWN`, `off` or `0`.
    Off,
}

impl FromStr for Status {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text.to_ascii_lowercase().as_str() {
            "up" | "on" | "1" => Ok(Self::On),
            "down" | "off" | "0" => Ok(Self::Off),
            _ => Err(ValueError::new("status", "UP or DOWN, on or off", text)),
        }
    }
}

impl TryFrom<String> for Status {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<Status> for String {
    fn from(status: Status) -> Self {
        status.to_string()
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
        })
    }
}

/// Most megabytes that a member's cache may hold; 0 says nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CacheSize(pub u32);

impl FromStr for CacheSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        decimal(text)
            .map(Self)
            .ok_or_else(|| ValueError::new("cache size", "0 to 4294967295 (megabytes)", text))
    }
}

impl fmt::Display for CacheSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Text that the table carries and nobody interprets: 1 to 1024 characters, no control characters,
/// no blanks at its ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Opaque(String);

impl Opaque {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it can be a table URL: no blank in it, which would split the field, and no number, which
    /// would look like a port.
    pub(crate) fn fits_table_url(&self) -> bool {
        let number = self.0.bytes().all(|b| b.is_ascii_digit());
        // White space other than the blank is in no opaque text.
        !number && !self.0.as_bytes().contains(&b' ')
    }
}

impl FromStr for Opaque {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        // Almost every text is ASCII, and tables are long.
        let plain = text.len() <= 1024 && text.bytes().all(|b| (b' '..=b'~').contains(&b));
        let other = || text.chars().nth(1024).is_none() && text.chars().all(is_printable);
        if !text.is_empty() && text.trim() == text && (plain || other()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new(
                "text",
                "1 to 1024 printable characters without blanks around them",
                text,
            ))
        }
    }
}

/// Control characters and white space but the blank would split or join lines and fields in some readers.
pub(crate) fn is_printable(c: char) -> bool {
    c == ' ' || !(c.is_control() || c.is_whitespace())
}

impl TryFrom<String> for Opaque {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<Opaque> for String {
    fn from(text: Opaque) -> Self {
        text.0
    }
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A number of ASCII digits only: `+7` and ` 7` are none.
pub(crate) fn decimal<T: FromStr>(text: &str) -> Option<T> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
