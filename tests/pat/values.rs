//! The values of a table: what they accept, and how they are written.

use std::time::Duration;

use pat::{
    AddressBy, ArrayName, ConfigId, Dialect, HashKey, HashName, HashSeed, Header, ListTtl,
    LoadFactor, MemberName, Opaque, Status, Table,
};

use crate::support::{campus, member, name, names, opaque};

#[test]
fn a_table_is_valid_by_construction() {
    let header = campus().header().clone();
    let refuse =
        |header: &Header, members| Table::new(header.clone(), members).unwrap_err().to_string();
    assert_eq!(
        refuse(&header, vec![member("p1"), member("P1")]),
        "member name must be unique, found \"P1\""
    );
    assert_eq!(
        refuse(&header, vec![]),
        "ArrayEnabled must be 0 in a table without members, found \"1\""
    );
    let mut blank = member("p1");
    blank.table_url = opaque("a b");
    assert_eq!(
        refuse(&header, vec![blank]),
        "table URL must be text without blanks that is no number, found \"a b\""
    );
    assert_eq!(names(&Table::new(header, vec![member("p1")]).unwrap()), ["p1"]);
}

#[test]
fn a_new_header_is_off_and_has_our_own_hash() {
    let header = Header::new("campus".parse().unwrap());
    assert!(!header.array_enabled);
    assert_eq!(header.config_id, ConfigId(1));
    assert_eq!(header.list_ttl.minutes(), 10);
    assert_eq!((header.hash, header.hash_key), (HashName::HrwSip13, HashKey::Url));
    assert_eq!(header.hash_seed, HashSeed([0; 16]));
    assert!(header.others().is_empty());
}

#[test]
fn a_new_member_is_on_with_a_hundred_shares_and_its_own_pat() {
    let text = campus().apply(&[pat::Edit::Add(Box::new(member("::1")))]).unwrap();
    let line = text.print(Dialect::Draft).lines().last().unwrap().to_owned();
    assert_eq!(line, "::1 3128 http://[::1]:3128/pat parray 0 UP 100 0");
}

#[test]
fn a_name_is_a_host_name_or_an_address() {
    let long = "a".repeat(255);
    for good in ["a", "P-1_x.example.org.", "10.0.0.1", "::1", "[2001:db8::1]", &long] {
        assert_eq!(name(good).as_str(), good);
    }
    let too_long = "a".repeat(256);
    for bad in ["", "a b", "a:80", "[p1]", "[10.0.0.1]", "[::1", "fe80::1%eth0", "é", &too_long] {
        assert!(bad.parse::<MemberName>().is_err(), "{bad}");
    }
}

#[test]
fn names_differ_in_more_than_case() {
    assert_eq!(name("P1.Example.ORG"), name("p1.example.org"));
    assert_ne!(name("p1"), name("p1."));
    assert_eq!(name("P1").folded(), "p1");
    assert!(name("A") < name("b") && name("B") > name("a"));
    assert_eq!(campus().member(&name("P2")), Some(&campus().members()[1]));
    assert_eq!(campus().member(&name("p3")), None);
}

#[test]
fn an_authority_is_the_name_or_the_ip_with_the_port() {
    let mut p1 = member("p1");
    assert_eq!(p1.authority(AddressBy::Ip), "p1:3128");
    p1.ip = Some("10.0.0.1".parse().unwrap());
    assert_eq!(p1.authority(AddressBy::Ip), "10.0.0.1:3128");
    assert_eq!(p1.authority(AddressBy::Name), "p1:3128");
    p1.ip = Some("2001:db8::1".parse().unwrap());
    assert_eq!(p1.authority(AddressBy::Ip), "[2001:db8::1]:3128");
    assert_eq!(member("::1").authority(AddressBy::Name), "[::1]:3128");
    assert_eq!(member("[::1]").authority(AddressBy::Name), "[::1]:3128");
}

#[test]
fn a_load_factor_is_1_to_2_to_the_24_less_1() {
    assert!(LoadFactor::try_from(0).is_err() && LoadFactor::try_from(1 << 24).is_err());
    assert_eq!(LoadFactor::try_from((1 << 24) - 1).unwrap().value(), LoadFactor::MAX);
    assert_eq!("1".parse(), Ok(LoadFactor::ONE));
    for bad in ["", "0", "+1", " 1", "1e3", "16777216", "-3"] {
        let error = bad.parse::<LoadFactor>().unwrap_err().to_string();
        assert_eq!(error, format!("load factor must be 1 to 16777215, found {bad:?}"));
    }
}

#[test]
fn seconds_are_rounded_up_to_whole_minutes() {
    for (seconds, minutes) in
        [(0, 1), (1, 1), (60, 1), (61, 2), (3000, 50), (u64::from(u32::MAX), 71_582_789)]
    {
        assert_eq!(ListTtl::from_seconds(seconds).unwrap().minutes(), minutes, "{seconds}");
    }
    assert_eq!(ListTtl::from_minutes(0).minutes(), 1);
    assert_eq!(ListTtl::from_minutes(10), ListTtl::DEFAULT);
    let longest = ListTtl::from_minutes(u32::MAX).as_duration();
    assert_eq!(longest, Duration::from_mins(4_294_967_295));
}

#[test]
fn a_config_id_after_the_last_is_0() {
    assert_eq!(ConfigId(7).next(), ConfigId(8));
    assert_eq!(ConfigId(u32::MAX).next(), ConfigId(0));
}

#[test]
fn an_id_is_no_content() {
    let other = campus().with_config_id(ConfigId(9));
    assert_ne!(other, campus());
    assert!(other.same_content(&campus()));
    let changed = campus().apply(&[pat::Edit::TurnOn(name("p2"))]).unwrap();
    assert!(!changed.same_content(&campus()));
    let renamed = campus().apply(&[pat::Edit::SetHashKey(HashKey::Host)]).unwrap();
    assert!(!renamed.same_content(&campus()));
}

#[test]
fn a_seed_is_32_hex_digits_in_the_order_of_its_bytes() {
    let seed: HashSeed = "000102030405060708090A0B0C0D0E0F".parse().unwrap();
    assert_eq!(seed.0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert_eq!(seed.to_string(), "000102030405060708090a0b0c0d0e0f");
    let zeros = "0".repeat(32);
    for bad in ["", &"0".repeat(31), &format!("{zeros}0"), &format!("+{}", "0".repeat(31))] {
        assert!(bad.parse::<HashSeed>().is_err(), "{bad}");
    }
}

#[test]
fn texts_have_a_longest_and_no_odd_white_space() {
    assert!("é".repeat(1024).parse::<Opaque>().is_ok());
    assert!("é".repeat(1025).parse::<Opaque>().is_err());
    assert!("é".repeat(255).parse::<ArrayName>().is_ok());
    assert!("é".repeat(256).parse::<ArrayName>().is_err());
    for bad in ["", " a", "a ", "a\tb", "a\nb", "a\u{a0}b", "a\u{2028}b", "a\0b"] {
        assert!(bad.parse::<Opaque>().is_err(), "{bad:?}");
        assert!(bad.parse::<ArrayName>().is_err(), "{bad:?}");
    }
}

#[test]
fn words_are_read_as_they_are_written() {
    for hash in HashName::ALL {
        assert_eq!(hash.to_string().parse(), Ok(hash));
    }
    for key in HashKey::ALL {
        assert_eq!(key.to_string().parse(), Ok(key));
    }
    assert_eq!(("UP".parse(), "oFf".parse()), (Ok(Status::On), Ok(Status::Off)));
    assert_eq!(("draft".parse(), "sun".parse()), (Ok(Dialect::Draft), Ok(Dialect::Sun)));
    assert_eq!(("name".parse(), "ip".parse()), (Ok(AddressBy::Name), Ok(AddressBy::Ip)));
    assert!("".parse::<Dialect>().is_err() && "".parse::<AddressBy>().is_err());
    assert!("".parse::<Status>().is_err() && "SHA".parse::<HashName>().is_err());
}
