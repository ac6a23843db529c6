//! Who may ask for what: pure, and without an allocation for a request that passes.
//!
//! [`RateLimit`] alone remembers something: how often a client has asked.
//!
//! These rules are about what a request says. Which addresses may be connected to is another matter,
//! decided after its name is resolved: [`crate::net::destination`].

mod hosts;
mod ports;
mod rate;

use std::fmt;
use std::net::IpAddr;

use hyper::Method;

use crate::net::destination::is_private;
use crate::net::networks::Networks;
use crate::net::target::Target;

pub use hosts::{HostSet, HostSetError};
pub use ports::{PortRange, Ports};
pub use rate::RateLimit;

/// What is served, and to whom.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Networks whose hosts are served; `None`: loopback and private ones.
    pub clients: Option<Networks>,
    /// Ports that CONNECT may lead to.
    pub connect_ports: Ports,
    /// Ports of origins of `http:` URLs.
    pub ports: Ports,
    /// Methods; `None`: all but TRACE and TRACK, which show a client what was added on the way.
    pub methods: Option<Vec<Method>>,
    /// Hosts that are refused, before anything else.
    pub deny_hosts: HostSet,
    /// The only hosts that are served; `None`: all.
    pub allow_hosts: Option<HostSet>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal<'a> {
    /// The client's address is not within the networks that are served.
    Client(IpAddr),
    /// The method.
    Method(&'a Method),
    /// The port of a CONNECT.
    ConnectPort(u16),
    /// The port of a URL.
    Port(u16),
    /// The host.
    Host(&'a str),
}

impl Default for Rules {
    /// Private clients, tunnels to 443 and 8443, plain HTTP to the usual ports, every host.
    fn default() -> Self {
        Self {
            clients: None,
            connect_ports: [443, 8443].map(PortRange::from).into_iter().collect(),
            ports: [80.into(), 443.into(), PortRange::UNPRIVILEGED].into_iter().collect(),
            methods: None,
            deny_hosts: HostSet::default(),
            allow_hosts: None,
        }
    }
}

impl Rules {
    /// Whether a client may ask for this. Members are served wherever they are; own pages are for
    /// whoever is served.
    ///
    /// # Errors
    /// The first rule that is in the way.
    pub fn check<'a>(
        &self,
        client: IpAddr,
        is_member: bool,
        method: &'a Method,
        target: &'a Target,
    ) -> Result<(), Refusal<'a>> {
        if !is_member && !self.serves(client) {
            return Err(Refusal::Client(client));
        }
        let listed = match &self.methods {
            Some(methods) => methods.contains(method),
            None => *method != Method::TRACE && method.as_str() != "TRACK",
        };
        match target {
            // Which methods these have, they say themselves; but for the one that echoes.
            Target::Own if *method != Method::TRACE => Ok(()),
            Target::Own => Err(Refusal::Method(method)),
            _ if !listed => Err(Refusal::Method(method)),
            Target::Tunnel { port, .. } if !self.connect_ports.contain(*port) => {
                Err(Refusal::ConnectPort(*port))
            }
            Target::Resource(resource) if !self.ports.contain(resource.port()) => {
                Err(Refusal::Port(resource.port()))
            }
            Target::Tunnel { host, .. } => self.check_host(host),
            Target::Resource(resource) => self.check_host(resource.host()),
        }
    }

    fn serves(&self, client: IpAddr) -> bool {
        self.clients.as_ref().map_or_else(|| is_private(client), |nets| nets.contains(client))
    }

    fn check_host<'a>(&self, host: &'a str) -> Result<(), Refusal<'a>> {
        let served = !self.deny_hosts.contains(host)
            && self.allow_hosts.as_ref().is_none_or(|hosts| hosts.contains(host));
        if served { Ok(()) } else { Err(Refusal::Host(host)) }
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(address) => write!(f, "client {address} is not served"),
            Self::Method(method) => write!(f, "{method} is not served"),
            Self::ConnectPort(port) => write!(f, "CONNECT to port {port} is not served"),
            Self::Port(port) => write!(f, "port {port} is not served"),
            Self::Host(host) => write!(f, "host {host} is not served"),
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, Version};

    use super::*;
    use crate::net::target::target;

    fn tunnel(host: &str, port: u16) -> Target {
        Target::Tunnel { host: host.to_owned(), port }
    }

    fn resource(host: &str, port: u16) -> Target {
        let uri = format!("http://{host}:{port}/").parse().unwrap();
        target(&Method::GET, &uri, &HeaderMap::new(), Version::HTTP_10).unwrap()
    }

    fn passes(rules: &Rules, method: &str, target: &Target) -> bool {
        let local = IpAddr::from([127, 0, 0, 1]);
        rules.check(local, false, &method.parse().unwrap(), target).is_ok()
    }

    #[test]
    fn closed_by_default_but_for_private_clients_and_siblings() {
        let ask = |client: &str, is_member| {
            let client = client.parse().unwrap();
            Rules::default().check(client, is_member, &Method::GET, &Target::Own).is_ok()
        };
        assert!(ask("10.0.0.1", false) && ask("::ffff:127.0.0.1", false));
        assert!(!ask("192.0.2.1", false) && ask("192.0.2.1", true));
        let only = ["192.0.2.0/24".parse::<ipnet::IpNet>().unwrap()].into_iter().collect();
        let rules = Rules { clients: Some(only), ..Rules::default() };
        assert!(!passes(&rules, "GET", &Target::Own));
    }

    #[test]
    fn tunnels_lead_to_tls_ports_only_and_urls_to_no_other_service() {
        let rules = Rules::default();
        for (port, open) in [(443, true), (8443, true), (25, false), (22, false), (80, false)] {
            assert_eq!(passes(&rules, "CONNECT", &tunnel("a", port)), open, "{port}");
        }
        for (port, open) in [(80, true), (443, true), (8080, true), (25, false), (22, false)] {
            assert_eq!(passes(&rules, "GET", &resource("a", port)), open, "{port}");
        }
    }

    #[test]
    fn methods_pass_unless_they_echo_or_are_not_listed() {
        let (page, own) = (resource("a", 80), Target::Own);
        let all = Rules::default();
        for (method, open) in
            [("GET", true), ("PROPFIND", true), ("TRACE", false), ("TRACK", false)]
        {
            assert_eq!(passes(&all, method, &page), open, "{method}");
        }
        let some = Rules { methods: Some(vec![Method::GET, Method::HEAD]), ..Rules::default() };
        assert!(passes(&some, "GET", &page) && passes(&some, "OPTIONS", &own));
        assert!(!passes(&some, "POST", &page) && !passes(&some, "CONNECT", &tunnel("a", 443)));
        assert!(!passes(&some, "TRACE", &own) && !passes(&some, "get", &page));
    }

    #[test]
    fn host_rules_hold_for_tunnels_and_urls_alike() {
        let set = |list: &[&str]| HostSet::new(list).unwrap();
        let denying = Rules { deny_hosts: set(&[".evil.example"]), ..Rules::default() };
        let allowing = Rules {
            deny_hosts: set(&["no.good.example"]),
            allow_hosts: Some(set(&[".good.example"])),
            ..Rules::default()
        };
        for (host, not_denied, allowed) in [
            ("evil.example", false, false),
            ("WWW.Evil.Example.", false, false),
            ("a.good.example", true, true),
            ("no.good.example", true, false),
            ("192.0.2.1", true, false),
            ("2130706433", true, false),
            ("[::1]", true, false),
        ] {
            for (method, target) in [("GET", resource(host, 80)), ("CONNECT", tunnel(host, 443))] {
                assert_eq!(passes(&denying, method, &target), not_denied, "{method} {host}");
                assert_eq!(passes(&allowing, method, &target), allowed, "{method} {host}");
            }
        }
    }
}
