//! What the access log is told of a request.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::Response;

use super::Plane;
use super::request::Switched;
use crate::access_log::{CacheResult, Entry, NextHop, Outcome};
use crate::blame::{Blame, Cause, Failure};
use crate::net::body::Body;
use crate::net::tunnel::Carried;

/// Gives the entry to what lasts longest: the body of the response, or the tunnel that it opens.
pub(super) fn answered(mut entry: Box<Entry>, mut response: Response<Body>) -> Response<Body> {
    let given = response.extensions_mut().remove::<Outcome>();
    let mut outcome = given.unwrap_or_else(|| entry.usual_outcome());
    let tunnel = response.extensions().get::<Switched>().map(|Switched(traffic)| traffic);
    if tunnel.is_some() || (entry.is_connect() && outcome.cache == CacheResult::Miss) {
        outcome.cache = CacheResult::Tunnel;
    }
    entry.responded(response.status(), response.headers(), outcome);
    match tunnel {
        Some(traffic) => {
            *traffic.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
            response
        }
        None => response.map(|body| body.with_ticket(entry)),
    }
}

/// Notes that a member was asked, whatever came of it.
pub(super) fn asked(
    plane: &Plane,
    mut result: Result<Response<Body>, Failure>,
    member: Option<&Arc<str>>,
) -> Result<Response<Body>, Failure> {
    if plane.access_log.is_none() {
        return result;
    }
    match (&mut result, member) {
        (Ok(response), Some(member)) => {
            let next_hop = NextHop::Member(Arc::clone(member));
            response.extensions_mut().insert(Outcome { next_hop, ..Outcome::default() });
        }
        (Err(failure), member) => failure.member = member.cloned(),
        (Ok(_), None) => {}
    }
    result
}

/// What became of a request that failed.
pub(super) fn outcome_of(failure: &Failure) -> Outcome {
    let (cache, next_hop) = match (failure.cause, failure.cause.blame()) {
        (Cause::Busy, _) => (CacheResult::Denied, NextHop::Nobody),
        (Cause::RequestError, _) | (_, Blame::Internal) => (CacheResult::Unasked, NextHop::Nobody),
        (_, Blame::Client) => (CacheResult::Denied, NextHop::Nobody),
        (_, Blame::Upstream) => {
            let member = failure.member.clone();
            (CacheResult::Miss, member.map_or(NextHop::Origin, NextHop::Member))
        }
    };
    Outcome { cache, next_hop, error: Some(failure.cause.as_str()) }
}

/// Bytes of a tunnel; whoever lets go of it last completes the entry.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) carried: Carried,
    entry: Mutex<Option<Box<Entry>>>,
}

impl Drop for Traffic {
    fn drop(&mut self) {
        let entry = self.entry.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entry {
            let [sent, received] =
                [&self.carried.sent, &self.carried.received].map(|n| n.load(Ordering::Relaxed));
            entry.tunnel_ended(sent, received);
        }
    }
}
