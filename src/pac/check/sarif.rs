//! Findings for tools that show them beside the code: SARIF 2.1.0.

use serde_json::{Value, json};

use super::{Finding, Rule, Severity};

/// A log of one run over files, each by its path as a URI reference.
pub fn sarif<'f>(files: impl IntoIterator<Item = (&'f str, &'f [Finding])>) -> Value {
    let rules: Vec<Value> = Rule::ALL.iter().map(|rule| rule_of(*rule)).collect();
    let results: Vec<Value> = files
        .into_iter()
        .flat_map(|(file, findings)| findings.iter().map(move |finding| result(file, finding)))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "parray",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn rule_of(rule: Rule) -> Value {
    json!({
        "id": rule.name(),
        "shortDescription": { "text": rule.why() },
        "defaultConfiguration": { "level": level(rule.severity()) },
    })
}

fn result(file: &str, finding: &Finding) -> Value {
    let Finding { rule, severity, place, message, help, .. } = finding;
    let index = Rule::ALL.iter().position(|known| known == rule);
    let text = if help.is_empty() { message.clone() } else { format!("{message}; {help}") };
    json!({
        "ruleId": rule.name(),
        "ruleIndex": index,
        "level": level(*severity),
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": file },
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        } }],
    })
}
