//! Errors that no golden file can hold: bytes, length, and what programs ask of them.

use pat::{ParseErrorKind, Table};

use crate::support::{CAMPUS, text_of};

fn lines_of_errors(text: &[u8]) -> Vec<String> {
    let errors = Table::parse(text).unwrap_err();
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn a_byte_that_is_no_utf_8_is_named_with_its_place() {
    for (text, place) in [
        (&b"\xffProxy Array Information/1.0\n"[..], "1:1: text must be UTF-8, found byte 0xff"),
        (b"Proxy Array\n\xc3\xa9\xe9x\n", "2:2: text must be UTF-8, found byte 0xe9"),
        (b"\xef\xbb\xbfab\xc3", "1:3: text must be UTF-8, found byte 0xc3"),
        (b"a\r\n\n\xed\xa0\x80", "3:1: text must be UTF-8, found byte 0xed"),
    ] {
        assert_eq!(lines_of_errors(text), [place], "{text:?}");
    }
}

#[test]
fn utf_16_is_not_read_as_something_else() {
    let utf_16: Vec<u8> = CAMPUS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(lines_of_errors(&utf_16)[0].starts_with("1:1: first line must be"));
    let with_mark = [&b"\xff\xfe"[..], &utf_16].concat();
    assert_eq!(lines_of_errors(&with_mark), ["1:1: text must be UTF-8, found byte 0xff"]);
}

#[test]
fn the_last_line_needs_no_end() {
    let without = CAMPUS.trim_end().as_bytes();
    assert_eq!(Table::parse(without), Table::parse(CAMPUS.as_bytes()));
}

#[test]
fn a_hundred_errors_are_listed_and_the_rest_is_counted() {
    let errors =
        |lines: usize| Table::parse(text_of("", &vec!["x"; lines]).as_bytes()).unwrap_err();
    let hundred = errors(100);
    assert_eq!((hundred.iter().count(), hundred.left_out()), (100, 0));
    assert_eq!(hundred.in_file("x.pat").to_string().lines().count(), 100);
    let more = errors(103);
    assert_eq!((more.iter().count(), more.left_out()), (100, 3));
    assert_eq!(more.iter().last().unwrap().line, 107);
    assert!(more.in_file("x.pat").to_string().ends_with("\nx.pat: and 3 more"));
}

#[test]
fn foreign_text_in_a_message_is_cut_at_80_characters() {
    let long = "é".repeat(81);
    let text = text_of("", &[&format!("p1 8080 http://p1/pat ws/4 0 {long} 100 0")]);
    let cut = format!("found {:?}", format!("{}…", "é".repeat(80)));
    assert!(lines_of_errors(text.as_bytes())[0].ends_with(&cut));
    let cut = format!("found {:?}", format!("{}…", "x".repeat(80)));
    assert!(lines_of_errors("x".repeat(1_000_000).as_bytes())[0].ends_with(&cut));
}

#[test]
fn only_a_newer_version_asks_for_plain_routing() {
    let newer = |text: &str| Table::parse(text.as_bytes()).unwrap_err().is_version_too_new();
    assert!(newer("Proxy Array Information/2.0\n"));
    assert!(newer("Proxy Array Information/99999999999999999999.7\r\n"));
    assert!(!newer("Proxy Array Information/0.9\n"));
    assert!(!newer("Proxy Array Information/1.0\n"));
    assert!(!newer("Proxy Array Information/2.x\n"));
    assert!(!newer(""));
}

#[test]
fn errors_stand_in_the_order_of_the_text() {
    let text = text_of("Hash: md5\n", &["p1 8080 u a x UP 0x1 0", "p2"]);
    let places: Vec<_> = Table::parse(text.as_bytes())
        .unwrap_err()
        .iter()
        .map(|error| (error.line, error.column))
        .collect();
    assert_eq!(places, [(7, 7), (9, 13), (9, 18), (10, 1)]);
}

#[test]
fn without_a_file_name_the_text_is_called_table() {
    let errors = Table::parse(b"hello").unwrap_err();
    assert_eq!(
        errors.to_string(),
        "table:1:1: first line must be \"Proxy Array Information/1.0\", found \"hello\""
    );
    assert_eq!(
        errors.into_iter().next().unwrap().kind,
        ParseErrorKind::NotATable("hello".to_owned())
    );
}

#[test]
fn a_broken_line_hides_no_error_of_another() {
    let text = text_of("", &["p1 8080 u a 0 UP 1 0\x01", "p2 0 u a 0 UP 1 0"]);
    let expected = [
        "8:21: text must have no control characters, found U+0001",
        "9:4: port must be 1 to 65535, found \"0\"",
    ];
    assert_eq!(lines_of_errors(text.as_bytes()), expected);
}

#[test]
fn a_name_is_found_twice_even_if_its_first_line_is_broken() {
    let text = text_of("", &["p1 0 u a 0 UP 1 0", "P1 1 u a 0 UP 1 0"]);
    let expected = [
        "8:4: port must be 1 to 65535, found \"0\"",
        "9:1: member name must be unique, \"P1\" stands in line 8 already",
    ];
    assert_eq!(lines_of_errors(text.as_bytes()), expected);
}

#[test]
fn a_header_line_with_a_control_character_is_not_missing() {
    let text = CAMPUS.replace("campus", "cam\x07pus");
    let expected = ["4:15: text must have no control characters, found U+0007"];
    assert_eq!(lines_of_errors(text.as_bytes()), expected);
}

#[test]
fn eight_fields_with_a_wrong_port_are_not_called_too_few() {
    for port in ["-1", "99999999999", "http"] {
        let text = text_of("", &[&format!("p1 {port} http://p1/pat ws/4 0 UP 100 512")]);
        let error = &lines_of_errors(text.as_bytes())[0];
        assert!(!error.contains("or 8 without the ip, found 8"), "{error}");
    }
}

#[test]
fn a_number_before_the_port_is_a_wrong_ip() {
    let text = text_of("", &["p1 10 8080 http://p1/pat ws/4 0 UP 100 512"]);
    assert!(Table::parse(text.as_bytes()).is_err());
}
