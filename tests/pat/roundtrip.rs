//! What holds for every table and for every text.

use std::collections::HashSet;
use std::fmt::Write;
use std::net::IpAddr;

use pat::{
    CacheSize, ConfigId, Dialect, HashKey, HashName, HashSeed, Header, ListTtl, LoadFactor, Member,
    Status, Table, check, diff, read_csv, write_csv,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::support::{name, table};

/// Printable text without blanks at its ends, and without any at all if so asked.
fn words(most: usize, blanks: bool) -> impl Strategy<Value = String> {
    let odd = any::<char>().prop_filter("printable", |c| !c.is_control() && !c.is_whitespace());
    let plain = proptest::char::range('!', '~');
    let blank = if blanks { ' ' } else { '_' };
    vec(prop_oneof![4 => plain, 1 => odd, 1 => Just(blank)], 1..most)
        .prop_map(|chars| String::from_iter(chars).trim().to_owned())
        .prop_filter("not empty", |text| !text.is_empty())
}

fn member_names() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-Za-z0-9._-]{1,20}",
        1 => any::<IpAddr>().prop_map(|ip| ip.to_string()),
        1 => any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[{ip}]")),
        1 => "[a-z0-9.-]{255}",
    ]
}

fn members() -> impl Strategy<Value = Member> {
    let who = (member_names(), any::<Option<IpAddr>>(), 1..=u16::MAX);
    let texts = (words(60, false), words(60, true));
    let numbers = (any::<u32>(), any::<bool>(), 1..=LoadFactor::MAX, any::<u32>());
    (who, texts, numbers).prop_map(|((who, ip, port), (url, agent), (time, on, load, size))| {
        Member {
            ip,
            // A number would look like a port.
            table_url: if url.bytes().all(|b| b.is_ascii_digit()) { "u" } else { &url }
                .parse()
                .unwrap(),
            agent: agent.parse().unwrap(),
            state_time: time,
            status: if on { Status::On } else { Status::Off },
            load_factor: load.try_into().unwrap(),
            cache_size: CacheSize(size),
            ..Member::new(name(&who), port.try_into().unwrap())
        }
    })
}

/// Header lines of other makers can only come out of a text.
fn header_with_others() -> impl Strategy<Value = Header> {
    let value = prop_oneof![Just(String::new()), words(40, true), Just("a\tb: c".to_owned())];
    vec(("[A-Za-z0-9_-]{1,12}", value), 0..4).prop_map(|others| {
        let mut text =
            "Proxy Array Information/1.0\nArrayEnabled:0\nConfigID:1\nArrayName:a\nListTTL:1\n"
                .to_owned();
        for (name, value) in others {
            writeln!(text, "X-{name}:{value}").unwrap();
        }
        table(&text).header().clone()
    })
}

fn headers() -> impl Strategy<Value = Header> {
    let ours = (
        select(HashName::ALL.to_vec()),
        select(HashKey::ALL.to_vec()),
        prop_oneof![Just([0; 16]), any::<[u8; 16]>()],
    );
    let draft = (any::<bool>(), any::<u32>(), words(80, true), any::<u32>());
    (header_with_others(), draft, ours).prop_map(
        |(header, (on, id, array_name, minutes), (hash, hash_key, seed))| {
            let mut header = header;
            header.array_enabled = on;
            header.config_id = ConfigId(id);
            header.array_name = array_name.parse().unwrap();
            header.list_ttl = ListTtl::from_minutes(minutes);
            (header.hash, header.hash_key) = (hash, hash_key);
            header.hash_seed = HashSeed(seed);
            header
        },
    )
}

fn tables() -> impl Strategy<Value = Table> {
    (headers(), vec(members(), 0..8)).prop_map(|(mut header, mut members)| {
        let mut seen = HashSet::new();
        members.retain(|member| seen.insert(member.name.clone()));
        header.array_enabled &= !members.is_empty();
        Table::new(header, members).unwrap()
    })
}

fn dialects() -> impl Strategy<Value = Dialect> {
    select(vec![Dialect::Draft, Dialect::Sun])
}

#[derive(Debug, Clone)]
enum Damage {
    Insert(Index, u8),
    Delete(Index),
    Replace(Index, u8),
    Truncate(Index),
    RepeatLine(Index),
}

fn damages() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    let byte = || prop_oneof![select(b" \t\r\n:0-\x00\xff\xc3\xa9".to_vec()), any::<u8>()];
    prop_oneof![
        4 => (at(), byte()).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        4 => at().prop_map(Damage::Delete),
        4 => (at(), byte()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        1 => at().prop_map(Damage::Truncate),
        4 => at().prop_map(Damage::RepeatLine),
    ]
}

fn damaged(mut text: Vec<u8>, damage: &Damage) -> Vec<u8> {
    if text.is_empty() {
        return text;
    }
    match damage {
        Damage::Insert(at, byte) => text.insert(at.index(text.len()), *byte),
        Damage::Delete(at) => drop(text.remove(at.index(text.len()))),
        Damage::Replace(at, byte) => *at.get_mut(&mut text) = *byte,
        Damage::Truncate(at) => text.truncate(at.index(text.len())),
        Damage::RepeatLine(at) => {
            let mut lines: Vec<_> = text.split_inclusive(|&byte| byte == b'\n').collect();
            let line = *at.get(&lines);
            lines.insert(at.index(lines.len()), line);
            text = lines.concat();
        }
    }
    text
}

/// Reads any bytes; what comes out must be a table that can be written, or errors that point into the text.
fn read(text: &[u8]) -> Result<(), TestCaseError> {
    let parsed = Table::parse(text);
    let report = check(text);
    prop_assert_eq!(report.table.as_ref(), parsed.as_ref().ok());
    let shown = String::from_utf8_lossy(text);
    let lines: Vec<&str> = shown.split('\n').collect();
    for finding in &report.findings {
        let line = finding.line.checked_sub(1).and_then(|i| lines.get(i));
        prop_assert!(line.is_some(), "no such line: {finding:?}");
        let columns = 1..=line.unwrap().chars().count() + 1;
        prop_assert!(columns.contains(&finding.column), "no such column: {finding:?}");
    }
    match parsed {
        Ok(table) => prop_assert_eq!(Table::parse(table.print(Dialect::Sun).as_bytes()), Ok(table)),
        Err(errors) => {
            prop_assert_eq!(errors.iter().count(), report.findings.len());
            prop_assert!((1..=100).contains(&report.findings.len()));
        }
    }
    Ok(())
}

fn config() -> ProptestConfig {
    // What a failing run finds becomes a golden file, not a file of seeds.
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_printed_table_reads_back_as_the_same(table in tables(), dialect in dialects()) {
        let text = table.print(dialect);
        prop_assert_eq!(Table::parse(text.as_bytes()), Ok(table), "{}", text);
    }

    #[test]
    fn both_dialects_say_the_same(table in tables()) {
        let read = |dialect| Table::parse(table.print(dialect).as_bytes()).unwrap();
        let changes = diff(&read(Dialect::Draft), &read(Dialect::Sun));
        prop_assert!(changes.is_empty(), "{:?}", changes);
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_say_nothing(table in tables(), dialect in dialects()) {
        let text = format!("\u{feff}{}", table.print(dialect).replace('\n', "\r\n"));
        prop_assert_eq!(Table::parse(text.as_bytes()), Ok(table));
    }

    #[test]
    fn a_table_without_change_has_no_difference(old in tables(), new in tables()) {
        prop_assert_eq!(diff(&old, &old), []);
        prop_assert_eq!(diff(&old, &new).is_empty(), old == new);
    }

    #[test]
    fn members_survive_csv(table in tables()) {
        prop_assume!(!table.members().is_empty());
        let text = write_csv(table.members());
        prop_assert_eq!(read_csv(&text).unwrap(), table.members(), "{}", text);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(text in vec(any::<u8>(), 0..400)) {
        read(&text)?;
    }

    #[test]
    fn any_lines_after_a_good_first_one_are_read_without_a_panic(rest in "\\PC{0,40}([ :\t\r\n0-9a-zé]{0,30}\n){0,8}") {
        read(format!("Proxy Array Information/1.0\n{rest}").as_bytes())?;
    }

    #[test]
    fn a_damaged_table_is_read_without_a_panic(table in tables(), damages in vec(damages(), 1..6)) {
        let text = table.print(Dialect::Draft).into_bytes();
        read(&damages.iter().fold(text, damaged))?;
    }

    #[test]
    fn any_text_is_read_as_csv_without_a_panic(text in any::<String>(), rows in "([a-z0-9.,\"\r\n]{0,20}){0,6}") {
        let lines = rows.lines().count() + 1;
        if let Err(error) = read_csv(&format!("name,port\n{rows}")) {
            let line = usize::try_from(error.line).unwrap();
            prop_assert!((1..=lines).contains(&line), "{}", error);
        }
        read_csv(&text).ok();
    }
}

#[test]
fn a_table_with_microsoft_members_reads_back_as_the_same() {
    let table = table(
        "Proxy Array Information/1.0\nArrayEnabled: 1\nConfigID: 339\nArrayName: ISA Array\n\
         ListTTL: 3000\n\np1 8080 http://p1:8080/array.dll MSProxy/2.0 86400 Up 100 100\n",
    );
    for dialect in [Dialect::Draft, Dialect::Sun] {
        assert_eq!(table.print(dialect).parse(), Ok(table.clone()));
    }
}
