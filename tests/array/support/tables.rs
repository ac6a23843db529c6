//! Random tables and URLs.

use pat::{HashKey, HashName, HashSeed, Header, LoadFactor, Member, Status, Table};
use proptest::prelude::*;

/// A member whose name, load factor and status are drawn.
fn member() -> impl Strategy<Value = Member> {
    let name = prop_oneof![
        "[a-zA-Z][a-zA-Z0-9_-]{0,12}(\\.[a-zA-Z0-9-]{1,10}){0,3}",
        Just("PROXY1".to_owned()),
        Just("10.0.0.7".to_owned()),
        Just("2001:db8::7".to_owned()),
    ];
    let load = prop_oneof![Just(1), Just(100), 1..1000_u32, 1..=LoadFactor::MAX];
    let ip = prop_oneof![
        Just(None),
        any::<[u8; 4]>().prop_map(|b| Some(std::net::IpAddr::from(b))),
        any::<[u16; 8]>().prop_map(|b| Some(std::net::IpAddr::from(b))),
    ];
    (name, 1..=u16::MAX, load, ip, 0..8_u8).prop_map(|(name, port, load, ip, off)| {
        let mut member = Member::new(name.parse().unwrap(), port.try_into().unwrap());
        member.load_factor = load.try_into().unwrap();
        member.ip = ip;
        if off == 0 {
            member.status = Status::Off;
        }
        member
    })
}

/// A table of 1 to 40 members under any hash, key and seed.
pub(crate) fn table() -> impl Strategy<Value = Table> {
    let members = prop_oneof![
        proptest::collection::vec(member(), 1..8),
        proptest::collection::vec(member(), 1..40)
    ];
    let hash = proptest::sample::select(HashName::ALL.to_vec());
    let key = proptest::sample::select(HashKey::ALL.to_vec());
    (members, hash, key, any::<[u8; 16]>(), any::<bool>()).prop_map(
        |(mut members, hash, key, seed, even)| {
            members.sort_by(|a, b| a.name.cmp(&b.name));
            members.dedup_by(|a, b| a.name == b.name);
            if even {
                let load = members[0].load_factor;
                for member in &mut members {
                    member.load_factor = load;
                }
            }
            let mut header = Header::new("random".parse().unwrap());
            header.array_enabled = true;
            header.hash = hash;
            header.hash_key = key;
            header.hash_seed = HashSeed(seed);
            Table::new(header, members).unwrap()
        },
    )
}

/// A URL, or something near one: every scheme, ports, credentials, IPv6, upper case, odd characters
/// and unpaired surrogates.
pub(crate) fn url() -> impl Strategy<Value = Vec<u16>> {
    let scheme = prop_oneof![
        3 => Just("http://".to_owned()),
        1 => proptest::sample::select(vec!["https://", "HTTP://", "ws://", "WSS://", "ftp://", "gopher://", "://", "", "http:/", "\u{212a}ttp://"])
            .prop_map(str::to_owned),
    ];
    let user = proptest::sample::select(vec!["", "", "", "u@", "u:p@", "a@b@", ":@"]);
    let host = prop_oneof![
        "[a-z0-9-]{1,12}(\\.[a-zA-Z0-9-]{1,10}){0,3}\\.{0,2}",
        "\\[[0-9a-fA-F:]{2,20}\\]?",
        "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}",
        "\\PC{0,8}",
        Just("\u{130}K\u{212a}.TEST".to_owned()),
        Just(String::new()),
    ];
    let port = prop_oneof![3 => Just(String::new()), 1 => "(:[0-9]{0,6}){1,2}", 1 => Just(":80".to_owned())];
    let tail = prop_oneof![
        Just(String::new()),
        "[/?#][ -~]{0,40}",
        "[/?#]\\PC{0,20}",
        "/[a-z]{1,8}/[a-z]{1,8}\\.html\\?q=[0-9]{1,9}(#[a-z]{1,4})?"
    ];
    let odd = prop_oneof![9 => Just(None), 1 => (any::<u16>(), any::<proptest::sample::Index>()).prop_map(Some)];
    (scheme, user, host, port, tail, odd).prop_map(|(scheme, user, host, port, tail, odd)| {
        let mut units: Vec<u16> =
            format!("{scheme}{user}{host}{port}{tail}").encode_utf16().collect();
        if let Some((unit, place)) = odd {
            let place = place.index(units.len() + 1);
            units.insert(place, unit);
        }
        units
    })
}
