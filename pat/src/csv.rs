//! The members as CSV, for bulk edits in a spreadsheet.

use std::net::IpAddr;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::member::{CacheSize, LoadFactor, Member, MemberName, Opaque, Status};

/// Why a CSV text is no list of members.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CsvError {
    /// 1-based line; the heading is line 1.
    pub line: u64,
    /// What is wrong there.
    pub problem: String,
}

/// A row as the CSV has it; columns that may be left out have a default.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    name: MemberName,
    #[serde(default)]
    ip: Option<IpAddr>,
    port: NonZeroU16,
    #[serde(default)]
    table_url: Option<Opaque>,
    #[serde(default)]
    agent: Option<Opaque>,
    #[serde(default)]
    state_time: Option<u32>,
    #[serde(default)]
    status: Option<Status>,
    #[serde(default)]
    load_factor: Option<LoadFactor>,
    #[serde(default)]
    cache_size: Option<CacheSize>,
}

/// Writes the members with a heading line.
pub fn write_csv(members: &[Member]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for member in members {
        // Writing to memory cannot fail, and every row has the same columns.
        writer.serialize(Row::from(member.clone())).ok();
    }
    writer
        .into_inner()
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

/// Reads members from CSV with a heading line; only `name` and `port` are required columns.
///
/// # Errors
/// The first row that is no member.
pub fn read_csv(text: &str) -> Result<Vec<Member>, CsvError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut members = Vec::new();
    for (i, row) in reader.deserialize::<Row>().enumerate() {
        let row = row.map_err(|error| CsvError {
            line: error.position().map_or_else(
                || u64::try_from(i).unwrap_or_default() + 2,
                csv::Position::line,
            ),
            problem: match error.kind() {
                csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
                _ => error.to_string(),
            },
        })?;
        members.push(Member::from(row));
    }
    Ok(members)
}

impl From<Member> for Row {
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

impl From<Row> for Member {
    fn from(row: Row) -> Self {
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
