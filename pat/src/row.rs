//! A member as CSV and JSON have it.

use std::net::IpAddr;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::member::{CacheSize, LoadFactor, Member, MemberName, Opaque, Status};

/// A member as a row: all but `name` and `port` may be left out and have a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberRow {
    /// Unique in the table.
    pub name: MemberName,
    /// Address that siblings connect to.
    #[serde(default)]
    pub ip: Option<IpAddr>,
    /// TCP port.
    pub port: NonZeroU16,
    /// Default: `/pat` of this member.
    #[serde(default)]
    pub table_url: Option<Opaque>,
    /// Default: `parray`.
    #[serde(default)]
    pub agent: Option<Opaque>,
    /// Seconds; default 0.
    #[serde(default)]
    pub state_time: Option<u32>,
    /// Default `on`.
    #[serde(default)]
    pub status: Option<Status>,
    /// Default 100.
    #[serde(default)]
    pub load_factor: Option<LoadFactor>,
    /// Megabytes; default 0.
    #[serde(default)]
    pub cache_size: Option<CacheSize>,
}

impl From<Member> for MemberRow {
    fn from(member: Member) -> Self {
        Self {
            name: member.name,
            ip: member.ip,
            port: member.port,
            table_url: Some(member.table_url),
            agent: Some(member.agent),
            state_time: Some(member.state_time),
            status: Some(member.status),
            load_factor: Some(member.load_factor),
            cache_size: Some(member.cache_size),
        }
    }
}

impl From<MemberRow> for Member {
    fn from(row: MemberRow) -> Self {
        let fresh = Self::new(row.name, row.port);
        Self {
            ip: row.ip,
            table_url: row.table_url.unwrap_or(fresh.table_url),
            agent: row.agent.unwrap_or(fresh.agent),
            state_time: row.state_time.unwrap_or(0),
            status: row.status.unwrap_or(Status::On),
            load_factor: row.load_factor.unwrap_or(LoadFactor::DEFAULT),
            cache_size: row.cache_size.unwrap_or_default(),
            name: fresh.name,
            port: fresh.port,
        }
    }
}
