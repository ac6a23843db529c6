//! One table made ready for decisions.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use pat::{HashName, Member, Status, Table};

use super::carp::{self, CarpKind};
use super::hrw::{self, Cost};
use super::key::RouteKey;
use super::multiplier::{multipliers, squid_multipliers};

/// Ranks the members of one table for a key.
///
/// Off members are not ranked. `ArrayEnabled` is not looked at: whether to route at all is the
/// caller's question.
#[derive(Debug, Clone)]
pub struct Router {
    table: Arc<Table>,
    scores: Scores,
    /// Of each candidate, its place in the table. Candidates stand in the order that breaks ties.
    places: Vec<usize>,
}

#[derive(Debug, Clone)]
enum Scores {
    Hrw(hrw::Candidates),
    Carp(CarpKind, Vec<carp::Candidate>),
}

/// A member and its score for one key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked<'a> {
    /// Its place in the table, from 0.
    pub place: usize,
    /// The member.
    pub member: &'a Member,
    /// The higher, the better; only comparable within one ranking.
    pub score: f64,
}

/// Hash of a key; prints as 16 hex digits for `hrw-sip13` and as 8 for the CARP family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteHash {
    /// SipHash-1-3.
    Sip13(u64),
    /// A CARP hash.
    Carp(u32),
}

impl fmt::Display for RouteHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sip13(hash) => write!(f, "{hash:016x}"),
            Self::Carp(hash) => write!(f, "{hash:08x}"),
        }
    }
}

impl Router {
    /// Prepares a table: O(n log n) for n members.
    pub fn new(table: Arc<Table>) -> Self {
        let mut places: Vec<usize> = (0..table.members().len()).collect();
        let member = |place: &usize| table.members().get(*place);
        let hash = table.header().hash;
        if hash == HashName::Squid32 {
            places.sort_by_key(|place| member(place).map(|m| m.load_factor));
        } else {
            places.sort_by_key(|place| member(place).map(|m| &m.name));
        }
        if hash == HashName::HrwSip13 {
            places.retain(|place| member(place).is_some_and(|m| m.status == Status::On));
        }
        let members: Vec<&Member> = places.iter().filter_map(member).collect();
        let scores = match hash {
            HashName::HrwSip13 => Scores::Hrw(hrw_candidates(&members, &table)),
            HashName::Carp11 => carp_candidates(CarpKind::V11, &members),
            HashName::Squid32 => carp_candidates(CarpKind::Squid32, &members),
            // Also what a hash of a later version of this crate means to it: the draft's.
            HashName::Carp10 | _ => carp_candidates(CarpKind::V10, &members),
        };
        Self { table, scores, places }
    }

    /// The table that is ranked.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The key of a URL under this table's `HashKey`.
    pub fn key<'u>(&self, url: &'u str) -> RouteKey<'u> {
        RouteKey::of(url, self.table.header().hash_key)
    }

    /// The hash of a key.
    pub fn hash(&self, key: &RouteKey<'_>) -> RouteHash {
        match &self.scores {
            Scores::Hrw(_) => RouteHash::Sip13(self.sip13(key)),
            Scores::Carp(kind, _) => RouteHash::Carp(kind.key_hash(key.as_str())),
        }
    }

    /// The member that owns a key; `None` if every member is off.
    ///
    /// The first of [`Router::ranking`], without working out the rest and without allocating.
    pub fn owner(&self, key: &RouteKey<'_>) -> Option<&Member> {
        self.table.members().get(self.owner_place(key)?)
    }

    /// Place in the table, from 0, of [`Router::owner`].
    pub fn owner_place(&self, key: &RouteKey<'_>) -> Option<usize> {
        let at = match &self.scores {
            Scores::Hrw(candidates) => candidates.owner(self.sip13(key))?,
            Scores::Carp(kind, candidates) => {
                let mut best: Option<(usize, f64)> = None;
                for (i, score) in kind.scores(candidates, key.as_str()).enumerate() {
                    let on = candidates.get(i).is_some_and(|candidate| candidate.on);
                    if on && best.is_none_or(|(_, high)| score > high) {
                        best = Some((i, score));
                    }
                }
                best?.0
            }
        };
        self.places.get(at).copied()
    }

    /// The members that are on, the owner first; the rest is the order in which to try when it fails.
    ///
    /// Ties go by the byte order of the lower-cased names (`squid-3.2`: the order of the lines among
    /// equal load factors). Empty if every member is off. One sort, one allocation.
    pub fn ranking(&self, key: &RouteKey<'_>) -> Vec<Ranked<'_>> {
        match &self.scores {
            Scores::Hrw(candidates) => {
                let hash = self.sip13(key);
                let costs = candidates.iter().map(|candidate| Cost::of(*candidate, hash));
                self.sorted(costs.enumerate(), |a, b| a.compare(*b), |cost| cost.as_score())
            }
            Scores::Carp(kind, candidates) => {
                let scores = kind.scores(candidates, key.as_str()).enumerate();
                let on = scores
                    .filter(|(i, _)| candidates.get(*i).is_some_and(|candidate| candidate.on));
                self.sorted(on, |a, b| b.total_cmp(a), |score| *score)
            }
        }
    }

    /// The numbers that a PAC needs to compute the same ranking.
    pub fn parts(&self) -> Parts<'_> {
        match &self.scores {
            Scores::Hrw(candidates) => {
                let entry = |(i, c): (usize, &hrw::Candidate)| {
                    Some(HrwEntry { member: self.member_at(i)?, load: c.load, hash: c.hash })
                };
                Parts::Hrw(candidates.iter().enumerate().filter_map(entry).collect())
            }
            Scores::Carp(kind, candidates) => {
                let entry = |(i, c): (usize, &carp::Candidate)| {
                    Some(CarpEntry {
                        member: self.member_at(i)?,
                        on: c.on,
                        multiplier: c.multiplier,
                        hash: c.hash,
                    })
                };
                Parts::Carp(*kind, candidates.iter().enumerate().filter_map(entry).collect())
            }
        }
    }

    fn sorted<T>(
        &self,
        scored: impl Iterator<Item = (usize, T)>,
        compare: impl Fn(&T, &T) -> Ordering,
        score: impl Fn(&T) -> f64,
    ) -> Vec<Ranked<'_>> {
        let mut rows: Vec<(usize, T)> = scored.collect();
        rows.sort_unstable_by(|a, b| compare(&a.1, &b.1).then(a.0.cmp(&b.0)));
        let ranked = |(at, value): &(usize, T)| {
            let place = *self.places.get(*at)?;
            let member = self.table.members().get(place)?;
            Some(Ranked { place, member, score: score(value) })
        };
        rows.iter().filter_map(ranked).collect()
    }

    fn sip13(&self, key: &RouteKey<'_>) -> u64 {
        hrw::sip13(self.table.header().hash_seed, key.as_str().as_bytes())
    }

    fn member_at(&self, candidate: usize) -> Option<&Member> {
        self.table.members().get(*self.places.get(candidate)?)
    }
}

/// What a table's scores are made of; entries in the order that breaks ties.
#[derive(Debug, Clone)]
pub enum Parts<'a> {
    /// `hrw-sip13`: the members that are on.
    Hrw(Vec<HrwEntry<'a>>),
    /// The CARP family: all listed members.
    Carp(CarpKind, Vec<CarpEntry<'a>>),
}

/// A member under `hrw-sip13`.
#[derive(Debug, Clone, Copy)]
pub struct HrwEntry<'a> {
    /// Who.
    pub member: &'a Member,
    /// 1 to 16 777 215.
    pub load: u32,
    /// SipHash-1-3 of the lower-cased name.
    pub hash: u64,
}

/// A member under one of the CARP hashes.
#[derive(Debug, Clone, Copy)]
pub struct CarpEntry<'a> {
    /// Who.
    pub member: &'a Member,
    /// Whether it may be chosen.
    pub on: bool,
    /// What its combined hash is multiplied by.
    pub multiplier: f64,
    /// Hash of its name.
    pub hash: u32,
}

fn hrw_candidates(members: &[&Member], table: &Table) -> hrw::Candidates {
    let seed = table.header().hash_seed;
    let candidate = |member: &&Member| hrw::Candidate {
        hash: hrw::sip13(seed, member.name.folded().as_bytes()),
        load: member.load_factor.value(),
    };
    hrw::Candidates::new(members.iter().map(candidate).collect())
}

fn carp_candidates(kind: CarpKind, members: &[&Member]) -> Scores {
    let loads: Vec<u32> = members.iter().map(|member| member.load_factor.value()).collect();
    let multipliers =
        if kind == CarpKind::Squid32 { squid_multipliers(&loads) } else { multipliers(&loads) };
    let candidate = |(member, multiplier): (&&Member, f64)| carp::Candidate {
        hash: kind.member_hash(member.name.as_str()),
        multiplier,
        on: member.status == Status::On,
    };
    Scores::Carp(kind, members.iter().zip(multipliers).map(candidate).collect())
}
