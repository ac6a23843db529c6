//! What is legal in a table and still unwise.

use std::collections::HashMap;
use std::fmt;

use crate::error::ParseErrors;
use crate::header::HashName;
use crate::member::Status;
use crate::parse::{Parsed, parse};
use crate::table::Table;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Legal, and probably not what was meant.
    Warning,
    /// The table cannot be used.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One remark about a table's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// How much it matters.
    pub severity: Severity,
    /// What it is: lower case, no full stop.
    pub message: String,
}

/// What [`check`] found: the table if there is one, and the findings by line and column.
#[derive(Debug, Clone)]
pub struct Report {
    /// The table, unless a finding is an error.
    pub table: Option<Table>,
    /// Errors and warnings in the order of the text.
    pub findings: Vec<Finding>,
}

/// Reads a text and remarks on it.
pub fn check(text: &[u8]) -> Report {
    match parse(text) {
        Ok(parsed) => {
            let mut findings = advise(&parsed);
            findings.extend(parsed.findings);
            findings.sort_by_key(|finding| (finding.line, finding.column));
            Report { table: Some(parsed.table), findings }
        }
        Err(errors) => Report { table: None, findings: errors_as_findings(&errors) },
    }
}

fn errors_as_findings(errors: &ParseErrors) -> Vec<Finding> {
    let finding = |error: &crate::ParseError| Finding {
        line: error.line,
        column: error.column,
        severity: Severity::Error,
        message: error.kind.to_string(),
    };
    let mut findings: Vec<Finding> = errors.iter().map(finding).collect();
    if errors.left_out() > 0
        && let Some(last) = findings.last().cloned()
    {
        findings.push(Finding {
            message: format!("{} more errors are not listed", errors.left_out()),
            ..last
        });
    }
    findings
}

fn advise(parsed: &Parsed) -> Vec<Finding> {
    let mut advice = Advice { parsed, findings: Vec::new() };
    advice.nobody_routes();
    advice.same_address_twice();
    advice.tiny_shares();
    advice.hash_traps();
    advice.long_ttl();
    advice.findings
}

struct Advice<'a> {
    parsed: &'a Parsed,
    findings: Vec<Finding>,
}

impl Advice<'_> {
    fn say(&mut self, line: usize, message: String) {
        self.findings.push(Finding { line, column: 1, severity: Severity::Warning, message });
    }

    /// Line of a header line, by its name in lower case; 1 where it is not there.
    fn header_line(&self, name: &str) -> usize {
        self.parsed.header_lines.get(name).copied().unwrap_or(1)
    }

    fn nobody_routes(&mut self) {
        let table = &self.parsed.table;
        let line = self.header_line("arrayenabled");
        let on = table.members().iter().filter(|member| member.status == Status::On).count();
        if !table.header().array_enabled && !table.members().is_empty() {
            self.say(
                line,
                "ArrayEnabled is 0: no member routes, each serves everything itself".to_owned(),
            );
        } else if table.header().array_enabled && on == 0 {
            self.say(
                line,
                "all members are off: each that is asked serves everything itself".to_owned(),
            );
        }
    }

    fn same_address_twice(&mut self) {
        let mut seen = HashMap::new();
        let mut twice = Vec::new();
        for (member, &line) in self.parsed.table.members().iter().zip(&self.parsed.member_lines) {
            if let Some(ip) = member.ip
                && let Some(first) = seen.insert((ip, member.port), line)
            {
                twice.push((
                    line,
                    format!("address {ip} port {} stands in line {first} already", member.port),
                ));
            }
        }
        for (line, message) in twice {
            self.say(line, message);
        }
    }

    /// Squid takes a share below 0.1 % for none at all; with others such a member is hardly worth its line.
    fn tiny_shares(&mut self) {
        let members = self.parsed.table.members();
        let total: u64 = members.iter().map(|member| u64::from(member.load_factor.value())).sum();
        let mut tiny = Vec::new();
        for (member, &line) in members.iter().zip(&self.parsed.member_lines) {
            if u64::from(member.load_factor.value()) * 1000 < total {
                tiny.push((line, format!("{} gets less than 0.1 % of the load", member.name)));
            }
        }
        for (line, message) in tiny {
            self.say(line, message);
        }
    }

    fn hash_traps(&mut self) {
        let hash = self.parsed.table.header().hash;
        let line = self.header_line("hash");
        let count = self.parsed.table.members().len();
        match hash {
            HashName::Carp10 if count >= 3 => self.say(line,
                format!("hash carp-1.0 spreads unevenly over {count} members (busiest up to twice its share); hrw-sip13 is even"),
            ),
            HashName::Squid32 => self.say(line,
                "hash squid-3.2 depends on the order of the lines: removing or moving one moves most URLs".to_owned(),
            ),
            HashName::Carp10 | HashName::Carp11 | HashName::HrwSip13 => {}
        }
    }

    fn long_ttl(&mut self) {
        let ttl = self.parsed.table.header().list_ttl;
        let line = self.header_line("listttl");
        if ttl.minutes() > 24 * 60 {
            self.say(line, format!("ListTTL is {} minutes: members that cannot wait for changes see them days late", ttl.minutes()));
        }
    }
}
