//! The table as a value; its rules hold by construction.

use std::collections::HashSet;
use std::str::FromStr;

use serde::Serialize;

use crate::error::{ParseErrors, ValueError};
use crate::header::{ConfigId, Header};
use crate::member::{Member, MemberName};
use crate::parse::parse;

/// A valid table: names are unique without regard to case, and an enabled array has a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    header: Header,
    members: Vec<Member>,
}

impl Table {
    /// A table out of its parts.
    ///
    /// # Errors
    /// Two members of one name, a table URL with a blank or of digits only, or `array_enabled` without a member.
    pub fn new(header: Header, members: Vec<Member>) -> Result<Self, ValueError> {
        let mut seen = HashSet::with_capacity(members.len());
        if let Some(twice) = members.iter().find(|member| !seen.insert(member.name.folded())) {
            return Err(ValueError::new("member name", "unique", twice.name.as_str()));
        }
        if let Some(member) = members.iter().find(|member| !member.table_url.fits_table_url()) {
            return Err(ValueError::new(
                "table URL",
                TABLE_URL_EXPECTED,
                member.table_url.as_str(),
            ));
        }
        if header.array_enabled && members.is_empty() {
            return Err(ValueError::new("ArrayEnabled", "0 in a table without members", "1"));
        }
        Ok(Self { header, members })
    }

    /// Reads a table from bytes; any dialect.
    ///
    /// # Errors
    /// All that is wrong with the text, each with line and column.
    pub fn parse(text: &[u8]) -> Result<Self, ParseErrors> {
        parse(text).map(|parsed| parsed.table)
    }

    /// What holds for the whole array.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The members in the order of their lines.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member of that name, whatever its case.
    pub fn member(&self, name: &MemberName) -> Option<&Member> {
        self.members.iter().find(|member| member.name == *name)
    }

    /// The same table under another id.
    #[must_use]
    pub fn with_config_id(mut self, config_id: ConfigId) -> Self {
        self.header.config_id = config_id;
        self
    }

    /// Whether both say the same but for their ids.
    pub fn same_content(&self, other: &Self) -> bool {
        let mine = Header { config_id: other.header.config_id, ..self.header.clone() };
        mine == other.header && self.members == other.members
    }

    /// Whether ListTTL is written in seconds, as a Microsoft table has it.
    pub(crate) fn counts_in_seconds(&self) -> bool {
        counts_in_seconds(&self.members)
    }

    pub(crate) fn parts_mut(&mut self) -> (&mut Header, &mut Vec<Member>) {
        (&mut self.header, &mut self.members)
    }

    pub(crate) fn into_parts(self) -> (Header, Vec<Member>) {
        (self.header, self.members)
    }
}

pub(crate) const TABLE_URL_EXPECTED: &str = "text without blanks that is no number";

/// Microsoft's hand shows in a table URL that ends at `array.dll`; its ListTTL is seconds.
pub(crate) fn counts_in_seconds(members: &[Member]) -> bool {
    members
        .iter()
        .any(|member| member.table_url.as_str().to_ascii_lowercase().contains("array.dll"))
}

impl FromStr for Table {
    type Err = ParseErrors;

    fn from_str(text: &str) -> Result<Self, ParseErrors> {
        Self::parse(text.as_bytes())
    }
}
