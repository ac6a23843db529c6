//! Text to table, any dialect; all errors of a text are found, not the first only.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU16;

use crate::check::{Finding, Severity};
use crate::error::{ParseError, ParseErrorKind, ParseErrors, ValueError, shorten};
use crate::header::{ArrayName, ConfigId, HashKey, HashName, HashSeed, Header, ListTtl};
use crate::member::{CacheSize, LoadFactor, Member, MemberName, Opaque, Status, decimal};
use crate::print::VERSION_LINE;
use crate::scan::{Field, Line, is_blank, lines};
use crate::table::{TABLE_URL_EXPECTED, Table, counts_in_seconds};

/// A table, and what its text told beyond it.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) table: Table,
    /// 1-based line of each member.
    pub(crate) member_lines: Vec<usize>,
    /// 1-based line of each header line, by its name in lower case.
    pub(crate) header_lines: HashMap<String, usize>,
    /// What is legal and still worth a word.
    pub(crate) findings: Vec<Finding>,
}

pub(crate) fn parse(text: &[u8]) -> Result<Parsed, ParseErrors> {
    let text = decode(text).map_err(|error| ParseErrors::new(vec![error]))?;
    let mut reader = Reader::default();
    let mut all = lines(text);
    if let Err(error) = version(all.next().unwrap_or(Line { number: 1, text: "" })) {
        return Err(ParseErrors::new(vec![error]));
    }
    let mut in_header = true;
    let mut last = 1;
    for line in all {
        last = line.number;
        if let Some((place, found)) = line.control_character() {
            reader.fail(line, place, ParseErrorKind::ControlCharacter(u32::from(found)));
            reader.note_header(line);
        } else if line.text.trim_matches(is_blank).is_empty() {
            in_header = false;
        } else if in_header {
            reader.header_line(line);
        } else {
            reader.member_line(line);
        }
    }
    reader.finish(last)
}

fn decode(text: &[u8]) -> Result<&str, ParseError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    std::str::from_utf8(text).map_err(|error| {
        let good = text.get(..error.valid_up_to()).unwrap_or_default();
        let start = good.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
        let before = String::from_utf8_lossy(good.get(start..).unwrap_or_default());
        ParseError {
            line: good.split(|&b| b == b'\n').count(),
            column: before.chars().count() + 1,
            kind: ParseErrorKind::NotUtf8(
                text.get(error.valid_up_to()).copied().unwrap_or_default(),
            ),
        }
    })
}

fn version(line: Line<'_>) -> Result<(), ParseError> {
    let fail = |kind| Err(ParseError { line: line.number, column: 1, kind });
    let not_a_table = || ParseErrorKind::NotATable(shorten(line.text));
    let prefix = VERSION_LINE.trim_end_matches("1.0");
    let Some((major, minor)) =
        line.text.trim_end().strip_prefix(prefix).and_then(|v| v.split_once('.'))
    else {
        return fail(not_a_table());
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match (digits(major) && digits(minor), major.trim_start_matches('0')) {
        (false, _) | (true, "") => fail(not_a_table()),
        (true, "1") => Ok(()),
        (true, _) => fail(ParseErrorKind::VersionTooNew(shorten(&format!("{major}.{minor}")))),
    }
}

/// What was read so far.
#[derive(Debug, Default)]
struct Reader {
    array_enabled: Option<bool>,
    config_id: Option<ConfigId>,
    array_name: Option<ArrayName>,
    /// The number and its place: its unit is known only when the members are.
    list_ttl: Option<(u64, usize, usize)>,
    hash: Option<HashName>,
    hash_key: Option<HashKey>,
    hash_seed: Option<HashSeed>,
    others: Vec<(String, String)>,
    members: Vec<Member>,
    member_lines: Vec<usize>,
    names: HashMap<String, usize>,
    errors: Vec<ParseError>,
    findings: Vec<Finding>,
    /// Header lines that stand in the text, right or wrong, with their line.
    seen: HashMap<String, usize>,
}

impl Reader {
    fn fail(&mut self, line: Line<'_>, offset: usize, kind: ParseErrorKind) {
        self.errors.push(ParseError { line: line.number, column: line.column(offset), kind });
    }

    fn warn(&mut self, line: usize, column: usize, message: String) {
        self.findings.push(Finding { line, column, severity: Severity::Warning, message });
    }

    /// A header line that is wrong is there all the same: it is not missing, too.
    fn note_header(&mut self, line: Line<'_>) {
        if let Some((name, _)) = line.text.split_once(':') {
            self.seen
                .entry(name.trim_matches(is_blank).to_ascii_lowercase())
                .or_insert(line.number);
        }
    }

    fn header_line(&mut self, line: Line<'_>) {
        let name_ok = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        };
        let Some((name, rest)) = line.text.split_once(':').filter(|(name, _)| name_ok(name)) else {
            self.note_header(line);
            return self.fail(line, 0, ParseErrorKind::NotAHeader(shorten(line.text)));
        };
        let offset = name.len() + 1 + rest.find(|c| !is_blank(c)).unwrap_or(0);
        let value = rest.trim_matches(is_blank);
        let folded = name.to_ascii_lowercase();
        if let Some(first) = self.seen.insert(folded.clone(), line.number) {
            self.warn(
                line.number,
                1,
                format!("header line `{name}` stands in line {first} already; the last one counts"),
            );
        }
        if let Err(error) = self.header_value(&folded, (name, value), line, offset) {
            self.fail(line, offset, ParseErrorKind::Value(error));
        }
    }

    fn header_value(
        &mut self,
        folded: &str,
        (name, value): (&str, &str),
        line: Line<'_>,
        offset: usize,
    ) -> Result<(), ValueError> {
        match folded {
            "arrayenabled" => match value {
                "0" => self.array_enabled = Some(false),
                "1" => self.array_enabled = Some(true),
                _ => return Err(ValueError::new("ArrayEnabled", "0 or 1", value)),
            },
            "configid" => self.config_id = Some(value.parse()?),
            "arrayname" => self.array_name = Some(value.parse()?),
            "listttl" => {
                let number = decimal(value)
                    .ok_or_else(|| ValueError::new("ListTTL", ListTtl::EXPECTED, value))?;
                self.list_ttl = Some((number, line.number, line.column(offset)));
            }
            "hash" => self.hash = Some(value.parse()?),
            "hashkey" => self.hash_key = Some(value.parse()?),
            "hashseed" => self.hash_seed = Some(value.parse()?),
            _ => {
                self.warn(
                    line.number,
                    1,
                    format!("header line `{name}` is not known; it is kept as it stands"),
                );
                self.others.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                self.others.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    }

    fn member_line(&mut self, line: Line<'_>) {
        let fields: Vec<Field<'_>> = line.fields().collect();
        let Some(split) = Split::of(line, &fields) else {
            return self.fail(line, 0, ParseErrorKind::FieldCount(fields.len()));
        };
        let name = self.value::<MemberName>(line, split.name);
        let ip = match split.ip {
            Some(field) => self.ip(line, field).map(Some),
            None => Some(None),
        };
        let port = self.port(line, split.port);
        let table_url = self.table_url(line, split.table_url);
        let agent = self.value::<Opaque>(line, split.agent);
        let state_time = self.state_time(line, split.state_time);
        let status = self.value::<Status>(line, split.status);
        let load = self.load_factor(line, split.load_factor);
        let cache_size = self.value::<CacheSize>(line, split.cache_size);
        if let Some(name) = &name
            && let Some(&first_line) = self.names.get(name.folded())
        {
            let kind = ParseErrorKind::DuplicateName { name: name.to_string(), first_line };
            return self.fail(line, split.name.start, kind);
        }
        if let Some(name) = &name {
            self.names.insert(name.folded().to_owned(), line.number);
        }
        if let (Some(name), Some(ip), Some(port), Some(table_url)) = (name, ip, port, table_url)
            && let (Some(agent), Some(state_time), Some(status)) = (agent, state_time, status)
            && let (Some((load_factor, kept_out)), Some(cache_size)) = (load, cache_size)
        {
            let status = if kept_out { Status::Off } else { status };
            self.member_lines.push(line.number);
            self.members.push(Member {
                name,
                ip,
                port,
                table_url,
                agent,
                state_time,
                status,
                load_factor,
                cache_size,
            });
        }
    }

    fn value<T: std::str::FromStr<Err = ValueError>>(
        &mut self,
        line: Line<'_>,
        field: Field<'_>,
    ) -> Option<T> {
        field
            .text
            .parse()
            .map_err(|error| self.fail(line, field.start, ParseErrorKind::Value(error)))
            .ok()
    }

    fn wrong(
        &mut self,
        line: Line<'_>,
        field: Field<'_>,
        what: &'static str,
        expected: &'static str,
    ) {
        self.fail(
            line,
            field.start,
            ParseErrorKind::Value(ValueError::new(what, expected, field.text)),
        );
    }

    fn table_url(&mut self, line: Line<'_>, field: Field<'_>) -> Option<Opaque> {
        let url = self.value::<Opaque>(line, field)?;
        if !url.fits_table_url() {
            self.wrong(line, field, "table URL", TABLE_URL_EXPECTED);
            return None;
        }
        Some(url)
    }

    fn ip(&mut self, line: Line<'_>, field: Field<'_>) -> Option<IpAddr> {
        let bare = field
            .text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(field.text);
        let ip = bare.parse().ok();
        if ip.is_none() {
            self.wrong(line, field, "ip", "an IPv4 or IPv6 address");
        }
        ip
    }

    fn port(&mut self, line: Line<'_>, field: Field<'_>) -> Option<NonZeroU16> {
        let port = decimal(field.text);
        if port.is_none() {
            self.wrong(line, field, "port", "1 to 65535");
        }
        port
    }

    fn state_time(&mut self, line: Line<'_>, field: Field<'_>) -> Option<u32> {
        let seconds = decimal(field.text);
        if seconds.is_none() {
            self.wrong(line, field, "statetime", "0 to 4294967295 (seconds)");
        }
        seconds
    }

    /// The load factor, and whether it was 0: such a member is kept out of routing.
    fn load_factor(&mut self, line: Line<'_>, field: Field<'_>) -> Option<(LoadFactor, bool)> {
        if decimal::<u32>(field.text) == Some(0) {
            let column = line.column(field.start);
            self.warn(
                line.number,
                column,
                "load factor 0 is read as: off, load factor 1".to_owned(),
            );
            return Some((LoadFactor::ONE, true));
        }
        self.value(line, field).map(|load| (load, false))
    }

    fn finish(mut self, last_line: usize) -> Result<Parsed, ParseErrors> {
        for name in ["ArrayEnabled", "ConfigID", "ArrayName", "ListTTL"] {
            if !self.seen.contains_key(&name.to_ascii_lowercase()) {
                self.errors.push(ParseError {
                    line: last_line,
                    column: 1,
                    kind: ParseErrorKind::MissingHeader(name),
                });
            }
        }
        if self.array_enabled == Some(true) && self.members.is_empty() && self.errors.is_empty() {
            self.errors.push(ParseError {
                line: last_line,
                column: 1,
                kind: ParseErrorKind::NoMembers,
            });
        }
        let list_ttl = self.list_ttl();
        match (self.array_enabled, self.config_id, self.array_name, list_ttl) {
            (Some(array_enabled), Some(config_id), Some(array_name), Some(list_ttl))
                if self.errors.is_empty() =>
            {
                let header = Header {
                    array_enabled,
                    config_id,
                    array_name,
                    list_ttl,
                    hash: self.hash.unwrap_or(HashName::Carp10),
                    hash_key: self.hash_key.unwrap_or(HashKey::Url),
                    hash_seed: self.hash_seed.unwrap_or_default(),
                    others: self.others,
                };
                match Table::new(header, self.members) {
                    Ok(table) => Ok(Parsed {
                        table,
                        member_lines: self.member_lines,
                        header_lines: self.seen,
                        findings: self.findings,
                    }),
                    Err(error) => Err(ParseErrors::new(vec![ParseError {
                        line: last_line,
                        column: 1,
                        kind: error.into(),
                    }])),
                }
            }
            _ => Err(ParseErrors::new(self.errors)),
        }
    }

    /// Minutes, unless a member line shows Microsoft's hand.
    fn list_ttl(&mut self) -> Option<ListTtl> {
        let (number, line, column) = self.list_ttl?;
        let in_seconds = counts_in_seconds(&self.members);
        let ttl =
            if in_seconds { ListTtl::from_seconds(number) } else { ListTtl::try_from(number) };
        match &ttl {
            Err(error) => {
                let kind = ParseErrorKind::Value(error.clone());
                self.errors.push(ParseError { line, column, kind });
            }
            Ok(ttl) if in_seconds => {
                let minutes = ttl.minutes();
                self.warn(
                    line,
                    column,
                    format!(
                        "ListTTL of a Microsoft table is seconds: {number} is read as {minutes} {}",
                        if minutes == 1 { "minute" } else { "minutes" }
                    ),
                );
            }
            Ok(_) if number == 0 => {
                self.warn(line, column, "ListTTL 0 is read as 1 minute".to_owned());
            }
            Ok(_) => {}
        }
        ttl.ok()
    }
}

/// The fields of a member line: four from the left, four from the right, the agent is what is left between.
struct Split<'a> {
    name: Field<'a>,
    ip: Option<Field<'a>>,
    port: Field<'a>,
    table_url: Field<'a>,
    agent: Field<'a>,
    state_time: Field<'a>,
    status: Field<'a>,
    load_factor: Field<'a>,
    cache_size: Field<'a>,
}

impl<'a> Split<'a> {
    /// `None` when there are too few fields.
    ///
    /// The ip may be absent (draft-03: a proxy need not publish it): then there are 8 fields, or a
    /// number stands in its place and none in the port's.
    fn of(line: Line<'a>, fields: &[Field<'a>]) -> Option<Self> {
        let number = |field: Field<'_>| decimal::<u32>(field.text).is_some();
        let address = |field: Field<'_>| field.text.parse::<IpAddr>().is_ok();
        let (left, ip) = match *fields {
            [name, port, table_url, ..] if fields.len() == 8 && !address(port) => {
                ([name, port, table_url], None)
            }
            [name, port, table_url, ..] if number(port) && !number(table_url) => {
                ([name, port, table_url], None)
            }
            [name, ip, port, table_url, ..] => ([name, port, table_url], Some(ip)),
            _ => return None,
        };
        let [name, port, table_url] = left;
        let taken = 3 + usize::from(ip.is_some());
        let (middle, right) = fields.get(taken..)?.split_last_chunk::<4>()?;
        let (first, last) = (middle.first()?, middle.last()?);
        let agent = Field {
            start: first.start,
            text: line.text.get(first.start..last.start + last.text.len())?,
        };
        let [state_time, status, load_factor, cache_size] = *right;
        Some(Self { name, ip, port, table_url, agent, state_time, status, load_factor, cache_size })
    }
}
