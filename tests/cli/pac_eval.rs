//! `parray pac eval`: what is passed, what is taken, and that no script gets out of its cage.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

/// A PAC file with this text, in a folder of its own.
fn pac(text: impl AsRef<[u8]>) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("some.pac");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

/// A PAC whose function has this body.
fn body(body: &str) -> (TempDir, String) {
    pac(format!("function FindProxyForURL(url, host) {{\n{body}\n}}\n"))
}

#[test]
fn json_tells_all_that_is_known_of_a_call() {
    let (_folder, file) = body(
        "alert('at ' + host); dnsResolve('b.test'); dnsResolve('b.test');\nreturn 'HTTP a:1; PROXY b';",
    );
    let url = "https://u:p@A.test/path?q#f";
    let output = run(&["pac", "eval", &file, url, "--json", "--dns", "b.test=192.0.2.1"]);
    let told: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let expected = serde_json::json!({
        "url": url,
        "profile": "chrome",
        "passed": { "url": "https://a.test/", "host": "a.test" },
        "answer": "HTTP a:1; PROXY b",
        "error": null,
        "routes": ["PROXY b:80"],
        "dropped": [{ "element": "HTTP a:1", "why": "chrome knows no type \"HTTP\"" }],
        "alerts": ["at a.test"],
        "lookups": ["b.test"],
    });
    assert_eq!(told, expected);
}

#[test]
fn what_is_no_answer_stands_on_standard_error() {
    let (_folder, file) = body("alert('hello'); return 'HTTP a:1';");
    let output = run(&["pac", "eval", &file, "http://a.test/", "--alerts"]);
    assert_eq!(stdout(&output), "HTTP a:1\n");
    let said = stderr(&output);
    assert!(
        said.contains("alert: hello") && said.contains("chrome makes nothing of \"HTTP a:1\""),
        "{said}"
    );
}

#[test]
fn a_url_that_fails_does_not_keep_the_others_from_being_asked() {
    let (_folder, file) = body("if (host == 'bad') throw new Error('no'); return 'DIRECT';");
    let output = run(&["pac", "eval", &file, "http://a/", "http://bad/", "http://b/"]);
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("DIRECT\nDIRECT\n", Some(65)));
    assert!(
        stderr(&output).contains("FindProxyForURL(\"http://bad/\") failed"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn names_come_from_a_file_of_hosts() {
    let (folder, file) = body("return dnsResolve(host);");
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "# comment\n192.0.2.1 a.test A.alias # more\n2001:db8::1 b.test\n")
        .unwrap();
    let hosts = hosts.display().to_string();
    let output = run(&["pac", "eval", &file, "http://a.alias/", "--dns-file", &hosts]);
    assert_eq!(stdout(&output), "192.0.2.1\n");
    std::fs::write(&hosts, "192.0.2.1 a.test\nb.test 192.0.2.2\n").unwrap();
    let output = run(&["pac", "eval", &file, "http://a.test/", "--dns-file", &hosts]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("hosts:2: address must come first"), "{}", stderr(&output));
}

#[test]
fn wrong_flags_say_what_was_expected() {
    let (_folder, file) = body("return 'DIRECT';");
    for (flags, expected) in [
        (["--profile", "netscape"], "chrome, firefox or wininet"),
        (["--engine", "v8"], "quickjs or boa"),
        (["--dns", "a.test"], "NAME=IP"),
        (["--now", "noon"], "2026-11-22T09:30"),
        (["--tz", "Mars/Base"], "Europe/Berlin"),
        (["--my-ip", "localhost"], "IP"),
    ] {
        let output = run(&["pac", "eval", &file, "http://a/", flags[0], flags[1]]);
        assert_eq!(output.status.code(), Some(64), "{flags:?}");
        assert!(stderr(&output).contains(expected), "{flags:?}: {}", stderr(&output));
    }
    let output = run(&["pac", "eval", &file, "www.example.com"]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("URL must be absolute"), "{}", stderr(&output));
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_script() {
    let script = b"\xef\xbb\xbffunction FindProxyForURL(u, h) { return '\xc3\xa9' == '\\u00e9'; }";
    for (text, flags, found) in [
        (&script[..], ["--profile", "chrome"], "true"),
        (&script[3..], ["--profile", "chrome"], "false"),
        (&script[3..], ["--profile", "firefox"], "true"),
    ] {
        let (_folder, file) = pac(text);
        let output = run(&["pac", "eval", &file, "http://a/", flags[0], flags[1]]);
        assert!(stderr(&output).contains(&format!("found {found}")), "{}", stderr(&output));
    }
}

#[test]
fn no_script_gets_out_of_its_cage() {
    let deep = |open: &str, close: &str| {
        format!("return {}'DIRECT'{};", open.repeat(10_000), close.repeat(10_000))
    };
    let cases = [
        ("endless loop", "while (true) {}".to_owned()),
        ("loops in loops", "for (;;) for (var i = 0; i < 1e9; i++) {}".to_owned()),
        (
            "recursion",
            "function f(n) { return n < 2 ? 1 : f(n - 1) + f(n - 2); } f(90);".to_owned(),
        ),
        ("deep recursion", "function f() { return f() + 1; } return f();".to_owned()),
        ("backtracking", format!("/^(a+)+$/.test('{}b');", "a".repeat(60))),
        ("long string", "for (var s = 'x'; ; s += s) {}".to_owned()),
        ("repeat", "return 'x'.repeat(4e9);".to_owned()),
        ("join", "var a = []; a.length = 4e9; return a.join('x');".to_owned()),
        ("array", "for (var a = [];;) a.push(new Array(1e5).join('x') + a.length);".to_owned()),
        ("parentheses", deep("(", ")")),
        ("terms", format!("return {}'DIRECT';", "host == 'x' || ".repeat(16_000))),
    ];
    for (what, script) in &cases {
        let (_folder, file) = body(script);
        for engine in ["quickjs", "boa"] {
            let output =
                run(&["pac", "eval", &file, "http://a/", "--engine", engine, "--timeout", "1s"]);
            let said = stderr(&output);
            let answered = output.status.success() && stdout(&output) == "DIRECT\n";
            let told = output.status.code() == Some(65)
                && [
                    "took longer than 1s",
                    "ran a loop",
                    "more than 256 MB of memory",
                    "went too deep",
                    "failed: ",
                ]
                .iter()
                .any(|why| said.contains(why));
            let fits = if *what == "terms" {
                answered
            } else {
                told || (*what == "parentheses" && answered)
            };
            assert!(fits, "{what} in {engine}: {said}");
        }
    }
}

#[test]
fn errors_name_the_line() {
    for engine in ["quickjs", "boa"] {
        let (_folder, file) =
            pac("function FindProxyForURL(url, host) {\n  if (host == 'x' {\n  }\n}");
        let output = run(&["pac", "eval", &file, "http://a/", "--engine", engine]);
        let said = stderr(&output);
        assert!(said.contains("does not load") && said.contains('2'), "{engine}: {said}");
        let (_folder, file) = body("\nundefined.x;");
        let said = stderr(&run(&["pac", "eval", &file, "http://a/", "--engine", engine]));
        assert!(said.contains(":3:"), "{engine}: {said}");
    }
}

#[test]
fn an_answer_that_nobody_can_use_is_an_error() {
    for (script, expected) in [
        ("return 'a;'.repeat(2e6);", "must return at most 64 KB, found 4000000 bytes"),
        ("return 'PROXY \\u00fc:1';", "must return ASCII in Chrome"),
    ] {
        let (_folder, file) = body(script);
        let output = run(&["pac", "eval", &file, "http://a/"]);
        assert_eq!(output.status.code(), Some(65));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn every_url_is_told_of_even_if_the_script_was_stopped() {
    let (_folder, file) =
        body("if (host == 'b') /^(a+)+$/.test(new Array(60).join('a') + 'b'); return 'DIRECT';");
    let urls = ["http://a/", "http://b/", "http://c/"];
    let flags = ["--engine", "boa", "--timeout", "1s", "--json"];
    let output =
        run(&["pac", "eval", &file].into_iter().chain(urls).chain(flags).collect::<Vec<_>>());
    let told = stdout(&output);
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let named: Vec<&str> = told.iter().map(|told| told["url"].as_str().unwrap()).collect();
    assert_eq!(named, urls);
    assert_eq!(told[0]["answer"], "DIRECT");
    assert!(told[1]["error"].as_str().unwrap().contains("took longer than 1s"));
    assert!(told[2]["error"].as_str().unwrap().contains("was not called"));
}

#[test]
fn a_script_may_use_any_name_that_no_browser_uses() {
    let (_folder, file) = pac(
        "function getDay() { return 'mine'; }\nconst getMonth = 1;\nfunction FindProxyForURL(url, host) {\n\
         return String(weekdayRange('SUN', 'SAT')) + typeof parrayBetween; }",
    );
    for engine in ["quickjs", "boa"] {
        let output = run(&["pac", "eval", &file, "http://a/", "--engine", engine]);
        assert_eq!(stdout(&output), "trueundefined\n", "{}", stderr(&output));
    }
}
