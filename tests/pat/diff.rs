//! Differences of tables, each as its line.

use pat::{Table, diff};

use crate::support::{campus, of, table, text_of};

const A: &str = "a 10.0.0.1 81 http://a/pat ws/4 5 UP 100 512";
const B: &str = "b 82 http://b/pat ws/4 5 UP 100 512";
const C: &str = "c 83 http://c/pat ws/4 5 UP 100 512";

fn lines(old: &Table, new: &Table) -> Vec<String> {
    diff(old, new).iter().map(ToString::to_string).collect()
}

/// What differs when the member line `A` becomes this one.
fn when_a_becomes(line: &str) -> Vec<String> {
    lines(&of(&[A]), &of(&[line]))
}

#[test]
fn equal_tables_have_no_difference() {
    assert_eq!(diff(&campus(), &campus()), []);
}

#[test]
fn a_member_is_added_or_removed() {
    assert_eq!(lines(&of(&[A, C]), &of(&[A, B, C])), ["+ b"]);
    assert_eq!(lines(&of(&[A, B, C]), &of(&[A, C])), ["- b"]);
    assert_eq!(lines(&of(&[A]), &of(&[B])), ["- a", "+ b"]);
}

#[test]
fn every_field_of_a_member_is_compared() {
    for (line, difference) in [
        ("A 10.0.0.1 81 http://a/pat ws/4 5 UP 100 512", "~ A name: a -> A"),
        ("a 10.0.0.2 81 http://a/pat ws/4 5 UP 100 512", "~ a ip: 10.0.0.1 -> 10.0.0.2"),
        ("a 81 http://a/pat ws/4 5 UP 100 512", "~ a ip: 10.0.0.1 -> none"),
        ("a 10.0.0.1 99 http://a/pat ws/4 5 UP 100 512", "~ a port: 81 -> 99"),
        (
            "a 10.0.0.1 81 http://b/pat ws/4 5 UP 100 512",
            "~ a table URL: http://a/pat -> http://b/pat",
        ),
        ("a 10.0.0.1 81 http://a/pat ws 5 5 UP 100 512", "~ a agent: ws/4 -> ws 5"),
        ("a 10.0.0.1 81 http://a/pat ws/4 6 UP 100 512", "~ a state time: 5 -> 6"),
        ("a 10.0.0.1 81 http://a/pat ws/4 5 DOWN 100 512", "~ a status: on -> off"),
        ("a 10.0.0.1 81 http://a/pat ws/4 5 UP 7 512", "~ a load factor: 100 -> 7"),
        ("a 10.0.0.1 81 http://a/pat ws/4 5 UP 100 0", "~ a cache size: 512 -> 0"),
    ] {
        assert_eq!(when_a_becomes(line), [difference]);
    }
}

#[test]
fn several_fields_are_several_lines_in_the_order_of_the_table() {
    let changed = when_a_becomes("a 99 http://a/pat ws/4 5 DOWN 7 512");
    assert_eq!(
        changed,
        [
            "~ a ip: 10.0.0.1 -> none",
            "~ a port: 81 -> 99",
            "~ a status: on -> off",
            "~ a load factor: 100 -> 7"
        ]
    );
}

#[test]
fn the_way_a_table_was_written_is_no_difference() {
    let other = "A  10.0.0.1 081 http://a/pat ws/4 05 on 0100 512".replacen('A', "a", 1);
    assert_eq!(when_a_becomes(&other), [""; 0]);
}

#[test]
fn another_order_of_the_same_members_is_one_line() {
    assert_eq!(lines(&of(&[A, B, C]), &of(&[C, A, B])), ["~ the order of the members"]);
    assert_eq!(lines(&of(&[A, B, C]), &of(&[C, A])), ["- b", "~ the order of the members"]);
    assert_eq!(lines(&of(&[A, C]), &of(&[B, A, C])), ["+ b"]);
}

#[test]
fn header_lines_of_others_are_compared() {
    let with = |header: &str| table(&text_of(header, &[A]));
    assert_eq!(
        lines(&with("X-Contact: Ann\n"), &with("X-Contact: Bob\nX-Site: 4\n")),
        ["~ other lines: X-Contact: Ann -> X-Contact: Bob; X-Site: 4"]
    );
    assert_eq!(lines(&with(""), &with("X: 1\n")), ["~ other lines:  -> X: 1"]);
}

#[test]
fn the_header_stands_before_the_members() {
    let new = of(&[A, B]).with_config_id(pat::ConfigId(8));
    assert_eq!(lines(&of(&[A, C]), &new), ["~ ConfigID: 7 -> 8", "- c", "+ b"]);
}

#[test]
fn header_lines_that_look_alike_when_joined_differ() {
    let one = table(&text_of("X: 1; Y: 2\n", &[A]));
    let two = table(&text_of("X: 1\nY: 2\n", &[A]));
    assert_ne!(one, two);
    assert_eq!(diff(&one, &two).len(), 1);
}
