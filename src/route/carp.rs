//! The CARP family: hashes of URL and member, and their combination.
//!
//! draft-vinod-carp-v1-03 (1.0), draft-vinod-carp-v1-01 (1.1), and what Squid from 3.2.0.11 on
//! computes. Kept for tables of other makers: 1.0 spreads unevenly, Squid's depends on the order.

use std::borrow::Cow;

/// Which of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarpKind {
    /// draft-vinod-carp-v1-03.
    V10,
    /// draft-vinod-carp-v1-01.
    V11,
    /// Squid from 3.2.0.11 on.
    Squid32,
}

/// Spreads a hash; value from draft-vinod-carp-v1-03, section 3.2.
const SPREAD: u32 = 0x6253_1965;

/// One listed member, as the score sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) hash: u32,
    pub(super) multiplier: f64,
    /// Off members keep their place in the arithmetic and are not chosen.
    pub(super) on: bool,
}

impl CarpKind {
    /// Hash of a member's name.
    pub(super) fn member_hash(self, name: &str) -> u32 {
        match self {
            Self::V10 => spread10(string10(0, name.to_ascii_lowercase().as_bytes())),
            Self::V11 => string11(name.to_ascii_lowercase().as_bytes()).wrapping_mul(SPREAD),
            // Squid hashes the `name=` of a peer as it is spelled.
            Self::Squid32 => spread10(string10(0, name.as_bytes())),
        }
    }

    /// Hash of a key; of Squid's, the hash that its first peer sees.
    pub(super) fn key_hash(self, key: &str) -> u32 {
        match self {
            Self::V10 | Self::Squid32 => string10(0, key.as_bytes()),
            Self::V11 => string11(lower(key).as_bytes()),
        }
    }

    /// The score of each candidate in turn, off ones too.
    pub(super) fn scores(self, candidates: &[Candidate], key: &str) -> impl Iterator<Item = f64> {
        let first = self.key_hash(key);
        let mut hash = first;
        candidates.iter().enumerate().map(move |(i, candidate)| {
            if self == Self::Squid32 && i > 0 {
                // Squid does not reset the hash between peers: peer k sees the key k times in a row.
                hash = string10(hash, key.as_bytes());
            }
            let both = hash ^ candidate.hash;
            let combined =
                if self == Self::V11 { both.wrapping_mul(SPREAD) } else { spread10(both) };
            f64::from(combined) * candidate.multiplier
        })
    }
}

fn string10(start: u32, bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(start, |h, &byte| h.wrapping_add(h.rotate_left(19)).wrapping_add(u32::from(byte)))
}

fn spread10(h: u32) -> u32 {
    h.wrapping_add(h.wrapping_mul(SPREAD)).rotate_left(21)
}

fn string11(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0_u32, |h, &byte| h.wrapping_add(h << 9).wrapping_add(u32::from(byte)))
}

/// Version 1.1 folds the whole URL; A-Z only, as everywhere.
fn lower(key: &str) -> Cow<'_, str> {
    if key.bytes().any(|b| b.is_ascii_uppercase()) {
        key.to_ascii_lowercase().into()
    } else {
        key.into()
    }
}
