//! `parray pac diff`: what changes, for how many.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

fn pac(body: &str) -> String {
    format!("function FindProxyForURL(url, host) {{ {body} }}\n")
}

/// Compares two PACs with these bodies.
fn diff(old: &str, new: &str, more: &[&str]) -> (Option<i32>, Vec<Value>, String) {
    let folder = TempDir::new().unwrap();
    let place = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (old, new) = (place("old.pac", &pac(old)), place("new.pac", &pac(new)));
    let log = place(
        "log",
        "{\"url\":\"http://a.test/1\",\"method\":\"GET\",\"bytes\":10}\n{\"url\":\"http://a.test/\",\"method\":\"GET\",\"bytes\":20}\n{\"url\":\"http://a.test/\",\"method\":\"GET\",\"bytes\":20}\n{\"url\":\"http://b.test/\",\"method\":\"GET\",\"bytes\":50}\n",
    );
    let more: Vec<&str> =
        more.iter().map(|it| if *it == "LOG" { log.as_str() } else { it }).collect();
    let output = run(&[&["pac", "diff", &old, &new, "--json"][..], &more].concat());
    let lines = stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code(), lines, stderr(&output))
}

#[test]
fn shares_of_a_log_are_counted_and_the_shortest_url_shows_each_change() {
    let (code, lines, _) = diff(
        "return 'PROXY p:1';",
        "return host == 'a.test' ? 'DIRECT' : 'proxy p:1;';",
        &["--urls", "LOG"],
    );
    assert_eq!(code, Some(1));
    let expected = json!({
        "old": "PROXY p:1", "new": "DIRECT", "example": "http://a.test/",
        "counts": { "urls": 2, "hosts": 1, "requests": 3, "bytes": 50 },
    });
    assert_eq!(lines[0], expected);
    assert_eq!(lines[1]["all"], json!({ "urls": 3, "hosts": 2, "requests": 4, "bytes": 100 }));
}

#[test]
fn what_clients_read_alike_is_no_change() {
    let (code, lines, _) = diff("return 'PROXY p';", "return 'proxy p:80;';", &[]);
    assert_eq!((code, lines.len()), (Some(0), 1));
    let of_client =
        |client| diff("return 'PROXY p:1';", "return 'HTTP p:1';", &["--profile", client]).0;
    assert_eq!((of_client("firefox"), of_client("chrome")), (Some(0), Some(1)));
}

#[test]
fn urls_are_made_of_what_stands_in_either_file() {
    let (code, lines, _) = diff(
        "return 'PROXY p:1';",
        "return /^http:\\/\\/x\\.test\\/deep\\//.test(url) || shExpMatch(host, '*.only.test') ? 'DIRECT' : 'PROXY p:1';",
        &[],
    );
    assert_eq!(code, Some(1));
    assert_eq!(lines[0]["counts"]["hosts"], 2, "{lines:?}");
}

#[test]
fn a_failure_for_a_url_is_an_answer_and_a_script_that_does_not_load_is_none() {
    let (code, lines, _) =
        diff("return 'DIRECT';", "return host == 'a.test' ? x : 'DIRECT';", &["--urls", "LOG"]);
    assert_eq!(code, Some(1));
    assert!(lines[0]["new"].as_str().unwrap().starts_with("failure:"), "{lines:?}");
    let (code, ..) = diff("throw new Error('no');", "var line;\nthrow new Error('no');", &[]);
    assert_eq!(code, Some(0), "the place of a failure is no part of what clients see");
    let (code, _, error) = diff("return 'DIRECT';", "return (;", &["--urls", "LOG"]);
    assert_eq!(code, Some(65));
    assert!(error.contains("new.pac gives no answers"), "{error}");
}
