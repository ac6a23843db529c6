//! Several changes of one thing, as a command line or a JSON document states them.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::edit::{Edit, MemberField};
use crate::error::ValueError;
use crate::header::{ArrayName, HashKey, HashName, HashSeed, ListTtl};
use crate::member::{CacheSize, LoadFactor, MemberName, Opaque, Status};

/// New values of a member's fields; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MemberPatch {
    /// `none`: siblings resolve the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpChoice>,
    /// TCP port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<NonZeroU16>,
    /// Where the member publishes a copy of the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table_url: Option<Opaque>,
    /// Vendor and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Opaque>,
    /// Share of the load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load_factor: Option<LoadFactor>,
    /// Megabytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_size: Option<CacheSize>,
    /// On or off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

impl MemberPatch {
    /// The edits of the member of that name.
    pub fn edits(&self, name: &MemberName) -> Vec<Edit> {
        let fields = [
            self.ip.map(|ip| MemberField::Ip(ip.0)),
            self.port.map(MemberField::Port),
            self.table_url.clone().map(MemberField::TableUrl),
            self.agent.clone().map(MemberField::Agent),
            self.load_factor.map(MemberField::LoadFactor),
            self.cache_size.map(MemberField::CacheSize),
        ];
        let status = self.status.map(|status| match status {
            Status::On => Edit::TurnOn(name.clone()),
            Status::Off => Edit::TurnOff(name.clone()),
        });
        fields
            .into_iter()
            .flatten()
            .map(|field| Edit::Set(name.clone(), field))
            .chain(status)
            .collect()
    }
}

/// New values of header lines; what is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HeaderPatch {
    /// `ArrayEnabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_enabled: Option<bool>,
    /// `ArrayName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array_name: Option<ArrayName>,
    /// `ListTTL`, in minutes from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_ttl_minutes: Option<u32>,
    /// `Hash`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<HashName>,
    /// `HashKey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_key: Option<HashKey>,
    /// `HashSeed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash_seed: Option<HashSeed>,
}

impl HeaderPatch {
    /// The edits of the header.
    pub fn edits(&self) -> Vec<Edit> {
        let edits = [
            self.array_enabled.map(Edit::SetArrayEnabled),
            self.array_name.clone().map(Edit::SetArrayName),
            self.list_ttl_minutes.map(|minutes| Edit::SetListTtl(ListTtl::from_minutes(minutes))),
            self.hash.map(Edit::SetHash),
            self.hash_key.map(Edit::SetHashKey),
            self.hash_seed.map(Edit::SetHashSeed),
        ];
        edits.into_iter().flatten().collect()
    }
}

/// An address, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IpChoice(pub Option<IpAddr>);

impl FromStr for IpChoice {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if text == "none" {
            return Ok(Self(None));
        }
        let ip = text
            .parse()
            .map_err(|_no_address| ValueError::new("ip", "an IPv4 or IPv6 address, or none", text));
        ip.map(|ip| Self(Some(ip)))
    }
}

impl fmt::Display for IpChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(ip) => ip.fmt(f),
            None => f.write_str("none"),
        }
    }
}

impl TryFrom<String> for IpChoice {
    type Error = ValueError;

    fn try_from(text: String) -> Result<Self, ValueError> {
        text.parse()
    }
}

impl From<IpChoice> for String {
    fn from(choice: IpChoice) -> Self {
        choice.to_string()
    }
}
