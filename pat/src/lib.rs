//! The Proxy Array Table: who is in an array of proxies, and how much of the load each takes.
//!
//! ```text
//! Proxy Array Information/1.0
//! ArrayEnabled: 1
//! ConfigID: 7
//! ArrayName: campus
//! ListTTL: 10
//! Hash: hrw-sip13
//!
//! p1.example.com 10.0.0.1 8080 http://p1.example.com:8080/pat parray/0.1 0 UP 100 2048
//! p2.example.com 10.0.0.2 8080 http://p1.example.com:8080/pat parray/0.1 0 UP 100 2048
//! ```
//!
//! The format is that of draft-vinod-carp-v1-03, section 2, which Sun's and Microsoft's proxies took up
//! with small changes ([`Dialect`]). `Hash`, `HashKey` and `HashSeed` are ours; other readers skip them.
//!
//! A [`Table`] that exists is valid: only [`Table::parse`], [`Table::apply`] and [`Table::new`] make one.
//! Nothing here does I/O.
//!
//! ```
//! let text = "Proxy Array Information/1.0\nArrayEnabled: 0\nConfigID: 1\nArrayName: a\nListTTL: 10\n\n";
//! let table: pat::Table = text.parse()?;
//! assert_eq!(table.print(pat::Dialect::Draft).parse::<pat::Table>()?, table);
//! # Ok::<(), pat::ParseErrors>(())
//! ```

mod check;
mod csv;
mod diff;
mod edit;
mod error;
mod header;
mod member;
mod parse;
mod patch;
mod print;
mod row;
mod scan;
mod table;

pub use check::{Finding, Report, Severity, check};
pub use csv::{CsvError, read_csv, write_csv};
pub use diff::{Change, diff};
pub use edit::{Edit, EditError, MemberField};
pub use error::{ParseError, ParseErrorKind, ParseErrors, ValueError};
pub use header::{ArrayName, ConfigId, HashKey, HashName, HashSeed, Header, ListTtl};
pub use member::{AddressBy, CacheSize, LoadFactor, Member, MemberName, Opaque, Status};
pub use patch::{HeaderPatch, IpChoice, MemberPatch};
pub use print::Dialect;
pub use row::MemberRow;
pub use table::Table;
