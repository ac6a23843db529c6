//! Who may do what: pure.

use std::net::IpAddr;

use hyper::Method;

use crate::access::Rules;
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
