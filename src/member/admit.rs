//! Who may do what: what decides is in `access` and `auth`; here it becomes a failure.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::{HeaderMap, Method};
use tokio::time::Instant;

use super::Plane;
use super::hop::HOP;
use crate::access::Rules;
use crate::auth::Denial;
use crate::blame::{Cause, Failure};
use crate::net::target::Target;

/// Whether a client may have this. Own pages are for whoever is served.
///
/// # Errors
/// Why not, for a 403.
pub(super) fn admit(
    rules: &Rules,
    client: IpAddr,
    is_member: bool,
    method: &Method,
    target: &Target,
) -> Result<(), Failure> {
    let checked = rules.check(client, is_member, method, target);
    checked.map_err(|refusal| Failure::new(Cause::RequestDenied, refusal.to_string()))
}

/// Whether a client may ask now. Members may at any time: they ask for many clients.
///
/// # Errors
/// Too often, for a 429.
pub(super) fn pace(
    plane: &Plane,
    client: IpAddr,
    is_member: bool,
    now: Instant,
) -> Result<(), Failure> {
    let Some(limit) = plane.rate_limit.as_ref().filter(|_| !is_member) else {
        return Ok(());
    };
    limit.pass(client, now).map_err(|_wait| {
        plane.stats.too_often.add();
        Failure::new(Cause::TooOften, format!("client {client} asks too often"))
    })
}

/// The user that a client says it is, where users are asked for. A member has asked already, so its
/// requests have none: it is known by its address in the table, and by its marker.
///
/// # Errors
/// No name and password, or wrong ones, for a 407; too many to check just now, for a 503.
pub(super) async fn authenticate(
    plane: &Plane,
    headers: &HeaderMap,
    client: IpAddr,
    is_member: bool,
) -> Result<Option<Arc<str>>, Failure> {
    let Some(auth) = &plane.auth else {
        return Ok(None);
    };
    if is_member && headers.contains_key(&HOP) {
        return Ok(None);
    }
    let required = |details: &str| Failure::new(Cause::AuthenticationRequired, details);
    match auth.check(headers, client).await {
        Ok(user) => Ok(Some(user)),
        Err(Denial::Missing) => Err(required("a name and a password are needed")),
        Err(Denial::Wrong) => Err(required("the name or the password is wrong")),
        Err(Denial::Busy) => Err(Failure::new(Cause::Busy, "too many passwords to check")),
    }
}
