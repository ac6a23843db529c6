//! Whether a stored response answers a request: pure.
//!
//! RFC 9111, sections 4 and 5.2.1; RFC 5861; RFC 8246.

use std::time::Duration;

use super::control::RequestControl;
use super::moment::Moment;
use super::stored::{Head, Terms};

/// How a stored response is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReuseDecision {
    /// As it is.
    Fresh,
    /// As it is, though stale: the client said that it does not mind.
    Stale,
    /// As it is, and it is validated for those to come.
    StaleWhileRevalidate,
    /// Not before its origin said that it is still good.
    Validate,
}

/// Decides. The stored response is one that the request selects.
pub fn decide(head: &Head, request: &RequestControl, now: Moment) -> ReuseDecision {
    let age = head.age(now);
    let stale_for = head.stale_for(now);
    // A reload of what cannot have changed (RFC 8246, section 2).
    let reload_is_vain = head.control.immutable && request.max_age == Some(Duration::ZERO);
    if head.control.no_cache || request.no_cache {
        return ReuseDecision::Validate;
    }
    if request.max_age.is_some_and(|oldest| age > oldest) && !reload_is_vain {
        return ReuseDecision::Validate;
    }
    let lifetime = head.lifetime.unwrap_or_default();
    if request.min_fresh.is_some_and(|rest| lifetime.saturating_sub(age) < rest) {
        return ReuseDecision::Validate;
    }
    let Some(stale_for) = stale_for else { return ReuseDecision::Fresh };
    if is_never_stale(head) {
        return ReuseDecision::Validate;
    }
    if request.max_stale.is_some_and(|most| stale_for <= most) {
        return ReuseDecision::Stale;
    }
    if head.control.stale_while_revalidate.is_some_and(|most| stale_for < most) {
        return ReuseDecision::StaleWhileRevalidate;
    }
    ReuseDecision::Validate
}

/// Whether one who has waited for it while it was fetched would have to validate it all the same.
pub fn is_for_one(head: &Head) -> bool {
    let is_stale = head.lifetime.is_none_or(|lifetime| lifetime.is_zero());
    head.control.no_cache || (is_stale && head.control.stale_while_revalidate.is_none())
}

/// Whether it is better than an error of the origin's, or than none at all if nobody could be reached.
/// RFC 9111, section 4.2.4; RFC 5861, section 4.
pub fn survives_error(
    head: &Head,
    request: &RequestControl,
    unreachable: bool,
    terms: &Terms,
    now: Moment,
) -> bool {
    if is_never_stale(head) || head.control.no_cache || request.no_cache {
        return false;
    }
    let stale_for = head.stale_for(now).unwrap_or_default();
    let said = head.control.stale_if_error.or(request.stale_if_error);
    let allowed = said.or_else(|| unreachable.then_some(terms.stale_if_error));
    allowed.is_some_and(|most| stale_for < most)
}

/// RFC 9111, sections 5.2.2.2, 5.2.2.8 and 5.2.2.10.
fn is_never_stale(head: &Head) -> bool {
    head.control.must_revalidate || head.control.proxy_revalidate || head.control.s_maxage.is_some()
}
