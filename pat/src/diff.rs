//! What differs between two tables, for people and logs.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Serialize;

use crate::header::Header;
use crate::member::{Member, MemberName};
use crate::table::Table;

/// One difference; its text is one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Only the new table has it.
    Added {
        /// Who.
        name: MemberName,
    },
    /// Only the old table has it.
    Removed {
        /// Who.
        name: MemberName,
    },
    /// A header line or a member's field has another value.
    Changed {
        /// Whose field; `None`: a header line.
        name: Option<MemberName>,
        /// Which.
        field: &'static str,
        /// Its old value.
        from: String,
        /// Its new value.
        to: String,
    },
    /// The same members stand in another order.
    Reordered,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { name } => write!(f, "+ {name}"),
            Self::Removed { name } => write!(f, "- {name}"),
            Self::Changed { name: Some(name), field, from, to } => {
                write!(f, "~ {name} {field}: {from} -> {to}")
            }
            Self::Changed { name: None, field, from, to } => {
                let one_line = |text: &str| text.replace('\n', "; ");
                write!(f, "~ {field}: {} -> {}", one_line(from), one_line(to))
            }
            Self::Reordered => f.write_str("~ the order of the members"),
        }
    }
}

/// The differences: header first, then members of the old table, then new ones.
pub fn diff(old: &Table, new: &Table) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&mut changes, None, &header_fields(old.header()), &header_fields(new.header()));
    let mut fresh: HashMap<&str, &Member> =
        new.members().iter().map(|m| (m.name.folded(), m)).collect();
    for was in old.members() {
        match fresh.remove(was.name.folded()) {
            Some(is) => {
                compare(&mut changes, Some(&is.name), &member_fields(was), &member_fields(is));
            }
            None => changes.push(Change::Removed { name: was.name.clone() }),
        }
    }
    let added = new.members().iter().filter(|member| fresh.contains_key(member.name.folded()));
    changes.extend(added.map(|member| Change::Added { name: member.name.clone() }));
    if order_differs(old, new) {
        changes.push(Change::Reordered);
    }
    changes
}

fn compare(
    out: &mut Vec<Change>,
    name: Option<&MemberName>,
    old: &[(&'static str, String)],
    new: &[(&'static str, String)],
) {
    for ((field, from), (_, to)) in old.iter().zip(new) {
        if from != to {
            out.push(Change::Changed {
                name: name.cloned(),
                field,
                from: from.clone(),
                to: to.clone(),
            });
        }
    }
}

fn header_fields(header: &Header) -> [(&'static str, String); 8] {
    let others =
        header.others.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>();
    [
        ("ArrayEnabled", u8::from(header.array_enabled).to_string()),
        ("ConfigID", header.config_id.to_string()),
        ("ArrayName", header.array_name.to_string()),
        ("ListTTL", format!("{} min", header.list_ttl.minutes())),
        ("Hash", header.hash.to_string()),
        ("HashKey", header.hash_key.to_string()),
        ("HashSeed", header.hash_seed.to_string()),
        // Values have no line ends: joined by them, two lists differ where their texts do.
        ("other lines", others.join("\n")),
    ]
}

fn member_fields(member: &Member) -> [(&'static str, String); 9] {
    [
        ("name", member.name.to_string()),
        ("ip", member.ip.map_or_else(|| "none".to_owned(), |ip| ip.to_string())),
        ("port", member.port.to_string()),
        ("table URL", member.table_url.to_string()),
        ("agent", member.agent.to_string()),
        ("state time", member.state_time.to_string()),
        ("status", member.status.to_string()),
        ("load factor", member.load_factor.to_string()),
        ("cache size", member.cache_size.to_string()),
    ]
}

fn order_differs(old: &Table, new: &Table) -> bool {
    let both = |a: &Table, b: &Table| -> Vec<String> {
        let there: HashSet<&str> = b.members().iter().map(|m| m.name.folded()).collect();
        let kept = a.members().iter().filter(|m| there.contains(m.name.folded()));
        kept.map(|m| m.name.folded().to_owned()).collect()
    };
    both(old, new) != both(new, old)
}
