//! A table as text; what is printed reads back as the same table.

use std::fmt::{self, Write};
use std::str::FromStr;

use crate::error::ValueError;
use crate::header::{HashKey, HashName, HashSeed, Header};
use crate::member::{Member, Status};
use crate::table::Table;

/// The first line of every table.
pub(crate) const VERSION_LINE: &str = "Proxy Array Information/1.0";

/// Whose words a table is written in; all are read.
///
/// ListTTL is written in minutes in both, as the draft's format line and Sun's reference have it; in
/// seconds only where a member's table URL has Microsoft's `array.dll`, by which readers tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// draft-vinod-carp-v1-03: status `UP` and `DOWN`.
    #[default]
    Draft,
    /// iPlanet and Sun Java System Web Proxy Server: status `on` and `off`.
    Sun,
}

impl FromStr for Dialect {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "draft" => Ok(Self::Draft),
            "sun" => Ok(Self::Sun),
            _ => Err(ValueError::new("dialect", "draft or sun", text)),
        }
    }
}

impl Table {
    /// Writes the table; lines end with LF.
    ///
    /// Header lines of ours stand only where they differ from what their absence means. Lines of
    /// other makers follow as they were.
    pub fn print(&self, dialect: Dialect) -> String {
        let mut text = String::with_capacity(256 + self.members().len() * 128);
        // Writing to a String cannot fail.
        write_table(&mut text, self, dialect).ok();
        text
    }
}

fn write_table(out: &mut String, table: &Table, dialect: Dialect) -> fmt::Result {
    write_header(out, table.header(), table.counts_in_seconds())?;
    out.push('\n');
    for member in table.members() {
        write_member(out, member, dialect)?;
    }
    Ok(())
}

fn write_header(out: &mut String, header: &Header, in_seconds: bool) -> fmt::Result {
    writeln!(out, "{VERSION_LINE}")?;
    writeln!(out, "ArrayEnabled: {}", u8::from(header.array_enabled))?;
    writeln!(out, "ConfigID: {}", header.config_id)?;
    writeln!(out, "ArrayName: {}", header.array_name)?;
    let minutes = u64::from(header.list_ttl.minutes());
    writeln!(out, "ListTTL: {}", if in_seconds { minutes * 60 } else { minutes })?;
    if header.hash != HashName::Carp10 {
        writeln!(out, "Hash: {}", header.hash)?;
    }
    if header.hash_key != HashKey::Url {
        writeln!(out, "HashKey: {}", header.hash_key)?;
    }
    if header.hash_seed != HashSeed::default() {
        writeln!(out, "HashSeed: {}", header.hash_seed)?;
    }
    for (name, value) in &header.others {
        let blank = if value.is_empty() { "" } else { " " };
        writeln!(out, "{name}:{blank}{value}")?;
    }
    Ok(())
}

fn write_member(out: &mut String, member: &Member, dialect: Dialect) -> fmt::Result {
    write!(out, "{} ", member.name)?;
    if let Some(ip) = member.ip {
        write!(out, "{ip} ")?;
    }
    let status = match (dialect, member.status) {
        (Dialect::Draft, Status::On) => "UP",
        (Dialect::Draft, Status::Off) => "DOWN",
        (Dialect::Sun, Status::On) => "on",
        (Dialect::Sun, Status::Off) => "off",
    };
    writeln!(
        out,
        "{} {} {} {} {status} {} {}",
        member.port,
        member.table_url,
        member.agent,
        member.state_time,
        member.load_factor,
        member.cache_size
    )
}
