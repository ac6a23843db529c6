//! The HTTP cache tests of cache-tests.fyi through a member, held against `expectations.toml`.
//!
//! README.md beside this file tells how to run and to read them.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic is the report"
)]

#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../cli/support.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use tempfile::TempDir;

use support::{Running, parray, run, stderr};

/// Of 150 tests of what a cache must do, so many pass at least.
const REQUIRED: usize = 145;

/// Of 98 tests of what makes a cache useful, so many pass at least.
const OPTIMAL: usize = 85;

/// Where this file is.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance");

/// What a test of the suite is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// What a cache must do.
    Required,
    /// What an optimal cache does.
    Optimal,
    /// A question: neither answer is wrong.
    Check,
}

/// How a test ended, as `cache-tests.mjs` says it.
#[derive(Debug, Deserialize)]
struct Found {
    kind: Kind,
    name: String,
    result: String,
    #[serde(default)]
    detail: String,
}

/// A test that does not pass, and why.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    kind: Kind,
    outcome: String,
    reason: String,
}

#[test]
fn a_member_passes_the_cache_tests_but_those_with_a_reason() {
    let folder = TempDir::new().unwrap();
    let (_member, address) = start_member(folder.path());
    let found = run_suite(&address);
    let expected: BTreeMap<String, Expected> =
        toml::from_str(include_str!("expectations.toml")).unwrap();

    let ids: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let mut complaints: Vec<String> = ids
        .into_iter()
        .filter_map(|id| Some(format!("{id}: {}", complaint(found.get(id), expected.get(id))?)))
        .collect();
    for (kind, least) in [(Kind::Required, REQUIRED), (Kind::Optimal, OPTIMAL)] {
        let passed = found.values().filter(|one| one.kind == kind && one.result == "pass").count();
        if passed < least {
            complaints.push(format!("{passed} tests of kind {kind:?} pass, not {least}"));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// What is wrong with how a test ended, if anything is.
fn complaint(found: Option<&Found>, expected: Option<&Expected>) -> Option<String> {
    match (found, expected) {
        (None, _) => Some("is expected, but the suite has no such test".to_owned()),
        (Some(found), None) if found.result == "pass" => None,
        (Some(found), Some(_)) if found.result == "pass" => {
            Some("passes, but is still in expectations.toml".to_owned())
        }
        (Some(found), None) => Some(format!("{} ({})", ending(found), found.name)),
        (Some(found), Some(expected)) => {
            if found.result != expected.outcome {
                Some(format!("{}; expected: {}", ending(found), expected.outcome))
            } else if found.kind != expected.kind {
                Some(format!("is {:?}; expected: {:?}", found.kind, expected.kind))
            } else if expected.reason.is_empty() {
                Some(format!("{}, as expected, but for what reason?", ending(found)))
            } else {
                None
            }
        }
    }
}

fn ending(found: &Found) -> String {
    format!("{}: {}", found.result, found.detail)
}

/// The only member of its array, which connects to loopback; and where it listens.
fn start_member(folder: &Path) -> (Running, String) {
    let table = folder.join("parray.pat").display().to_string();
    for arguments in [
        &["pat", "init", "--file", &table, "--array-name", "conformance"][..],
        &["pat", "add", "--file", &table, "m1:3128", "--ip", "127.0.0.1"],
    ] {
        let output = run(arguments);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let config = folder.join("m1.toml");
    let settings = format!(
        "name = \"m1\"\nlisten = \"127.0.0.1:0\"\ntable = {table:?}\n\
         [destinations]\nallow = [\"127.0.0.0/8\"]\n"
    );
    std::fs::write(&config, settings).unwrap();
    let (member, line) =
        Running::start(parray().args(["member", "--log", "warn", "--config"]).arg(&config));
    let address = line.trim_start_matches("member m1 listens on ").to_owned();
    (member, address)
}

/// Runs all tests through a proxy: how each of them ended.
fn run_suite(proxy: &str) -> BTreeMap<String, Found> {
    let output = Command::new("node")
        .arg(Path::new(FOLDER).join("cache-tests.mjs"))
        .arg(format!("http://{proxy}"))
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let said = stderr(&output);
        let lines: Vec<&str> = said.lines().collect();
        let last = lines[lines.len().saturating_sub(10)..].join("\n");
        panic!("{error} in what cache-tests.mjs printed, {}\n{last}", output.status)
    })
}
