//! Patches: several changes of one thing at once.

use pat::{CacheSize, Edit, HashKey, HashName, HashSeed, HeaderPatch, IpChoice, ListTtl};
use pat::{LoadFactor, Member, MemberPatch, Status};

use crate::support::{campus, name, opaque};

#[test]
fn an_empty_patch_has_no_edits() {
    assert_eq!(MemberPatch::default().edits(&name("p1")), []);
    assert_eq!(HeaderPatch::default().edits(), []);
}

#[test]
fn a_patch_sets_every_field_of_its_member_and_of_no_other() {
    let patch = MemberPatch {
        ip: Some(IpChoice(Some("::1".parse().unwrap()))),
        port: Some(81.try_into().unwrap()),
        table_url: Some(opaque("http://x/pat")),
        agent: Some(opaque("x 1")),
        load_factor: Some(LoadFactor::ONE),
        cache_size: Some(CacheSize(4)),
        status: Some(Status::Off),
    };
    let table = campus().apply(&patch.edits(&name("P1"))).unwrap();
    let expected = Member {
        ip: Some("::1".parse().unwrap()),
        table_url: opaque("http://x/pat"),
        agent: opaque("x 1"),
        state_time: 0,
        status: Status::Off,
        load_factor: LoadFactor::ONE,
        cache_size: CacheSize(4),
        ..Member::new(name("p1"), 81.try_into().unwrap())
    };
    assert_eq!(table.members()[0], expected);
    assert_eq!(table.members()[1], campus().members()[1]);
    assert_eq!(table.header(), campus().header());
}

#[test]
fn a_patch_of_one_field_leaves_the_others() {
    let patch = MemberPatch { ip: Some(IpChoice(None)), ..MemberPatch::default() };
    let table = campus().apply(&patch.edits(&name("p1"))).unwrap();
    let expected = Member { ip: None, ..campus().members()[0].clone() };
    assert_eq!(table.members()[0], expected);
}

#[test]
fn a_patch_turns_a_member_on() {
    let patch = MemberPatch { status: Some(Status::On), ..MemberPatch::default() };
    assert_eq!(patch.edits(&name("p2")), [Edit::TurnOn(name("p2"))]);
}

#[test]
fn a_header_patch_sets_every_line() {
    let patch = HeaderPatch {
        array_enabled: Some(false),
        array_name: Some("north".parse().unwrap()),
        list_ttl_minutes: Some(3),
        hash: Some(HashName::Carp11),
        hash_key: Some(HashKey::Path),
        hash_seed: Some(HashSeed([1; 16])),
    };
    let table = campus().apply(&patch.edits()).unwrap();
    let header = table.header();
    assert!(!header.array_enabled);
    assert_eq!(header.array_name.as_str(), "north");
    assert_eq!(header.list_ttl, ListTtl::from_minutes(3));
    assert_eq!((header.hash, header.hash_key), (HashName::Carp11, HashKey::Path));
    assert_eq!(header.hash_seed, HashSeed([1; 16]));
    assert_eq!(header.config_id, campus().header().config_id);
    assert_eq!(table.members(), campus().members());
}

#[test]
fn a_list_ttl_of_0_becomes_1_minute() {
    let patch = HeaderPatch { list_ttl_minutes: Some(0), ..HeaderPatch::default() };
    assert_eq!(patch.edits(), [Edit::SetListTtl(ListTtl::from_minutes(1))]);
}

#[test]
fn an_ip_is_an_address_or_none() {
    for text in ["none", "10.0.0.1", "2001:db8::1"] {
        assert_eq!(text.parse::<IpChoice>().unwrap().to_string(), text);
    }
    assert_eq!("none".parse(), Ok(IpChoice(None)));
    let error = "p1.example.com".parse::<IpChoice>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "ip must be an IPv4 or IPv6 address, or none, found \"p1.example.com\""
    );
    assert!("".parse::<IpChoice>().is_err());
}
