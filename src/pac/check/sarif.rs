//! Findings for tools that show them beside the code: SARIF 2.1.0.

use std::fmt::Write as _;

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

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    match path.split('/').next() {
        Some("") => uri.push_str("file://"),
        Some(first) if first.contains(':') => uri.push_str("./"),
        _ => {}
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            write!(uri, "%{byte:02X}").ok();
        }
    }
    uri
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
            "artifactLocation": { "uri": uri(file) },
            "region": {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            },
        } }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_reference() {
        for (path, expected) in [
            ("a/b.pac", "a/b.pac"),
            ("/a b#.pac", "file:///a%20b%23.pac"),
            ("a:b.pac", "./a%3Ab.pac"),
            ("\u{e9}%.pac", "%C3%A9%25.pac"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
