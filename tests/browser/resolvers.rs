//! What Chromium and Firefox themselves make of the PACs of `tests/data/pacs` is what `parray pac eval` says.
//!
//! The browsers run in a network of their own, whose names and addresses are those that `eval` is told.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

/// What a browser tries for a URL; `None` for a failure of the script.
type Answers = HashMap<String, Option<Vec<String>>>;

/// The most that Chromium reads of a PAC.
const LARGEST: u64 = 1 << 20;

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
            let is_pac = path.extension().is_some_and(|end| end == "pac");
            if is_pac && path.metadata().unwrap().len() <= LARGEST {
                all.push(path.display().to_string());
            }
        }
    }
    all.sort();
    all
}

fn theirs(browser: &str, pacs: &[String]) -> Vec<Answers> {
    let script = |name: &str| root().join("tests/browser/resolvers").join(name);
    let output = Command::new("unshare")
        .args(["--net", "--mount", "sh"])
        .arg(script("network.sh"))
        .arg(data("hosts"))
        .arg("node")
        .arg(script(&format!("{browser}.mjs")))
        .arg(data("urls.txt"))
        .args(pacs)
        .output()
        .unwrap();
    assert!(output.status.success(), "{browser}: {}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// What `eval` says of all of these URLs now.
fn ours(profile: &str, pac: &str, urls: &[&String]) -> Vec<Option<Vec<String>>> {
    let hosts = data("hosts");
    let mut arguments = vec!["pac", "eval", pac, "--json", "--profile", profile];
    arguments.extend(["--dns-file", &hosts, "--my-ip", "10.1.5.20,2001:db8::5:20"]);
    arguments.extend(["--timeout", "60s"]);
    arguments.extend(urls.iter().map(|url| url.as_str()));
    let output = run(&arguments);
    let read = |line: &str| {
        let told: Value = serde_json::from_str(line).unwrap();
        let route = |route: &Value| route.as_str().unwrap().to_owned();
        let routes = || told["routes"].as_array().unwrap().iter().map(route).collect();
        told["error"].is_null().then(routes)
    };
    let answers: Vec<_> = stdout(&output).lines().map(read).collect();
    assert_eq!(answers.len(), urls.len(), "{pac}: {}", stderr(&output));
    answers
}

/// Compares all PACs but the exceptions, which have to differ; at least this many answers are equal.
fn compare(
    browser: &str,
    profile: &str,
    exceptions: &[(&str, &str)],
    read: impl Fn(Option<Vec<String>>) -> Option<Vec<String>>,
    least: usize,
) {
    let large = TempDir::new().unwrap();
    let pacs = pacs(&large);
    let all = theirs(browser, &pacs);
    let mut equal = 0;
    for (pac, theirs) in pacs.iter().zip(all) {
        let mut urls: Vec<&String> = theirs.keys().collect();
        urls.sort();
        let name = Path::new(pac).file_stem().unwrap().to_str().unwrap();
        let exception = exceptions.iter().find(|(excepted, _)| *excepted == name);
        let mut different = Vec::new();
        for (url, ours) in urls.iter().zip(ours(profile, pac, &urls)) {
            let (ours, theirs) = (read(ours), read(theirs[*url].clone()));
            if ours == theirs {
                equal += 1;
            } else {
                different.push(format!("{url}: {browser} tries {theirs:?}, eval says {ours:?}"));
            }
        }
        match exception {
            None => assert!(different.is_empty(), "{pac}:\n{}", different.join("\n")),
            Some((_, why)) => {
                assert!(!different.is_empty(), "{pac} is no exception any more: {why}");
            }
        }
    }
    assert!(equal >= least, "{equal} answers compared");
}

#[test]
fn chromium_tries_what_eval_says() {
    // It writes SOCKS for SOCKS4.
    let written = |route: String| match route.strip_prefix("SOCKS ") {
        Some(authority) => format!("SOCKS4 {authority}"),
        None => route,
    };
    let read = |routes: Option<Vec<String>>| {
        routes.map(|routes| routes.into_iter().map(written).collect())
    };
    compare("chromium", "chrome", &[], read, 17_000);
}

#[test]
fn firefox_tries_what_eval_says() {
    let exceptions = [("time-helpers-table", "its timeRange throws an Error, not a text")];
    // When a script fails, it goes direct.
    let read = |routes: Option<Vec<String>>| routes.or_else(|| Some(vec!["DIRECT".to_owned()]));
    compare("firefox", "firefox", &exceptions, read, 17_000);
}
