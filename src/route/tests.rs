//! Golden vectors: if one moves, every cache is cold.

use std::sync::Arc;

use pat::{Header, LoadFactor, Member, Status, Table};
use serde_json::Value;

use super::{Parts, RouteKey, Router, hrw};

const HRW: &str = include_str!("../../tests/data/vectors/hrw_sip13.json");
const CARP: &str = include_str!("../../tests/data/vectors/carp.json");

fn members(list: &Value) -> Vec<Member> {
    let member = |row: &Value| {
        let mut member =
            Member::new(row["name"].as_str().unwrap().parse().unwrap(), 8080.try_into().unwrap());
        let load = u32::try_from(row["load"].as_u64().unwrap()).unwrap();
        member.load_factor = LoadFactor::try_from(load).unwrap();
        member
    };
    list.as_array().unwrap().iter().map(member).collect()
}

fn router(members: Vec<Member>, hash: &str, seed: &str) -> Router {
    let mut header = Header::new("test".parse().unwrap());
    header.array_enabled = true;
    header.hash = hash.parse().unwrap();
    header.hash_seed = seed.parse().unwrap();
    Router::new(Arc::new(Table::new(header, members).unwrap()))
}

/// The vectors give k0 and k1 as numbers; a seed is their bytes, little-endian.
fn seed(k0: &str, k1: &str) -> String {
    let swapped = |k: &str| format!("{:016x}", u64::from_str_radix(k, 16).unwrap().swap_bytes());
    swapped(k0) + &swapped(k1)
}

/// A key as it stands: some vectors are no URL.
fn raw_key(text: &str) -> RouteKey<'_> {
    RouteKey(text.into())
}

fn names(router: &Router, key: &str) -> Vec<String> {
    router.ranking(&raw_key(key)).iter().map(|r| r.member.name.to_string()).collect()
}

#[test]
fn hrw_sip13_computes_the_golden_hashes_costs_and_rankings() {
    let data: Value = serde_json::from_str(HRW).unwrap();
    let table: Vec<u32> = serde_json::from_value(data["log2_table"].clone()).unwrap();
    assert_eq!(hrw::table(), table);
    for vector in data["vectors"].as_array().unwrap() {
        let seed = seed(vector["k0"].as_str().unwrap(), vector["k1"].as_str().unwrap());
        let router = router(members(&vector["ranking"]), "hrw-sip13", &seed);
        let key = vector["key"].as_str().unwrap();
        let hash = router.hash(&raw_key(key)).to_string();
        assert_eq!(hash, vector["key_hash"].as_str().unwrap(), "{key}");
        let Parts::Hrw(entries) = router.parts() else { panic!("hrw-sip13 has its own parts") };
        for row in vector["ranking"].as_array().unwrap() {
            let entry = entries.iter().find(|e| e.member.name.as_str() == row["name"]).unwrap();
            assert_eq!(format!("{:016x}", entry.hash), row["member_hash"].as_str().unwrap());
            let mix = hrw::mix_of(u64::from_str_radix(&hash, 16).unwrap(), entry.hash);
            assert_eq!(format!("{mix:08x}"), row["mix"].as_str().unwrap());
            assert_eq!(u64::from(hrw::cost_of(mix)), row["cost"].as_u64().unwrap());
        }
        let expected: Vec<&str> = vector["ranking"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["name"].as_str().unwrap())
            .collect();
        assert_eq!(names(&router, key), expected, "{key}");
        assert_eq!(router.owner(&raw_key(key)).unwrap().name.as_str(), expected[0]);
    }
}

#[test]
fn carp_computes_the_golden_hashes_multipliers_scores_and_winners() {
    let data: Value = serde_json::from_str(CARP).unwrap();
    for vector in data["vectors"].as_array().unwrap() {
        let set = &data["sets"][vector["set"].as_str().unwrap()];
        let key = vector["norm"].as_str().unwrap();
        let with = |hash| router(members(set), hash, &"0".repeat(32));
        let (v10, v11, squid) = (with("carp-1.0"), with("carp-1.1"), with("squid-3.2"));
        assert_eq!(
            v10.hash(&raw_key(key)).to_string(),
            vector["url_hash"].as_str().unwrap(),
            "{key}"
        );
        assert_eq!(
            v11.hash(&raw_key(key)).to_string(),
            vector["url_hash_v11"].as_str().unwrap(),
            "{key}"
        );
        let ranked: Vec<&str> =
            vector["rank"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        assert_eq!(names(&v10, key), ranked, "{key}");
        assert_eq!(names(&v10, key)[0], vector["winner_v10"].as_str().unwrap(), "{key}");
        assert_eq!(names(&v11, key)[0], vector["winner_v11"].as_str().unwrap(), "{key}");
        assert_eq!(names(&squid, key)[0], vector["winner_squid_new"].as_str().unwrap(), "{key}");
        for (row, score) in set.as_array().unwrap().iter().zip(vector["scores"].as_array().unwrap())
        {
            let ranking = v10.ranking(&raw_key(key));
            let ranked = ranking.iter().find(|r| r.member.name.as_str() == row["name"]).unwrap();
            assert_eq!(ranked.score.trunc(), score.as_f64().unwrap(), "{key}");
            for (router, hash) in [(&v10, "member_hash"), (&v11, "member_hash_v11")] {
                let Parts::Carp(_, entries) = router.parts() else {
                    panic!("carp has its own parts")
                };
                let entry = entries.iter().find(|e| e.member.name.as_str() == row["name"]).unwrap();
                assert_eq!(format!("{:08x}", entry.hash), row[hash].as_str().unwrap());
                assert!((entry.multiplier - row["x"].as_f64().unwrap()).abs() < 1e-12);
            }
        }
    }
}

#[test]
fn the_bounds_of_a_cost_hold_it() {
    let within = |x: u32| {
        let error = hrw::error_of(x);
        assert!(error < 0.99, "{x:#x}: error is {error} of what is allowed");
    };
    (0..=u32::MAX).step_by(257).for_each(within);
    (0..32).flat_map(|n| [(1_u32 << n) - 1, 1 << n, (1 << n) + 1]).for_each(within);
    within(u32::MAX);
}

#[test]
fn draws_that_cost_the_same_are_near_each_other() {
    for top in (0..=u32::MAX).step_by(65_537) {
        assert!(hrw::cost_of(top) < hrw::cost_of(top.saturating_sub(512)) || top < 512, "{top}");
    }
}

#[test]
fn the_owner_is_the_first_of_the_ranking() {
    for count in [1_u32, 2, 15, 16, 17, 40, 100] {
        for even in [true, false] {
            let member = |i: u32| {
                let mut member =
                    Member::new(format!("m{i}").parse().unwrap(), 80.try_into().unwrap());
                let load = if even { 7 } else { 1 + i * i * 1609 % LoadFactor::MAX };
                member.load_factor = LoadFactor::try_from(load).unwrap();
                member
            };
            let router = router((0..count).map(member).collect(), "hrw-sip13", &"0".repeat(32));
            for i in 0..2_000 {
                let key = format!("http://h/{i}");
                let key = raw_key(&key);
                assert_eq!(router.owner(&key), Some(router.ranking(&key)[0].member));
            }
        }
    }
}

#[test]
fn off_members_are_not_ranked_and_carp_multipliers_stay() {
    let data: Value = serde_json::from_str(CARP).unwrap();
    for hash in ["hrw-sip13", "carp-1.0", "carp-1.1", "squid-3.2"] {
        let all = members(&data["sets"]["C"]);
        let mut fewer = all.clone();
        fewer[1].status = Status::Off;
        let (whole, part) =
            (router(all.clone(), hash, &"0".repeat(32)), router(fewer, hash, &"0".repeat(32)));
        for i in 0..500 {
            let key = format!("http://www{i}.example.com/");
            let mut expected = names(&whole, &key);
            expected.retain(|name| *name != all[1].name.as_str());
            assert_eq!(names(&part, &key), expected, "{hash} {key}");
            assert_eq!(part.owner(&raw_key(&key)).unwrap().name.as_str(), expected[0]);
        }
    }
}

#[test]
fn keys_follow_the_scheme() {
    let cases = [
        (
            "HTTP://User:pw@WWW.Example.COM.:80/A?b#c",
            "http://www.example.com/A?b",
            "http://www.example.com/A",
            "www.example.com",
        ),
        ("http://example.com", "http://example.com/", "http://example.com/", "example.com"),
        ("http://example.com?q", "http://example.com/?q", "http://example.com/", "example.com"),
        (
            "http://example.com:8080/x",
            "http://example.com:8080/x",
            "http://example.com:8080/x",
            "example.com",
        ),
        ("http://a@b@c/", "http://c/", "http://c/", "c"),
        ("https://Example.com/path?x", "example.com:443", "example.com:443", "example.com"),
        ("ws://h/x", "h:80", "h:80", "h"),
        ("wss://h/x", "h:443", "h:443", "h"),
        ("ftp://h/x", "h:21", "h:21", "h"),
        (
            "secure.example.net:8443",
            "secure.example.net:8443",
            "secure.example.net:8443",
            "secure.example.net",
        ),
        (
            "http://[2001:DB8::1]:81/",
            "http://[2001:db8::1]:81/",
            "http://[2001:db8::1]:81/",
            "[2001:db8::1]",
        ),
        ("https://[::1]", "[::1]:443", "[::1]:443", "[::1]"),
        ("", ":443", ":443", ""),
    ];
    for (url, full, path, host) in cases {
        for (kind, expected) in [("url", full), ("path", path), ("host", host)] {
            assert_eq!(RouteKey::of(url, kind.parse().unwrap()).as_str(), expected, "{url} {kind}");
        }
    }
}

#[test]
fn the_usual_url_is_its_own_key_without_a_copy() {
    let key = RouteKey::of("http://www.example.com/a/b?c#d", pat::HashKey::Url);
    assert_eq!(key.as_str(), "http://www.example.com/a/b?c");
    assert!(matches!(key.0, std::borrow::Cow::Borrowed(_)));
}
