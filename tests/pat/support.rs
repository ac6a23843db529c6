//! Small tables, written the way people write them.

use pat::{Member, MemberName, Opaque, Table};

/// Two members, our own hash, and a header line of somebody else.
pub(crate) const CAMPUS: &str = "\
Proxy Array Information/1.0
ArrayEnabled: 1
ConfigID: 7
ArrayName: campus
ListTTL: 10
Hash: hrw-sip13
X-Contact: Ann

p1 10.0.0.1 8080 http://p1/pat ws/4 60 UP 100 512
p2 10.0.0.2 8080 http://p1/pat ws/4 60 DOWN 100 512
";

pub(crate) fn campus() -> Table {
    table(CAMPUS)
}

pub(crate) fn table(text: &str) -> Table {
    text.parse().unwrap()
}

/// A table of these member lines: on unless there are none, with our own hash.
pub(crate) fn of(lines: &[&str]) -> Table {
    table(&text_of("", lines))
}

/// The text of a table with further header lines and these member lines.
pub(crate) fn text_of(header: &str, lines: &[&str]) -> String {
    let on = u8::from(!lines.is_empty());
    format!(
        "Proxy Array Information/1.0\nArrayEnabled: {on}\nConfigID: 7\nArrayName: campus\n\
         ListTTL: 10\nHash: hrw-sip13\n{header}\n{}\n",
        lines.join("\n")
    )
}

pub(crate) fn name(text: &str) -> MemberName {
    text.parse().unwrap()
}

pub(crate) fn opaque(text: &str) -> Opaque {
    text.parse().unwrap()
}

/// A member with defaults, on port 3128.
pub(crate) fn member(text: &str) -> Member {
    Member::new(name(text), 3128.try_into().unwrap())
}

/// The names of a table, in order.
pub(crate) fn names(table: &Table) -> Vec<&str> {
    table.members().iter().map(|m| m.name.as_str()).collect()
}
