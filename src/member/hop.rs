//! The marker that a member puts on what it passes to a sibling: one hop, ever.
//!
//! `Parray-Hop: <array>;config=<ConfigID>;digest=<8 hex>;hash=<name>;n=<count>`

use std::fmt::Write as _;

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue, VIA};
use pat::{Header, MemberName};

use super::snapshot::Snapshot;
use crate::net::etag::Digest;

/// The field's name.
pub(super) const HOP: HeaderName = HeaderName::from_static("parray-hop");

/// Where a request comes from, as far as routing cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Not from a member.
    Client,
    /// From a member of the same table.
    Sibling,
    /// From a member that routes by another table: served here all the same.
    ForeignSibling,
}

/// Tells clients from siblings. The marker counts only from an address of the table; but whoever is
/// not believed and says in `Via` that he is a sibling is served without routing, which harms nobody.
pub(super) fn origin(
    headers: &HeaderMap,
    trusted: bool,
    snapshot: &Snapshot,
    me: &MemberName,
) -> Origin {
    let marker = headers.get(&HOP).filter(|_| trusted);
    match (marker, snapshot.ready()) {
        (Some(value), Some(ready)) if *value == ready.marker => Origin::Sibling,
        (Some(_), _) => Origin::ForeignSibling,
        (None, _) if via_names_a_sibling(headers, snapshot, me) => Origin::Sibling,
        (None, _) => Origin::Client,
    }
}

fn via_names_a_sibling(headers: &HeaderMap, snapshot: &Snapshot, me: &MemberName) -> bool {
    let values = headers.get_all(VIA).into_iter().filter_map(|value| value.to_str().ok());
    let mut hops = values.flat_map(|value| value.split(','));
    hops.any(|hop| {
        hop.split_ascii_whitespace().nth(1).is_some_and(|name| snapshot.is_sibling_name(name, me))
    })
}

/// The marker of a request that has been passed on, which is once at most.
pub(super) fn marker(table: &Header, digest: Digest) -> HeaderValue {
    let mut marker = String::new();
    for byte in table.array_name.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            marker.push(char::from(byte));
        } else {
            write!(marker, "%{byte:02X}").ok(); // writing to a String cannot fail
        }
    }
    let (id, digest) = (table.config_id, digest.short());
    write!(marker, ";config={id};digest={digest};hash={};n=1", table.hash).ok();
    HeaderValue::try_from(marker).unwrap_or_else(|_unfit| HeaderValue::from_static("?"))
}
