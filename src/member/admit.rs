//! Who may do what: pure.

use std::net::IpAddr;

use hyper::Method;

use crate::blame::{Cause, Failure};
use crate::config::Access;
use crate::net::target::Target;

/// Whether a client may have this. Own pages are for whoever is served.
///
/// # Errors
/// Why not, for a 403.
pub(super) fn admit(
    access: &Access,
    client: IpAddr,
    is_member: bool,
    method: &Method,
    target: &Target,
) -> Result<(), Failure> {
    let denied = |details: String| Err(Failure::new(Cause::RequestDenied, details));
    if !is_member && !access.serves(client) {
        return denied(format!("client {client} is not served"));
    }
    match target {
        Target::Tunnel { port, .. } if !access.connect_ports.contains(port) => {
            denied(format!("CONNECT to port {port} is not served"))
        }
        // It would show a client what was added on the way.
        Target::Resource { .. } | Target::Own if method == Method::TRACE => {
            denied("TRACE is not served".to_owned())
        }
        Target::Tunnel { .. } | Target::Resource { .. } | Target::Own => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(client: &str, is_member: bool, method: &Method, target: &Target) -> bool {
        let access = Access { clients: None, connect_ports: vec![443, 8443] };
        admit(&access, client.parse().unwrap(), is_member, method, target).is_ok()
    }

    #[test]
    fn closed_by_default_but_for_private_clients_and_siblings() {
        assert!(ask("10.0.0.1", false, &Method::GET, &Target::Own));
        assert!(ask("::ffff:127.0.0.1", false, &Method::GET, &Target::Own));
        assert!(!ask("192.0.2.1", false, &Method::GET, &Target::Own));
        assert!(ask("192.0.2.1", true, &Method::GET, &Target::Own));
        assert!(!ask("127.0.0.1", false, &Method::TRACE, &Target::Own));
    }

    #[test]
    fn tunnels_lead_to_tls_ports_only() {
        for (port, open) in [(443, true), (8443, true), (25, false), (22, false), (80, false)] {
            let target = Target::Tunnel { host: "a".to_owned(), port };
            assert_eq!(ask("127.0.0.1", false, &Method::CONNECT, &target), open, "{port}");
        }
    }
}
