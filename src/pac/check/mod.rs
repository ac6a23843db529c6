//! What is wrong or unwise in a PAC, found without asking it anything.
//!
//! [`check`] reads a text and walks its tree, once for each subject. How clients behave is told in
//! `docs/pac.md`.

#![expect(clippy::wildcard_enum_match_arm, reason = "a syntax tree has hundreds of kinds of nodes")]

mod calls;
mod conditions;
mod dns;
mod flow;
mod names;
mod results;
mod rule;
mod sarif;
mod syntax;
mod text;

use oxc::span::Span;
use serde::{Deserialize, Serialize};

use super::eval::{EvalError, Profile};
use super::script::{Lines, Place, with_script};

pub use rule::{Rule, RuleError, Severity};
pub use sarif::sarif;
pub use text::{Encoding, read};

/// One remark about a PAC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked for.
    pub rule: Rule,
    /// How much it matters.
    pub severity: Severity,
    /// Where it is.
    pub place: Place,
    /// What it is: lower case, no full stop.
    pub message: String,
    /// What to write instead; may be empty.
    pub help: String,
    /// What may be done about it without changing what clients do.
    pub fix: Option<Fix>,
}

/// A change of the text that is safe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Bytes that go, of the text as [`read`] gives it.
    pub start: u32,
    /// The end of these.
    pub end: u32,
    /// What comes in their place.
    pub text: String,
}

/// What a PAC was as bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its text.
    pub text: String,
    /// Its size.
    pub bytes: usize,
    /// What the text is written in.
    pub encoding: Encoding,
}

/// Collects findings.
struct Report {
    lines: Lines,
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, rule: Rule, at: Span, message: impl Into<String>, help: impl Into<String>) {
        self.findings.push(Finding {
            rule,
            severity: rule.severity(),
            place: self.lines.place(at),
            message: brief(message.into()),
            help: brief(help.into()),
            fix: None,
        });
    }

    /// Gives the last finding a fix.
    fn fix_last(&mut self, fix: Fix) {
        if let Some(last) = self.findings.last_mut() {
            last.fix = Some(fix);
        }
    }
}

/// A text that can hold a part of a script, cut off where nobody would read on.
fn brief(text: String) -> String {
    const MOST: usize = 300;
    if text.chars().nth(MOST).is_none() {
        return text;
    }
    text.chars().take(MOST).chain(['.'; 3]).collect()
}

/// What is wrong or unwise in a PAC, in the order of the text. `loads` loads it in an interpreter.
///
/// Recurses as deeply as the script is nested.
pub fn check(source: &Source, loads: impl FnOnce(&str) -> Result<(), EvalError>) -> Vec<Finding> {
    let mut report = Report { lines: Lines::new(&source.text), findings: Vec::new() };
    text::check(source, &mut report);
    let loaded = loads(&source.text);
    let parsed = with_script(&source.text, |script| {
        calls::check(script, &mut report);
        conditions::check(script, &mut report);
        dns::check(script, &mut report);
        flow::check(script, &mut report);
        names::check(script, &mut report);
        results::check(script, &mut report);
        syntax::check(script, &mut report);
        text::alphabet(script, &mut report);
    });
    match (parsed, loaded) {
        (Err(error), Err(EvalError::Load(_))) => {
            let help = text::no_script(&source.text).map(ToOwned::to_owned).or(error.help);
            let message = format!("does not parse: {}", error.message);
            report.add(Rule::Syntax, error.span, message, help.unwrap_or_default());
        }
        (Err(error), loaded) => {
            let message = format!("is not analysed: {}", error.message);
            report.add(Rule::NotAnalysed, error.span, message, error.help.unwrap_or_default());
            if let Err(error) = loaded {
                report_load(&error, source, &mut report);
            }
        }
        (Ok(()), Err(error)) => report_load(&error, source, &mut report),
        (Ok(()), Ok(())) => {}
    }
    let is_script = |finding: &Finding| {
        use Rule::{DoesNotLoad, NoEntryPoint, NotAnalysed, Syntax};
        !matches!(finding.rule, Syntax | NotAnalysed | DoesNotLoad | NoEntryPoint)
    };
    if !report.findings.iter().all(is_script) {
        // What is no script, or not understood, is not changed.
        report.findings.iter_mut().for_each(|finding| finding.fix = None);
    }
    report.findings.sort_by_key(|finding| (finding.place, finding.rule));
    report.findings.dedup();
    report.findings
}

fn report_load(error: &EvalError, source: &Source, report: &mut Report) {
    match error {
        EvalError::NoEntryPoint => report.add(
            Rule::NoEntryPoint,
            Span::new(0, 0),
            "defines no function FindProxyForURL",
            "write function FindProxyForURL(url, host) { ... }",
        ),
        other => {
            let message = other.to_string();
            let at = place_in(&message)
                .and_then(|(line, column)| report.lines.at(&source.text, line, column));
            let help = "no name resolves here, and the client's address is 127.0.0.1";
            report.add(Rule::DoesNotLoad, at.unwrap_or_default(), message, help);
        }
    }
}

/// The line and column that an interpreter's message ends with: `(pac:4:28)`.
fn place_in(message: &str) -> Option<(usize, usize)> {
    let (_, place) = message.rsplit_once("(pac:")?;
    let (line, column) = place.split_once(')')?.0.split_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

/// The file with all that is safe done to it, and how many changes that were.
pub fn fix(source: &Source, findings: &[Finding]) -> (Vec<u8>, usize) {
    let mut fixes: Vec<&Fix> = findings.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    fixes.sort_by_key(|fix| (fix.start, fix.end));
    fixes.dedup();
    let (mut fixed, mut at, mut done) = (String::with_capacity(source.text.len()), 0, 0);
    for fix in fixes {
        let bounds = (usize::try_from(fix.start), usize::try_from(fix.end));
        let (Ok(start), Ok(end)) = bounds else { continue };
        // One that reaches into the one before has to wait for the next run.
        let Some(between) = source.text.get(at..start) else { continue };
        fixed.push_str(between);
        fixed.push_str(&fix.text);
        (at, done) = (end, done + 1);
    }
    fixed.push_str(source.text.get(at..).unwrap_or_default());
    (source.encoding.encode(&fixed), done)
}

/// All profiles, for rules that compare them.
const PROFILES: [Profile; 3] = Profile::ALL;
