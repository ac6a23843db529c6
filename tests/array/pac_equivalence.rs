//! The PAC and the router give the same list, in every engine at hand.

use std::sync::Arc;

use parray::pac::{
    MemberScheme, PacOptions, PacRoutes, Style, answer, eval, generate, sample_urls, verify,
};
use parray::route::Router;
use pat::AddressBy;
use proptest::prelude::*;

use crate::support::{node, tables};

fn options() -> impl Strategy<Value = PacOptions> {
    let failover = prop_oneof![Just(None), (1..6_usize).prop_map(Some)];
    let default =
        proptest::sample::select(vec!["DIRECT", "none", "PROXY last.example:3128; DIRECT"]);
    let style = proptest::sample::select(vec![Style::Plain, Style::Minified, Style::Explained]);
    (failover, default, any::<bool>(), any::<bool>(), style).prop_map(
        |(failover, default, tls, ip, style)| PacOptions {
            style,
            failover,
            default_route: default.parse().unwrap(),
            scheme: if tls { MemberScheme::Https } else { MemberScheme::Proxy },
            address: if ip { AddressBy::Ip } else { AddressBy::Name },
            custom_logic: None,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn pac_and_router_rank_alike_in_boa_and_node(
        table in tables::table(),
        options in options(),
        urls in proptest::collection::vec(tables::url(), 40),
    ) {
        let router = Router::new(Arc::new(table));
        let pac = generate(&router, &options).unwrap();
        prop_assert!(pac.is_ascii());
        let texts: Vec<String> = urls.iter().map(|url| String::from_utf16_lossy(url)).collect();
        verify(&pac, &router, &options, &texts).unwrap();
        for ((said, text), units) in node::answers(&pac, &urls).iter().zip(&texts).zip(&urls) {
            prop_assert_eq!(said, &answer(&router, &options, text), "{:?} {:04x?}", text, units);
        }
    }
}

#[test]
fn every_entry_point_agrees_on_the_sampled_urls() {
    let text = include_str!("../data/tables/campus.pat");
    let router = Router::new(Arc::new(text.parse().unwrap()));
    let options = PacOptions::default();
    let pac = generate(&router, &options).unwrap();
    verify(&pac, &router, &options, &sample_urls(2_000, 7)).unwrap();
}

/// A table of so many members.
fn of_members(count: usize) -> Router {
    let mut table: pat::Table = include_str!("../data/tables/campus.pat").parse().unwrap();
    for i in table.members().len()..count {
        let name = format!("cache{i:03}.campus.example.org").parse().unwrap();
        let member = pat::Member::new(name, 3128.try_into().unwrap());
        table = table.apply(&[pat::Edit::Add(Box::new(member))]).unwrap();
    }
    Router::new(Arc::new(table))
}

#[test]
fn sixteen_members_take_less_than_six_kilobytes_and_256_less_than_24() {
    let bytes = |count, style| {
        let options = PacOptions { style, ..PacOptions::default() };
        generate(&of_members(count), &options).unwrap().len()
    };
    assert!(bytes(16, Style::Plain) < 6_000 && bytes(256, Style::Plain) < 24_000);
    let (few, many) = (bytes(16, Style::Minified), bytes(256, Style::Minified));
    assert!(few < 5_000 && many < 21_000, "{few} {many}");
}

#[test]
fn custom_logic_is_minified_with_the_rest_and_means_the_same() {
    let logic = "var names = { 'a.test': 1 }, i\nfor (i in names)\n  if (host == i) return 'PROXY ' + i + ':1'";
    let router = of_members(4);
    let options = PacOptions {
        custom_logic: Some(logic.to_owned()),
        style: Style::Minified,
        ..PacOptions::default()
    };
    let pac = generate(&router, &options).unwrap();
    let calls = ["http://a.test/", "http://b.test/"].map(eval::Call::of);
    let said = eval::evaluate(&pac, &calls).unwrap();
    assert_eq!(said, ["PROXY a.test:1".to_owned(), answer(&router, &options, "http://b.test/")]);
}

#[test]
fn text_from_a_table_never_becomes_code() {
    let table = concat!(
        "Proxy Array Information/1.0\nArrayEnabled: 1\nConfigID: 1\n",
        "ArrayName: x\"*/ ; throw 1; // \u{2028}throw 2 </script>\nListTTL: 10\nHash: hrw-sip13\n\n",
        "p1 10.0.0.1 8080 http://p/pat \"];throw(3)// 0 UP 1 1\n",
    );
    // U+2028 is white space, which no array name may hold.
    assert!(table.parse::<pat::Table>().is_err());
    let router = Router::new(Arc::new(table.replace('\u{2028}', " ").parse().unwrap()));
    let pac = generate(&router, &PacOptions::default()).unwrap();
    let calls = [eval::Call::of("http://a.example/")];
    assert_eq!(eval::evaluate(&pac, &calls).unwrap(), ["PROXY p1:8080; DIRECT"]);
}

#[test]
fn custom_logic_decides_first_and_cannot_leave_its_function() {
    let router = Router::new(Arc::new(include_str!("../data/tables/campus.pat").parse().unwrap()));
    let with =
        |logic: &str| PacOptions { custom_logic: Some(logic.to_owned()), ..PacOptions::default() };
    let logic = "// \u{e9}t\u{e9}\nif (isPlainHostName(host) || dnsDomainIs(host, \".intra.example\")) return \"DIRECT\"; // local";
    let pac = generate(&router, &with(logic)).unwrap();
    let calls = ["http://intranet/", "http://a.intra.example/", "http://www.example.com/"]
        .map(eval::Call::of);
    let answers = eval::evaluate(&pac, &calls).unwrap();
    assert_eq!(answers[..2], ["DIRECT", "DIRECT"]);
    assert_eq!(answers[2], answer(&router, &PacOptions::default(), "http://www.example.com/"));
    for bad in ["} function f() {", "return \"DIRECT", "if (", "/* open", "}) (function () {"] {
        assert!(generate(&router, &with(bad)).is_err(), "{bad}");
    }
}

#[test]
fn an_array_that_is_off_gives_the_default_route() {
    let text =
        include_str!("../data/tables/campus.pat").replace("ArrayEnabled: 1", "ArrayEnabled: 0");
    let router = Router::new(Arc::new(text.parse().unwrap()));
    for (default, expected) in
        [("DIRECT", "DIRECT"), ("none", "DIRECT"), ("PROXY a:1", "PROXY a:1")]
    {
        let default_route: PacRoutes = default.parse().unwrap();
        let options = PacOptions { default_route, ..PacOptions::default() };
        let pac = generate(&router, &options).unwrap();
        assert_eq!(eval::evaluate(&pac, &[eval::Call::of("http://a/")]).unwrap(), [expected]);
        assert_eq!(answer(&router, &options, "http://a/"), expected);
    }
}

#[test]
fn a_script_that_is_no_pac_is_told_from_one_that_fails() {
    let call = [eval::Call::of("http://a/")];
    let error = |script: &str| eval::evaluate(script, &call).unwrap_err().to_string();
    assert!(error("function (").starts_with("script does not load"));
    assert_eq!(error("var x = 1"), "script must define the function FindProxyForURL, found none");
    assert!(
        error("function FindProxyForURL() { return 7 }").contains("must return a string, found 7")
    );
    assert!(error("function FindProxyForURL() { throw 'no' }").contains("failed"));
    assert!(error("function FindProxyForURL() { while (true) {} }").contains("ran a loop"));
}
