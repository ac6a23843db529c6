//! Which addresses a proxy connects to for its clients: it must not be a way in.
//!
//! Checked after name resolution, so that a name cannot be rebound to an address behind the proxy.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::networks::Networks;

/// What may be connected to. The default refuses loopback, link-local, multicast, unspecified and
/// metadata addresses, however they are written in IPv6.
#[derive(Debug, Clone, Default)]
pub struct DestinationPolicy {
    /// Networks that are allowed whatever the default says.
    pub allow: Networks,
    /// Networks that are refused, before anything else.
    pub deny: Networks,
}

impl DestinationPolicy {
    /// Whether an address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        if self.deny.contains(address) {
            return false;
        }
        self.allow.contains(address) || !is_inward(plain(address))
    }
}

/// IPv4 where an IPv6 address is only another spelling of it (mapped, NAT64).
pub fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0xffff | 0, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b]
                if a != 0 || b > 1 =>
            {
                let [[a, b], [c, d]] = [a.to_be_bytes(), b.to_be_bytes()];
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => address,
        },
        IpAddr::V4(_) => address,
    }
}

fn is_inward(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_inward_v4(v4),
        IpAddr::V6(v6) => is_inward_v6(v6),
    }
}

fn is_inward_v4(v4: Ipv4Addr) -> bool {
    // 169.254.169.254 and its like are link-local; these are cloud metadata beyond that.
    let metadata = [
        Ipv4Addr::new(100, 100, 100, 200),
        Ipv4Addr::new(168, 63, 129, 16),
        Ipv4Addr::new(192, 0, 0, 192),
    ];
    let [first, ..] = v4.octets();
    v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_broadcast()
        || first == 0
        || metadata.contains(&v4)
}

fn is_inward_v6(v6: Ipv6Addr) -> bool {
    let metadata = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    v6.is_loopback()
        || v6.is_unspecified()
        || v6.is_multicast()
        || v6.is_unicast_link_local()
        || v6 == metadata
}

/// Networks whose hosts are served unless told otherwise: loopback and private ones (RFC 1918,
/// RFC 6598, RFC 4193, link-local).
pub fn is_private(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(v4) => {
            let shared = matches!(v4.octets(), [100, 64..=127, _, _]);
            v4.is_loopback() || v4.is_private() || v4.is_link_local() || shared
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(policy: &DestinationPolicy, address: &str) -> bool {
        policy.allows(address.parse().unwrap())
    }

    #[test]
    fn inward_addresses_are_refused_however_they_are_spelled() {
        let policy = DestinationPolicy::default();
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "168.63.129.16",
            "::",
            "::1",
            "fe80::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "::127.0.0.1",
        ] {
            assert!(!allows(&policy, address), "{address}");
        }
        for address in ["192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1", "::ffff:192.0.2.1"] {
            assert!(allows(&policy, address), "{address}");
        }
    }

    #[test]
    fn allow_opens_and_deny_closes_first() {
        let networks = |list: &[&str]| -> Networks {
            list.iter().map(|text| text.parse::<ipnet::IpNet>().unwrap()).collect()
        };
        let allow = networks(&["127.0.0.0/8"]);
        let deny = networks(&["127.0.0.2/32", "192.0.2.0/24"]);
        let policy = DestinationPolicy { allow, deny };
        assert!(allows(&policy, "127.0.0.1") && allows(&policy, "::ffff:127.0.0.1"));
        assert!(
            !allows(&policy, "127.0.0.2")
                && !allows(&policy, "192.0.2.7")
                && !allows(&policy, "::1")
        );
    }

    #[test]
    fn private_networks_are_told_from_public_ones() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "::1",
            "fd12::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in ["192.0.2.1", "8.8.8.8", "172.32.0.1", "2001:db8::1", "100.128.0.1"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
