//! `parray pac check`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use parray::files::replace;
use parray::pac::check::{Finding, Rule, Severity, Source, fix, read as read_source, sarif};
use serde_json::json;

use super::caged;
use crate::args::CheckArgs;
use crate::commands::FOUND;
use crate::error::{CommandError, Kind};
use crate::output::{self, plain};
use crate::remote::read;

/// Findings of one rule in one file that people are shown.
const MOST_OF_A_RULE: usize = 10;

pub(super) fn run(args: &CheckArgs) -> Result<ExitCode, CommandError> {
    if args.rules {
        return list(args.json);
    }
    let (mut all, mut failed) = (Vec::new(), None);
    for path in &args.files {
        let (source, mut findings) = match look(path, args) {
            Ok(looked) => looked,
            // The other files are looked at as well.
            Err(error) => {
                let code = error.report();
                failed.get_or_insert(code);
                continue;
            }
        };
        findings.retain(|finding| !args.allow.contains(&finding.rule));
        let name = path.display().to_string();
        if args.json {
            for finding in &findings {
                output::json(&with_file(&name, finding))?;
            }
        } else if !args.sarif {
            output::styled(text(&name, &source, &findings))?;
        }
        all.push((name, findings));
    }
    if args.sarif {
        output::json(&sarif(all.iter().map(|(name, found)| (name.as_str(), found.as_slice()))))?;
    }
    if let Some(code) = failed {
        return Ok(code);
    }
    let worst = all.iter().flat_map(|(_, found)| found).map(|finding| finding.severity).max();
    Ok(match worst {
        Some(Severity::Error) => ExitCode::from(65),
        Some(Severity::Warning) => ExitCode::from(FOUND),
        Some(Severity::Note) | None => ExitCode::SUCCESS,
    })
}

/// What is found in a file; with --fix, after what is safe has been done.
fn look(path: &Path, args: &CheckArgs) -> Result<(Source, Vec<Finding>), CommandError> {
    let source = read_source(&read(path)?);
    let check = |source: &Source| caged::check(source.clone(), &args.limits);
    let findings = check(&source)?;
    if !args.fix {
        return Ok((source, findings));
    }
    let allowed = |finding: &&Finding| !args.allow.contains(&finding.rule);
    let wanted: Vec<Finding> = findings.iter().filter(allowed).cloned().collect();
    let (bytes, done) = fix(&source, &wanted);
    if done == 0 {
        return Ok((source, findings));
    }
    let fixed = read_source(&bytes);
    let after = check(&fixed)?;
    let breaks = |finding: &Finding| {
        matches!(finding.rule, Rule::Syntax | Rule::DoesNotLoad | Rule::NoEntryPoint)
    };
    if after.iter().any(breaks) {
        let message = format!(
            "{}: the fixed text does not load, nothing is changed",
            plain(&path.display().to_string())
        );
        return Err(CommandError::new(Kind::Data, message));
    }
    // What a link points to is changed, and not the link.
    let target = path.canonicalize()?;
    replace(&target, &bytes)
        .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", path.display())))?;
    if !args.json && !args.sarif {
        output::line(format!("{}: {done} fixed", plain(&path.display().to_string())))?;
    }
    Ok((fixed, after))
}

fn list(as_json: bool) -> Result<ExitCode, CommandError> {
    if as_json {
        for rule in Rule::ALL {
            output::json(&json!({ "rule": rule, "severity": rule.severity(), "why": rule.why() }))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = output::table(["rule", "severity", "why"]);
    for rule in Rule::ALL {
        table.add_row([rule.name().to_owned(), rule.severity().to_string(), rule.why().to_owned()]);
    }
    output::show(&table)?;
    Ok(ExitCode::SUCCESS)
}

fn with_file(name: &str, finding: &Finding) -> serde_json::Value {
    let Finding { rule, severity, place, message, help, fix } = finding;
    json!({
        "file": name, "line": place.line, "column": place.column,
        "end_line": place.end_line, "end_column": place.end_column,
        "severity": severity, "rule": rule, "message": message, "why": rule.why(), "help": help,
        "fixable": fix.is_some(),
    })
}

/// Findings for people, and how many there are.
fn text(name: &str, source: &Source, findings: &[Finding]) -> String {
    let name = &plain(name);
    let text = source.text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out = String::new();
    for rule in Rule::ALL {
        let count = findings.iter().filter(|found| found.rule == *rule).count();
        if let Some(rest) = count.checked_sub(MOST_OF_A_RULE).filter(|rest| *rest > 0) {
            writeln!(
                out,
                "{name}: {rule}: the first {MOST_OF_A_RULE} are shown, and {rest} more are not"
            )
            .ok();
        }
    }
    let mut shown = std::collections::HashMap::new();
    for finding in findings {
        let count = shown.entry(finding.rule).or_insert(0_usize);
        *count += 1;
        if *count <= MOST_OF_A_RULE {
            let line = lines.get(finding.place.line.saturating_sub(1)).copied().unwrap_or_default();
            show(&mut out, name, line, finding, *count == 1);
        }
    }
    let count = |severity| findings.iter().filter(|found| found.severity == severity).count();
    let fixable = findings.iter().filter(|found| found.fix.is_some()).count();
    let (errors, warnings, notes) =
        (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    write!(out, "{name}: {errors} errors, {warnings} warnings, {notes} notes").ok();
    if fixable > 0 {
        write!(out, "; --fix changes {fixable}").ok();
    }
    out.push('\n');
    out
}

fn show(out: &mut String, name: &str, line: &str, finding: &Finding, is_first: bool) {
    let Finding { rule, severity, place, message, help, .. } = finding;
    let color = match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Note => AnsiColor::Cyan,
    };
    let bold = Style::new().bold();
    let loud = color.on_default().bold();
    let quiet = Style::new().dimmed();
    writeln!(
        out,
        "{bold}{name}:{}:{}{bold:#}: {loud}{severity}{loud:#}: {} [{rule}]",
        place.line,
        place.column,
        plain(message)
    )
    .ok();
    let (excerpt, before) = excerpt(line, place.column);
    if !excerpt.trim().is_empty() {
        let end = if place.end_line == place.line { place.end_column } else { usize::MAX };
        let width = end
            .saturating_sub(place.column)
            .clamp(1, excerpt.chars().count().saturating_sub(before).max(1));
        writeln!(out, "  {}", plain(&excerpt).replace('\t', " ")).ok();
        writeln!(out, "  {}{loud}{}{loud:#}", " ".repeat(before), "^".repeat(width)).ok();
    }
    if is_first {
        writeln!(out, "  {quiet}why:{quiet:#} {}", rule.why()).ok();
    }
    if !help.is_empty() {
        writeln!(out, "  {quiet}help:{quiet:#} {}", plain(help)).ok();
    }
}

/// At most 100 characters of a line around a column, and how many stand before it.
fn excerpt(line: &str, column: usize) -> (String, usize) {
    const WIDTH: usize = 100;
    let line = line.trim_end();
    let indent = line.chars().take_while(|c| c.is_whitespace()).count();
    let at = column.saturating_sub(1);
    let start = indent.min(at).max(at.saturating_sub(WIDTH / 2));
    (line.chars().skip(start).take(WIDTH).collect(), at - start)
}
