//! Remarks on legal tables, one rule each.

use pat::{Finding, Severity, check};

use crate::support::{CAMPUS, text_of};

const UP: &str = "a 10.0.0.1 81 http://a/pat ws/4 0 UP 100 0";
const DOWN: &str = "b 10.0.0.2 82 http://b/pat ws/4 0 DOWN 100 0";

/// `line: message` of each remark; all must be warnings.
fn remarks(text: &str) -> Vec<String> {
    let report = check(text.as_bytes());
    assert!(report.table.is_some(), "{:?}", report.findings);
    let show = |finding: &Finding| {
        assert_eq!(finding.severity, Severity::Warning);
        format!("{}: {}", finding.line, finding.message)
    };
    report.findings.iter().map(show).collect()
}

fn of_members(lines: &[&str]) -> Vec<String> {
    remarks(&text_of("", lines))
}

fn with_load(name: &str, load: u32) -> String {
    format!("{name} 8080 http://a/pat ws/4 0 UP {load} 0")
}

/// A table of so many equal members under that hash.
fn of_hash(hash: &str, count: usize) -> Vec<String> {
    let lines: Vec<_> = (0..count).map(|i| with_load(&format!("p{i}"), 100)).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    remarks(&text_of("", &lines).replace("hrw-sip13", hash))
}

#[test]
fn a_good_table_gets_no_remark() {
    assert_eq!(of_members(&[UP, DOWN]), [""; 0]);
    assert_eq!(of_members(&[]), [""; 0]);
}

#[test]
fn an_error_is_the_only_finding_and_leaves_no_table() {
    let report = check(CAMPUS.replace("10.0.0.2", "10.0.0.256").as_bytes());
    assert!(report.table.is_none());
    let error = Finding {
        line: 10,
        column: 4,
        severity: Severity::Error,
        message: "ip must be an IPv4 or IPv6 address, found \"10.0.0.256\"".to_owned(),
    };
    assert_eq!(report.findings, [error]);
}

#[test]
fn an_error_weighs_more_than_a_warning() {
    assert!(Severity::Error > Severity::Warning);
    assert_eq!(Severity::Error.to_string(), "error");
    assert_eq!(Severity::Warning.to_string(), "warning");
}

#[test]
fn a_disabled_array_with_members_is_remarked() {
    let text = text_of("", &[UP]).replace("ArrayEnabled: 1", "ArrayEnabled: 0");
    assert_eq!(
        remarks(&text),
        ["2: ArrayEnabled is 0: no member routes, each serves everything itself"]
    );
}

#[test]
fn an_array_whose_members_are_all_off_is_remarked() {
    assert_eq!(
        of_members(&[DOWN]),
        ["2: all members are off: each that is asked serves everything itself"]
    );
    let text = text_of("", &[DOWN]).replace("ArrayEnabled: 1", "ArrayEnabled: 0");
    assert!(remarks(&text)[0].contains("ArrayEnabled is 0"));
}

#[test]
fn one_address_and_port_of_two_members_is_remarked() {
    let same = "b 10.0.0.1 81 http://b/pat ws/4 0 UP 100 0";
    assert_eq!(of_members(&[UP, same]), ["9: address 10.0.0.1 port 81 stands in line 8 already"]);
}

#[test]
fn another_port_or_no_address_is_another_member() {
    let port = "b 10.0.0.1 82 http://b/pat ws/4 0 UP 100 0";
    let c = "c 81 http://c/pat ws/4 0 UP 100 0";
    let d = "d 81 http://d/pat ws/4 0 UP 100 0";
    assert_eq!(of_members(&[UP, port, c, d]), [""; 0]);
}

#[test]
fn less_than_a_thousandth_of_the_load_is_remarked() {
    let of_loads = |a, b| of_members(&[&with_load("a", a), &with_load("b", b)]);
    assert_eq!(of_loads(1, 1000), ["8: a gets less than 0.1 % of the load"]);
    assert_eq!(of_loads(1, 999), [""; 0]);
    assert_eq!(of_loads(16_777_215, 16_777), ["9: b gets less than 0.1 % of the load"]);
    assert_eq!(of_loads(16_777_215, 16_795), [""; 0]);
}

#[test]
fn carp_1_0_is_remarked_from_three_members_on() {
    let remarks = of_hash("carp-1.0", 3);
    assert_eq!(remarks.len(), 1);
    assert!(remarks[0].contains(": hash carp-1.0 spreads unevenly over 3 members"));
    assert_eq!(of_hash("carp-1.0", 2), [""; 0]);
}

#[test]
fn squid_3_2_is_always_remarked() {
    let remarks = of_hash("squid-3.2", 1);
    assert_eq!(remarks.len(), 1);
    assert!(remarks[0].contains(": hash squid-3.2 depends on the order of the lines"));
}

#[test]
fn the_even_hashes_are_not_remarked() {
    assert_eq!(of_hash("hrw-sip13", 9), [""; 0]);
    assert_eq!(of_hash("carp-1.1", 9), [""; 0]);
}

#[test]
fn a_list_ttl_above_a_day_is_remarked() {
    let of_ttl =
        |minutes: &str| remarks(&CAMPUS.replace("ListTTL: 10", &format!("ListTTL: {minutes}")));
    let long = of_ttl("1441");
    assert_eq!(long.len(), 2, "{long:?}");
    assert!(long[0].contains(": ListTTL is 1441 minutes"));
    assert_eq!(of_ttl("1440").len(), 1, "the unknown header line only");
}

#[test]
fn what_the_reader_did_silently_is_remarked() {
    let remarks = remarks(
        &CAMPUS
            .replace("ListTTL: 10", "ListTTL: 0")
            .replace("X-Contact", "hash: carp-1.1\nX-Contact")
            .replace("UP 100", "UP 0")
            .replace("DOWN", "UP"),
    );
    assert_eq!(
        remarks,
        [
            "5: ListTTL 0 is read as 1 minute",
            "7: header line `hash` stands in line 6 already; the last one counts",
            "8: header line `X-Contact` is not known; it is kept as it stands",
            "10: load factor 0 is read as: off, load factor 1",
        ]
    );
}

#[test]
fn remarks_stand_in_the_order_of_the_text() {
    let text = text_of("", &[&with_load("a", 1), &with_load("b", 0), &with_load("c", 100_000)]);
    let lines: Vec<_> = check(text.replace("ListTTL: 10", "ListTTL: 9999").as_bytes())
        .findings
        .iter()
        .map(|finding| (finding.line, finding.column))
        .collect();
    assert_eq!(lines, [(5, 1), (8, 1), (9, 1), (9, 31)]);
}

#[test]
fn a_remark_on_a_header_line_stands_at_that_line() {
    let text = "Proxy Array Information/1.0\nListTTL: 1441\nHash: squid-3.2\nConfigID: 7\n\
                ArrayName: campus\nArrayEnabled: 0\n\np1 8080 u a 0 UP 1 0\n";
    let lines: Vec<_> = check(text.as_bytes()).findings.iter().map(|f| f.line).collect();
    assert_eq!(lines, [2, 3, 6]);
}

#[test]
fn no_error_is_left_out_without_a_word() {
    let report = check(text_of("", &["x"; 150]).as_bytes());
    assert!(report.findings.len() > 100);
}
