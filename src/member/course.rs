//! Where a request goes, and where next when that fails: pure.

use super::hop::Origin;
use super::snapshot::{Ready, Snapshot};
use crate::route::RouteKey;

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// This member takes it to the origin itself.
    Here(Reason),
    /// The member at this place of the table gets it.
    Sibling(usize),
}

/// Why a member serves a request itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// There is no table yet.
    NoTable,
    /// `ArrayEnabled: 0`.
    ArrayOff,
    /// A sibling has routed it already: one hop, ever.
    FromSibling,
    /// It is this member's, or that of members that are down.
    Mine,
    /// Nobody (else) is left to ask.
    NobodyElse,
}

/// The way of one request through one ranking.
#[derive(Debug)]
pub(super) struct Course<'a> {
    snapshot: &'a Snapshot,
    origin: Origin,
    tried: Vec<usize>,
    tries: usize,
}

impl<'a> Course<'a> {
    /// A course that asks at most `tries` siblings.
    pub(super) fn new(snapshot: &'a Snapshot, origin: Origin, tries: usize) -> Self {
        Self { snapshot, origin, tried: Vec::new(), tries }
    }

    /// The next to ask; each sibling comes once.
    pub(super) fn next(
        &mut self,
        key: &RouteKey<'_>,
        is_down: impl Fn(&Ready, usize) -> bool,
    ) -> Decision {
        let Some(ready) = self.snapshot.ready() else {
            return Decision::Here(Reason::NoTable);
        };
        let router = ready.site.router();
        if !router.table().header().array_enabled {
            return Decision::Here(Reason::ArrayOff);
        }
        if self.origin != Origin::Client {
            return Decision::Here(Reason::FromSibling);
        }
        if self.tried.len() >= self.tries {
            return Decision::Here(Reason::NobodyElse);
        }
        let owner = router.owner_place(key);
        if self.tried.is_empty() && (owner.is_none() || owner == ready.me) {
            let reason = if owner.is_none() { Reason::NobodyElse } else { Reason::Mine };
            return Decision::Here(reason);
        }
        let usable = |place: usize| !self.tried.contains(&place) && !is_down(ready, place);
        // Most requests need no more of the ranking than its first.
        let first = owner.filter(|place| usable(*place));
        let rest =
            || {
                router.ranking(key).into_iter().map(|ranked| ranked.place).find(|place| {
                    Some(*place) == ready.me || (Some(*place) != owner && usable(*place))
                })
            };
        match first.or_else(rest) {
            Some(place) if Some(place) == ready.me => Decision::Here(Reason::Mine),
            Some(place) => {
                self.tried.push(place);
                Decision::Sibling(place)
            }
            None => Decision::Here(Reason::NobodyElse),
        }
    }
}
