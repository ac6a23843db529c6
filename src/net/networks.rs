//! A set of networks that is asked for every request: as ranges, sorted, so that ten thousand of them
//! cost fourteen comparisons.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::destination::plain;

/// A set of networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Networks {
    /// Whether an address is within one of them, as it is spelled or as the IPv4 address that it is
    /// another spelling of.
    pub fn contains(&self, address: IpAddr) -> bool {
        let found = |address: IpAddr| match address {
            IpAddr::V4(v4) => within(&self.v4, v4.to_bits()),
            IpAddr::V6(v6) => within(&self.v6, v6.to_bits()),
        };
        let other = plain(address);
        found(address) || (other != address && found(other))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<T: IntoIterator<Item = IpNet>>(networks: T) -> Self {
        let mut all = Self::default();
        for network in networks {
            match network {
                IpNet::V4(net) => {
                    all.v4.push((net.network().to_bits(), net.broadcast().to_bits()));
                }
                IpNet::V6(net) => {
                    let (first, last) = (net.network(), net.broadcast());
                    if let (Some(first), Some(last)) =
                        (first.to_ipv4_mapped(), last.to_ipv4_mapped())
                        && net.prefix_len() >= 96
                    {
                        // A connection from there shows up as IPv4.
                        all.v4.push((first.to_bits(), last.to_bits()));
                    }
                    all.v6.push((first.to_bits(), last.to_bits()));
                }
            }
        }
        all.v4 = merged(all.v4);
        all.v6 = merged(all.v6);
        all
    }
}

/// Sorted, and those that overlap as one.
fn merged<T: Ord + Copy>(mut ranges: Vec<(T, T)>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    let mut merged: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

fn within<T: Ord + Copy>(ranges: &[(T, T)], value: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= value);
    ranges.get(..after).and_then(<[_]>::last).is_some_and(|(_, last)| value <= *last)
}

/// What counts as one client: an IPv4 address, or the /64 of an IPv6 address, which is what one
/// household or host is given and can vary at will (RFC 6177).
pub fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn networks(list: &[&str]) -> Networks {
        list.iter().map(|text| text.parse::<IpNet>().unwrap()).collect()
    }

    #[test]
    fn an_address_is_found_however_it_or_its_network_is_spelled() {
        let set =
            networks(&["10.0.0.0/8", "::ffff:192.0.2.0/120", "64:ff9b::c633:6400/120", "fd00::/8"]);
        for address in [
            "10.0.0.0",
            "10.255.255.255",
            "::ffff:10.1.2.3",
            "64:ff9b::a01:203",
            "192.0.2.9",
            "64:ff9b::c633:6401",
            "fd12::1",
        ] {
            assert!(set.contains(address.parse().unwrap()), "{address}");
        }
        for address in ["9.255.255.255", "11.0.0.0", "198.51.100.1", "fe00::1", "::"] {
            assert!(!set.contains(address.parse().unwrap()), "{address}");
        }
        assert!(!networks(&["::/0"]).contains("192.0.2.1".parse().unwrap()));
        assert!(!networks(&["0.0.0.0/0"]).contains("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_client_is_an_address_or_a_network_of_64_bits() {
        let client = |text: &str| client_of(text.parse().unwrap()).to_string();
        assert_eq!(client("192.0.2.1"), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(client("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }

    proptest! {
        #[test]
        fn a_set_finds_what_a_list_finds(
            list in proptest::collection::vec((any::<u32>(), 4..=32_u8), 0..40),
            asked in proptest::collection::vec(any::<u32>(), 0..40),
        ) {
            let list: Vec<IpNet> = list
                .iter()
                .map(|(bits, length)| IpNet::new(std::net::Ipv4Addr::from_bits(*bits).into(), *length).unwrap())
                .collect();
            let set: Networks = list.iter().copied().collect();
            let edges = list.iter().flat_map(|net| [net.network(), net.broadcast()]);
            for address in asked.iter().map(|bits| IpAddr::from(std::net::Ipv4Addr::from_bits(*bits))).chain(edges) {
                let expected = list.iter().any(|net| net.contains(&address));
                prop_assert_eq!(set.contains(address), expected, "{}", address);
            }
        }
    }
}
