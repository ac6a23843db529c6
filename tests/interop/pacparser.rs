//! pacparser, the PAC library of many programs, answers like `pac eval` where it can.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{run, stderr, stdout};

/// PACs on which it differs, and why.
const DIFFERENT: [(&str, &str); 17] = [
    ("classic-resolvable", "it asks the DNS of this machine"),
    ("classic-subnet", "it asks the DNS of this machine"),
    ("company-dns-levels", "its dnsDomainLevels differs for names with a dot at the end"),
    ("dns-", "it asks the DNS of this machine"),
    ("helpers-corner-cases", "it has helpers of its own"),
    ("modern-typed-arrays", "it has an older engine, whose numbers of 64 bits are signed here"),
    ("myip-by-site", "it asks the DNS of this machine"),
    ("not-a-string-for-some", "it makes a text of what is none"),
    ("odd-result-grammar", "it cuts an answer at a zero byte"),
    ("regexp-lookaround", "its engine keeps groups that did not take part"),
    ("school-", "it has no clock but that of this machine"),
    ("subnet-integer-masks", "it has no convert_addr"),
    ("subnet-isinnet-list", "it takes masks that are none"),
    ("switch-true", "it takes an IPv6 address for a plain host name"),
    ("time-", "it has no clock but that of this machine"),
    ("try-catch-finally", "it takes an IPv6 address for a plain host name"),
    ("undefined-for-some", "it makes a text of what is none"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn pacparser_answers_alike() {
    let data = root().join("tests/data/pacs");
    let text = std::fs::read_to_string(data.join("urls.txt")).unwrap();
    // Of an IPv6 address it says that it is a plain host name.
    let urls: Vec<&str> = text.lines().filter(|url| !url.contains("://[")).collect();
    let folder = tempfile::TempDir::new().unwrap();
    let calls = folder.path().join("calls");
    let mut compared = 0;
    for entry in std::fs::read_dir(&data).unwrap() {
        let pac = entry.unwrap().path();
        let name = pac.file_name().unwrap().to_str().unwrap().to_owned();
        let is_pac = pac.extension().is_some_and(|end| end == "pac");
        if !is_pac || DIFFERENT.iter().any(|(start, _)| name.starts_with(start)) {
            continue;
        }
        let pac = pac.display().to_string();
        let mut arguments = vec!["pac", "eval", &pac, "--json", "--my-ip", "10.1.5.20"];
        arguments.extend(&urls);
        let output = run(&arguments);
        let ours: Vec<Value> =
            stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let passed: Vec<String> = ours.iter().map(|it| it["passed"].to_string()).collect();
        std::fs::write(&calls, passed.join("\n")).unwrap();
        let output = Command::new(root().join("target/pacparser/bin/python"))
            .arg(data.join("in_pacparser.py"))
            .arg(&pac)
            .arg(&calls)
            .arg("10.1.5.20")
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        // What a script prints goes before it.
        let said = stdout(&output);
        let theirs: Vec<Value> = serde_json::from_str(said.lines().last().unwrap()).unwrap();
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours["answer"], theirs, "{name}: {}", ours["url"]);
        }
        compared += 1;
    }
    assert!(compared > 70, "{compared} compared");
}
