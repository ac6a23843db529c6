//! The head of the table: what holds for the whole array.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::ValueError;
use crate::member::{decimal, is_printable};

/// The header lines of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Header {
    /// `ArrayEnabled`: false means that nobody routes, each member serves everything itself.
    pub array_enabled: bool,
    /// `ConfigID`: names this state of the table.
    pub config_id: ConfigId,
    /// `ArrayName`: for people.
    pub array_name: ArrayName,
    /// `ListTTL`: how long a copy may be used before it is asked for again.
    pub list_ttl: ListTtl,
    /// `Hash`: how scores are computed; `carp-1.0` where the line is missing.
    pub hash: HashName,
    /// `HashKey`: what of a URL is hashed; `url` where the line is missing.
    pub hash_key: HashKey,
    /// `HashSeed`: the key of SipHash; zeros where the line is missing.
    pub hash_seed: HashSeed,
    /// Header lines that are not known here, as they stand: `(name, value)`.
    pub(crate) others: Vec<(String, String)>,
}

impl Header {
    /// The head of a new table: off, for nobody is in it yet, `ConfigID` 1, polled every ten minutes,
    /// and our own hash.
    pub fn new(array_name: ArrayName) -> Self {
        Self {
            array_enabled: false,
            config_id: ConfigId(1),
            array_name,
            list_ttl: ListTtl::DEFAULT,
            hash: HashName::HrwSip13,
            hash_key: HashKey::Url,
            hash_seed: HashSeed::default(),
            others: Vec::new(),
        }
    }

    /// Header lines that are not known here, as they stand: `(name, value)`.
    pub fn others(&self) -> &[(String, String)] {
        &self.others
    }
}

/// Identity of one state of a table, compared for equality only; never newer or older.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConfigId(pub u32);

impl ConfigId {
    /// The id that the master gives to the next state it publishes; 0 follows 4 294 967 295.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl FromStr for ConfigId {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        decimal(text).map(Self).ok_or_else(|| ValueError::new("ConfigID", "0 to 4294967295", text))
    }
}

impl fmt::Display for ConfigId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Name of an array: 1 to 255 printable characters, blanks inside are legal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArrayName(String);

impl ArrayName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ArrayName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let fits = !text.is_empty() && text.chars().nth(255).is_none();
        if fits && text.trim() == text && text.chars().all(is_printable) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValueError::new("ArrayName", "1 to 255 printable characters", text))
        }
    }
}

impl TryFrom<String> for ArrayName {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<ArrayName> for String {
    fn from(name: ArrayName) -> Self {
        name.0
    }
}

impl fmt::Display for ArrayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long a copy of the table may be used, in whole minutes from 1.
///
/// Minutes in the draft's format line and in Sun's files, seconds in the draft's prose and in
/// Microsoft's: the reader decides once, and from then on it is a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ListTtl {
    minutes: NonZeroU32,
}

impl ListTtl {
    /// Ten minutes, as in Sun's example.
    pub const DEFAULT: Self = Self { minutes: NonZeroU32::MIN.saturating_add(9) };

    pub(crate) const EXPECTED: &'static str = "at most 4294967295 minutes";

    /// So many minutes; 0 becomes 1.
    pub fn from_minutes(minutes: u32) -> Self {
        Self { minutes: NonZeroU32::new(minutes).unwrap_or(NonZeroU32::MIN) }
    }

    /// So many seconds, rounded up to whole minutes; 0 becomes 1 minute.
    ///
    /// # Errors
    /// More minutes than a `u32` holds.
    pub fn from_seconds(seconds: u64) -> Result<Self, ValueError> {
        Self::try_from(seconds.div_ceil(60))
    }

    /// The number of minutes, from 1.
    pub fn minutes(self) -> u32 {
        self.minutes.get()
    }

    /// The same as a duration.
    pub fn as_duration(self) -> Duration {
        Duration::from_secs(u64::from(self.minutes.get()) * 60)
    }
}

impl TryFrom<u64> for ListTtl {
    type Error = ValueError;

    /// So many minutes; 0 becomes 1.
    fn try_from(minutes: u64) -> Result<Self, ValueError> {
        let fits = u32::try_from(minutes).map(Self::from_minutes);
        fits.map_err(|_too_long| ValueError::new("ListTTL", Self::EXPECTED, &minutes.to_string()))
    }
}

/// How the scores of members are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum HashName {
    /// Weighted rendezvous over SipHash-1-3: even, exact weights, cheap.
    #[serde(rename = "hrw-sip13")]
    HrwSip13,
    /// draft-vinod-carp-v1-03 (and -00, -02).
    #[serde(rename = "carp-1.0")]
    Carp10,
    /// draft-vinod-carp-v1-01.
    #[serde(rename = "carp-1.1")]
    Carp11,
    /// What Squid from 3.2.0.11 on computes; depends on the order of the lines.
    #[serde(rename = "squid-3.2")]
    Squid32,
}

impl HashName {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HrwSip13, Self::Carp10, Self::Carp11, Self::Squid32];

    /// The word that stands in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HrwSip13 => "hrw-sip13",
            Self::Carp10 => "carp-1.0",
            Self::Carp11 => "carp-1.1",
            Self::Squid32 => "squid-3.2",
        }
    }
}

impl FromStr for HashName {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::ALL.into_iter().find(|hash| hash.as_str() == text).ok_or_else(|| {
            ValueError::new("Hash", "hrw-sip13, carp-1.0, carp-1.1 or squid-3.2", text)
        })
    }
}

impl fmt::Display for HashName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What of a URL is hashed to choose the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashKey {
    /// Of `http:` the whole URL, of all else host and port.
    Url,
    /// As `Url`, without the query.
    Path,
    /// The host alone: a site stays with one member.
    Host,
}

impl HashKey {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Url, Self::Path, Self::Host];

    /// The word that stands in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Path => "path",
            Self::Host => "host",
        }
    }
}

impl FromStr for HashKey {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::ALL
            .into_iter()
            .find(|key| key.as_str() == text)
            .ok_or_else(|| ValueError::new("HashKey", "url, path or host", text))
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The 16 key bytes of SipHash, in the order in which SipHash takes them; written as 32 hex digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HashSeed(pub [u8; 16]);

impl FromStr for HashSeed {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::new("HashSeed", "32 hex digits", text);
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let bits = u128::from_str_radix(text, 16).map_err(|_digits_were_checked| wrong())?;
        Ok(Self(bits.to_be_bytes()))
    }
}

impl fmt::Display for HashSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for HashSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for HashSeed {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<HashSeed> for String {
    fn from(seed: HashSeed) -> Self {
        seed.to_string()
    }
}
