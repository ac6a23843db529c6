//! One table as a member uses it: a request takes it once and sees one table to its end.

use std::collections::{BTreeSet, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use hyper::header::HeaderValue;
use pat::{MemberName, Table};

use super::hop;
use crate::config::MemberConfig;
use crate::pac::GenerateError;
use crate::site::{HasSite, Site};

/// The current table, if there is one yet.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    ready: Option<Ready>,
}

/// A table made ready.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) site: Site,
    /// The members in the order of the table, as others reach them.
    pub(super) siblings: Vec<Sibling>,
    /// What marks a request that has been passed on by this table.
    pub(super) marker: HeaderValue,
    /// This member's place in the table; `None` if it is not in it.
    pub(super) me: Option<usize>,
    /// Addresses of members; each request looks here, and a few comparisons cost less than a hash.
    addresses: BTreeSet<IpAddr>,
    /// Their names in lower case.
    names: HashSet<String>,
}

/// A member as others reach it.
#[derive(Debug)]
pub(super) struct Sibling {
    /// Its name.
    pub(super) label: Arc<str>,
    /// `host:port` to connect to.
    pub(super) authority: Arc<str>,
    /// What finds connections to it in the pool.
    pub(super) pooled: String,
}

impl Sibling {
    fn of(member: &pat::Member, config: &MemberConfig) -> Self {
        let authority: Arc<str> = member.authority(config.sibling_address).into();
        let pooled = format!("sibling {authority}");
        Self { label: member.name.as_str().into(), authority, pooled }
    }
}

impl Snapshot {
    /// Makes a table ready.
    pub(super) fn of(table: Arc<Table>, config: &MemberConfig) -> Result<Self, GenerateError> {
        let members = table.members();
        let me = members.iter().position(|member| member.name == config.name);
        let siblings = members.iter().map(|member| Sibling::of(member, config)).collect();
        let own_address =
            |member: &pat::Member| member.ip.or_else(|| member.name.as_str().parse().ok());
        let addresses = members.iter().filter_map(own_address).collect();
        let names = members.iter().map(|member| member.name.folded().to_owned()).collect();
        let site = Site::of(table, &config.pac)?;
        let marker = hop::marker(site.table().header(), site.digest());
        Ok(Self { ready: Some(Ready { site, siblings, marker, me, addresses, names }) })
    }

    /// The table, ready.
    pub(super) fn ready(&self) -> Option<&Ready> {
        self.ready.as_ref()
    }

    /// The cache size of this member's line, in bytes; `None` if there is none, or it says 0.
    pub(super) fn cache_size(&self) -> Option<u64> {
        let ready = self.ready.as_ref()?;
        let line = ready.site.table().members().get(ready.me?)?;
        (line.cache_size.0 > 0).then(|| u64::from(line.cache_size.0) << 20)
    }

    /// What of a URL is hashed.
    pub(super) fn hash_key(&self) -> pat::HashKey {
        self.ready.as_ref().map_or(pat::HashKey::Url, |ready| ready.site.table().header().hash_key)
    }

    /// Whether an address is that of a member.
    pub(super) fn is_member_address(&self, address: IpAddr) -> bool {
        self.ready.as_ref().is_some_and(|ready| ready.addresses.contains(&address.to_canonical()))
    }

    /// Whether a name is that of another member than this one.
    pub(super) fn is_sibling_name(&self, name: &str, me: &MemberName) -> bool {
        let folded = name.to_ascii_lowercase();
        folded != me.folded()
            && self.ready.as_ref().is_some_and(|ready| ready.names.contains(&folded))
    }
}

impl HasSite for Snapshot {
    fn site(&self) -> Option<&Site> {
        self.ready.as_ref().map(|ready| &ready.site)
    }
}
