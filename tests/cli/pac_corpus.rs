//! The PACs of `tests/data/pacs` answer alike in QuickJS, Boa and node, and instrumented as they are.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

const NOW: &str = "2026-11-18T14:30:00Z";
const MILLISECONDS: &str = "1795012200000";
const MY_IP: &str = "10.1.5.20";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn data(name: &str) -> String {
    root().join("tests/data/pacs").join(name).display().to_string()
}

/// The PACs of the folder, and the large ones, which are made.
fn pacs(large: &TempDir) -> Vec<String> {
    let made = Command::new("python3").arg(data("generate.py")).arg(large.path()).output().unwrap();
    assert!(made.status.success(), "{}", stderr(&made));
    let mut all = Vec::new();
    for folder in [&root().join("tests/data/pacs"), large.path()] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "pac") {
                all.push(path.display().to_string());
            }
        }
    }
    all.sort();
    assert!(all.len() > 95, "{} files", all.len());
    all
}

/// What each URL is answered; null for a failure of the script.
fn ours(pac: &str, engine: &str) -> Vec<Value> {
    let urls = std::fs::read_to_string(data("urls.txt")).unwrap();
    let mut arguments =
        vec!["pac", "eval", pac, "--json", "--engine", engine, "--now", NOW, "--tz", "UTC"];
    let hosts = data("hosts");
    arguments.extend(["--dns-file", &hosts, "--my-ip", MY_IP, "--timeout", "60s"]);
    arguments.extend(urls.lines());
    let output = run(&arguments);
    let answer = |line: &str| serde_json::from_str::<Value>(line).unwrap()["answer"].clone();
    let answers: Vec<Value> = stdout(&output).lines().map(answer).collect();
    assert_eq!(answers.len(), 200, "{pac}: {}", stderr(&output));
    answers
}

fn node(pac: &str) -> Vec<Value> {
    let template = |name: &str| root().join("pac-templates").join(name).display().to_string();
    let helpers = ["helpers.js", "helpers_ex.js"].map(template).join(",");
    let output = Command::new("node")
        .args(["--jitless", "--optimize_for_size"])
        .args([data("in_node.js"), pac.to_owned(), data("urls.txt"), data("hosts"), helpers])
        .args([template("clock.js"), MILLISECONDS.to_owned(), MY_IP.to_owned()])
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(output.status.success(), "{pac}: {}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn compare(one: &[Value], other: &[Value], what: &str) {
    let urls = std::fs::read_to_string(data("urls.txt")).unwrap();
    for ((url, one), other) in urls.lines().zip(one).zip(other) {
        assert_eq!(one, other, "{what}: {url}");
    }
}

#[test]
fn quickjs_boa_and_node_answer_alike() {
    let large = TempDir::new().unwrap();
    for pac in pacs(&large) {
        let quickjs = ours(&pac, "quickjs");
        compare(&quickjs, &node(&pac), &format!("{pac} in node"));
        compare(&quickjs, &ours(&pac, "boa"), &format!("{pac} in Boa"));
    }
}

#[test]
fn an_instrumented_pac_answers_as_it_did() {
    let large = TempDir::new().unwrap();
    for pac in pacs(&large) {
        let cases = large.path().join("cases.toml").display().to_string();
        let (urls, hosts) = (data("urls.txt"), data("hosts"));
        let world = [
            "--dns-file",
            &hosts,
            "--my-ip",
            MY_IP,
            "--now",
            NOW,
            "--tz",
            "UTC",
            "--timeout",
            "60s",
        ];
        let written =
            run(&[&["pac", "test", "--init", &cases, &pac, "--urls", &urls][..], &world].concat());
        assert!(written.status.success(), "{pac}: {}", stderr(&written));
        let covered =
            run(&["pac", "test", &cases, "--coverage", "--timeout", "60s", "--memory", "1GB"]);
        assert!(covered.status.success(), "{pac}: {} {}", stdout(&covered), stderr(&covered));
        std::fs::remove_file(&cases).unwrap();
    }
}

#[test]
fn no_check_of_them_fails() {
    let large = TempDir::new().unwrap();
    for pac in pacs(&large) {
        let output = run(&["pac", "check", &pac, "--json", "--timeout", "60s", "--memory", "1GB"]);
        assert!([Some(0), Some(1), Some(65)].contains(&output.status.code()), "{pac}");
        for line in stdout(&output).lines() {
            let finding: Value = serde_json::from_str(line).unwrap();
            let rule = finding["rule"].as_str().unwrap();
            assert!(!["syntax", "not-analysed", "does-not-load"].contains(&rule), "{pac}: {line}");
        }
    }
}
