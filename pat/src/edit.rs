//! Changes of a table as values.

use std::net::IpAddr;
use std::num::NonZeroU16;

use serde::{Deserialize, Serialize};

use crate::error::ValueError;
use crate::header::{ArrayName, HashKey, HashName, HashSeed, ListTtl};
use crate::member::{CacheSize, LoadFactor, Member, MemberName, Opaque, Status};
use crate::table::Table;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A new member, last in the table. Into an empty table it also turns the array on: an empty
    /// table can only be off, so nobody has chosen that.
    Add(Box<Member>),
    /// The member goes. The last one's going turns the array off.
    Remove(MemberName),
    /// One field of a member changes.
    Set(MemberName, MemberField),
    /// The member takes part in routing; its state time becomes 0 if it did not before.
    TurnOn(MemberName),
    /// Its URLs go to the others; its state time becomes 0 if they did not before.
    TurnOff(MemberName),
    /// `ArrayEnabled`.
    SetArrayEnabled(bool),
    /// `ArrayName`.
    SetArrayName(ArrayName),
    /// `ListTTL`.
    SetListTtl(ListTtl),
    /// `Hash`.
    SetHash(HashName),
    /// `HashKey`.
    SetHashKey(HashKey),
    /// `HashSeed`.
    SetHashSeed(HashSeed),
}

/// A field of a member and its new value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberField {
    /// Address that siblings connect to; `None`: they resolve the name.
    Ip(Option<IpAddr>),
    /// TCP port.
    Port(NonZeroU16),
    /// Where the member publishes a copy of the table; no blanks.
    TableUrl(Opaque),
    /// Vendor and version.
    Agent(Opaque),
    /// Share of the load.
    LoadFactor(LoadFactor),
    /// Megabytes.
    CacheSize(CacheSize),
}

/// Why an edit cannot be applied; the table stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The member to add is there already.
    #[error("member {0} is in the table already")]
    Exists(MemberName),
    /// The member to change is not there.
    #[error("member {name} is not in the table; it has {members}")]
    Unknown {
        /// Who was asked for.
        name: MemberName,
        /// Who is there.
        members: String,
    },
    /// The result would not be a valid table.
    #[error(transparent)]
    Invalid(#[from] ValueError),
}

impl Table {
    /// The table after these edits, all or none; its `ConfigId` is as it was.
    ///
    /// # Errors
    /// The first edit that cannot be applied.
    pub fn apply(&self, edits: &[Edit]) -> Result<Self, EditError> {
        let mut table = self.clone();
        for edit in edits {
            table.apply_one(edit)?;
        }
        // An edit cannot name a member twice, but it can turn an empty array on.
        let (header, members) = table.into_parts();
        Ok(Self::new(header, members)?)
    }

    fn apply_one(&mut self, edit: &Edit) -> Result<(), EditError> {
        match edit {
            Edit::Add(member) => self.add(member)?,
            Edit::Remove(name) => self.remove(name)?,
            Edit::Set(name, field) => self.find(name)?.set(field),
            Edit::TurnOn(name) => self.find(name)?.turn(Status::On),
            Edit::TurnOff(name) => self.find(name)?.turn(Status::Off),
            Edit::SetArrayEnabled(on) => self.parts_mut().0.array_enabled = *on,
            Edit::SetArrayName(name) => self.parts_mut().0.array_name = name.clone(),
            Edit::SetListTtl(ttl) => self.parts_mut().0.list_ttl = *ttl,
            Edit::SetHash(hash) => self.parts_mut().0.hash = *hash,
            Edit::SetHashKey(key) => self.parts_mut().0.hash_key = *key,
            Edit::SetHashSeed(seed) => self.parts_mut().0.hash_seed = *seed,
        }
        Ok(())
    }

    fn add(&mut self, member: &Member) -> Result<(), EditError> {
        if self.member(&member.name).is_some() {
            return Err(EditError::Exists(member.name.clone()));
        }
        let (header, members) = self.parts_mut();
        header.array_enabled |= members.is_empty();
        members.push(member.clone());
        Ok(())
    }

    fn remove(&mut self, name: &MemberName) -> Result<(), EditError> {
        self.find(name)?;
        let (header, members) = self.parts_mut();
        members.retain(|member| member.name != *name);
        header.array_enabled &= !members.is_empty();
        Ok(())
    }

    fn find(&mut self, name: &MemberName) -> Result<&mut Member, EditError> {
        let all = || match self.members() {
            [] => "none".to_owned(),
            some => some.iter().map(|m| m.name.as_str()).take(20).collect::<Vec<_>>().join(", "),
        };
        let unknown = EditError::Unknown { name: name.clone(), members: all() };
        self.parts_mut().1.iter_mut().find(|member| member.name == *name).ok_or(unknown)
    }
}

impl Member {
    fn set(&mut self, field: &MemberField) {
        match field {
            MemberField::Ip(ip) => self.ip = *ip,
            MemberField::Port(port) => self.port = *port,
            MemberField::TableUrl(url) => self.table_url = url.clone(),
            MemberField::Agent(agent) => self.agent = agent.clone(),
            MemberField::LoadFactor(load) => self.load_factor = *load,
            MemberField::CacheSize(size) => self.cache_size = *size,
        }
    }

    fn turn(&mut self, status: Status) {
        if self.status != status {
            self.status = status;
            self.state_time = 0;
        }
    }
}
