//! The routing decision: which member of a table owns a URL, and in what order the others follow.
//!
//! Pure: a [`Router`] is made from one table, a [`RouteKey`] from a URL, and the answer depends on
//! nothing else. The same ranking is computed by members, by the command line and, through
//! [`crate::pac`], by browsers.

mod carp;
mod hrw;
mod key;
mod multiplier;
mod router;

#[cfg(test)]
mod tests;

pub use carp::CarpKind;
pub use key::RouteKey;
pub use router::{CarpEntry, HrwEntry, Parts, Ranked, RouteHash, Router};
