//! Edits of a table: what each changes, and what none may do.

use pat::{
    CacheSize, ConfigId, Edit, EditError, HashKey, HashName, HashSeed, ListTtl, LoadFactor,
    MemberField, Status, Table,
};

use crate::support::{campus, member, name, names, of, opaque};

fn apply(table: &Table, edit: Edit) -> Table {
    table.apply(&[edit]).unwrap()
}

fn add(text: &str) -> Edit {
    Edit::Add(Box::new(member(text)))
}

fn set(field: MemberField) -> Edit {
    Edit::Set(name("P1"), field)
}

/// One edit of each kind, each good for the campus.
fn one_of_each() -> Vec<Edit> {
    vec![
        add("p3"),
        Edit::Remove(name("p1")),
        Edit::Set(name("p2"), MemberField::Ip(None)),
        Edit::TurnOn(name("p2")),
        Edit::TurnOff(name("p2")),
        Edit::SetArrayEnabled(false),
        Edit::SetArrayName("other".parse().unwrap()),
        Edit::SetListTtl(ListTtl::from_minutes(3)),
        Edit::SetHash(HashName::Carp11),
        Edit::SetHashKey(HashKey::Path),
        Edit::SetHashSeed(HashSeed([7; 16])),
    ]
}

#[test]
fn a_new_member_is_the_last_and_keeps_its_fields() {
    let table = apply(&campus(), add("p0"));
    assert_eq!(names(&table), ["p1", "p2", "p0"]);
    assert_eq!(table.members()[2], member("p0"));
    assert_eq!(table.members()[..2], campus().members()[..]);
}

#[test]
fn the_first_member_turns_the_array_on() {
    let table = apply(&of(&[]), add("p1"));
    assert!(table.header().array_enabled);
}

#[test]
fn a_further_member_leaves_an_array_off_that_somebody_turned_off() {
    let off = apply(&campus(), Edit::SetArrayEnabled(false));
    assert!(!apply(&off, add("p3")).header().array_enabled);
    assert!(apply(&campus(), add("p3")).header().array_enabled);
}

#[test]
fn a_member_cannot_be_added_twice_whatever_its_case() {
    let error = campus().apply(&[add("P1")]).unwrap_err();
    assert_eq!(error, EditError::Exists(name("P1")));
    assert_eq!(error.to_string(), "member P1 is in the table already");
    assert!(campus().apply(&[add("p3"), add("P3")]).is_err());
}

#[test]
fn a_removed_member_is_gone_and_the_others_stay_in_order() {
    let table = of(&["a 1 u x 0 UP 1 0", "b 2 u x 0 UP 1 0", "c 3 u x 0 UP 1 0"]);
    let table = apply(&table, Edit::Remove(name("B")));
    assert_eq!(names(&table), ["a", "c"]);
    assert!(table.header().array_enabled);
}

#[test]
fn the_last_members_going_turns_the_array_off() {
    let edits = [Edit::Remove(name("p2")), Edit::Remove(name("p1"))];
    let table = campus().apply(&edits).unwrap();
    assert!(table.members().is_empty());
    assert!(!table.header().array_enabled);
}

#[test]
fn an_array_without_members_cannot_be_turned_on() {
    let error = of(&[]).apply(&[Edit::SetArrayEnabled(true)]).unwrap_err();
    assert!(matches!(error, EditError::Invalid(_)));
    assert_eq!(error.to_string(), "ArrayEnabled must be 0 in a table without members, found \"1\"");
}

#[test]
fn only_the_result_of_all_edits_must_be_valid() {
    let table = of(&[]).apply(&[Edit::SetArrayEnabled(true), add("p1")]);
    assert_eq!(names(&table.unwrap()), ["p1"]);
    let blank = set(MemberField::TableUrl(opaque("a b")));
    let table = campus().apply(&[blank, Edit::Remove(name("p1"))]);
    assert_eq!(names(&table.unwrap()), ["p2"]);
}

#[test]
fn each_field_is_set_alone() {
    let p1 = campus().members()[0].clone();
    let set_to = |field| apply(&campus(), set(field)).members()[0].clone();
    let mut expected = p1.clone();
    expected.ip = None;
    assert_eq!(set_to(MemberField::Ip(None)), expected);
    let mut expected = p1.clone();
    expected.ip = Some("::1".parse().unwrap());
    assert_eq!(set_to(MemberField::Ip(expected.ip)), expected);
    let mut expected = p1.clone();
    expected.port = 1.try_into().unwrap();
    assert_eq!(set_to(MemberField::Port(expected.port)), expected);
    let mut expected = p1.clone();
    expected.table_url = opaque("http://p9/pat");
    assert_eq!(set_to(MemberField::TableUrl(opaque("http://p9/pat"))), expected);
    let mut expected = p1.clone();
    expected.agent = opaque("web server 7");
    assert_eq!(set_to(MemberField::Agent(opaque("web server 7"))), expected);
    let mut expected = p1.clone();
    expected.load_factor = LoadFactor::ONE;
    assert_eq!(set_to(MemberField::LoadFactor(LoadFactor::ONE)), expected);
    let mut expected = p1;
    expected.cache_size = CacheSize(9);
    assert_eq!(set_to(MemberField::CacheSize(CacheSize(9))), expected);
}

#[test]
fn a_table_url_with_a_blank_is_refused() {
    let url = set(MemberField::TableUrl(opaque("http://p1/my pat")));
    let mut p3 = member("p3");
    p3.table_url = opaque("a b");
    for edit in [url, Edit::Add(Box::new(p3))] {
        let error = campus().apply(&[edit]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("table URL must be text without blanks that is no number, found "),
            "{text}"
        );
    }
}

#[test]
fn a_change_of_status_starts_the_state_time_anew() {
    let on = apply(&campus(), Edit::TurnOn(name("P2")));
    assert_eq!((on.members()[1].status, on.members()[1].state_time), (Status::On, 0));
    assert_eq!(on.members()[0], campus().members()[0]);
    let off = apply(&campus(), Edit::TurnOff(name("P1")));
    assert_eq!((off.members()[0].status, off.members()[0].state_time), (Status::Off, 0));
    assert_eq!(off.members()[1], campus().members()[1]);
}

#[test]
fn to_turn_on_what_is_on_changes_nothing() {
    assert_eq!(apply(&campus(), Edit::TurnOn(name("p1"))), campus());
    assert_eq!(apply(&campus(), Edit::TurnOff(name("p2"))), campus());
}

#[test]
fn all_members_may_be_off() {
    let table = apply(&campus(), Edit::TurnOff(name("p1")));
    assert!(table.members().iter().all(|member| member.status == Status::Off));
    assert!(table.header().array_enabled);
}

#[test]
fn each_header_line_is_set_alone() {
    let changed = |edit| {
        pat::diff(&campus(), &apply(&campus(), edit))
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let name = "north wing".parse().unwrap();
    let seed = HashSeed([0x1f; 16]);
    let zeros = "0".repeat(32);
    assert_eq!(changed(Edit::SetArrayEnabled(false)), ["~ ArrayEnabled: 1 -> 0"]);
    assert_eq!(changed(Edit::SetArrayName(name)), ["~ ArrayName: campus -> north wing"]);
    let ttl = Edit::SetListTtl(ListTtl::from_minutes(60));
    assert_eq!(changed(ttl), ["~ ListTTL: 10 min -> 60 min"]);
    assert_eq!(changed(Edit::SetHash(HashName::Carp10)), ["~ Hash: hrw-sip13 -> carp-1.0"]);
    assert_eq!(changed(Edit::SetHashKey(HashKey::Host)), ["~ HashKey: url -> host"]);
    let seeds = format!("~ HashSeed: {zeros} -> {}", "1f".repeat(16));
    assert_eq!(changed(Edit::SetHashSeed(seed)), [seeds]);
}

#[test]
fn an_unknown_member_is_named_with_those_that_are_there() {
    let who = name("p9");
    let edits = [
        Edit::Remove(who.clone()),
        Edit::Set(who.clone(), MemberField::Ip(None)),
        Edit::TurnOn(who.clone()),
        Edit::TurnOff(who),
    ];
    for edit in edits {
        let error = campus().apply(std::slice::from_ref(&edit)).unwrap_err();
        assert_eq!(error.to_string(), "member p9 is not in the table; it has p1, p2");
        let error = of(&[]).apply(&[edit]).unwrap_err();
        assert_eq!(error.to_string(), "member p9 is not in the table; it has none");
    }
}

#[test]
fn of_a_long_table_the_first_twenty_members_are_named() {
    let edits: Vec<_> = (1..=30).map(|i| add(&format!("p{i}"))).collect();
    let table = of(&[]).apply(&edits).unwrap();
    let error = table.apply(&[Edit::Remove(name("x"))]).unwrap_err().to_string();
    assert!(error.contains(" p1, p2, ") && error.contains(", p20"), "{error}");
    assert!(!error.contains("p21"), "{error}");
}

#[test]
fn edits_see_what_the_ones_before_them_did() {
    let load = MemberField::LoadFactor(LoadFactor::ONE);
    let edits = [add("p3"), Edit::Set(name("p3"), load), Edit::TurnOff(name("p3"))];
    let p3 = campus().apply(&edits).unwrap().members()[2].clone();
    assert_eq!((p3.load_factor, p3.status), (LoadFactor::ONE, Status::Off));
    let edits = [Edit::Remove(name("p1")), add("P1")];
    assert_eq!(names(&campus().apply(&edits).unwrap()), ["p2", "P1"]);
    let edits = [Edit::Remove(name("p1")), Edit::TurnOn(name("p1"))];
    assert!(matches!(campus().apply(&edits), Err(EditError::Unknown { .. })));
}

#[test]
fn all_edits_are_applied_or_none() {
    let table = campus();
    let mut edits = one_of_each();
    assert!(table.apply(&edits).is_ok());
    edits.push(add("p3"));
    assert_eq!(table.apply(&edits), Err(EditError::Exists(name("p3"))));
    assert_eq!(table, campus());
}

#[test]
fn no_edits_change_nothing() {
    assert_eq!(campus().apply(&[]).unwrap(), campus());
}

#[test]
fn no_edit_touches_the_config_id_or_lines_of_others() {
    for edit in one_of_each() {
        let table = apply(&campus(), edit.clone());
        assert_eq!(table.header().config_id, ConfigId(7), "{edit:?}");
        assert_eq!(table.header().others(), campus().header().others(), "{edit:?}");
    }
}
