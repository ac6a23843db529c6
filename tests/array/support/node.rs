//! Runs a PAC in node, the engine of Chromium.

use std::io::Write;
use std::process::{Command, Stdio};

/// Reads `{"pac", "urls"}` and prints the answers as a JSON array; jitless, as Chromium runs PACs.
const DRIVER: &str = "
const { pac, urls } = JSON.parse(require('fs').readFileSync(0));
const context = require('vm').createContext({});
require('vm').runInContext(pac, context);
process.stdout.write(JSON.stringify(urls.map((url) => context.FindProxyForURL(url, ''))));
";

/// What `FindProxyForURL` returns for each URL; URLs are UTF-16, as a browser's strings are.
pub(crate) fn answers(pac: &str, urls: &[Vec<u16>]) -> Vec<String> {
    let text = |url: &Vec<u16>| {
        let units = url.iter().fold(String::new(), |all, unit| all + &format!("\\u{unit:04x}"));
        format!("\"{units}\"")
    };
    let list: Vec<String> = urls.iter().map(text).collect();
    let input = format!(
        "{{\"pac\":{},\"urls\":[{}]}}",
        serde_json::to_string(pac).unwrap(),
        list.join(",")
    );
    let mut node = Command::new("node")
        .args(["--jitless", "--optimize_for_size", "-e", DRIVER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // A warning about the flags.
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    node.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "node failed");
    serde_json::from_slice(&output.stdout).unwrap()
}
