//! `parray pac check`: reports, exit codes, fixes.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

fn pac(text: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("some.pac");
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

const GOOD: &str = "function FindProxyForURL(url, host) { return \"DIRECT\"; }\n";

#[test]
fn a_report_names_place_rule_reason_and_remedy_once() {
    let (_folder, file) = pac(
        "function FindProxyForURL(url, host) {\n  if (host == \"A\" || host == \"B\") return \"PROXY p:1\";\n  return \"DIRECT\";\n}\n",
    );
    let output = run(&["pac", "check", &file]);
    let expected = format!(
        "{file}:2:15: error: \"A\" has capital letters, and host has none [host-case]\n  if (host == \"A\" || host == \"B\") return \"PROXY p:1\";\n              ^^^\n  why: Clients pass hosts in lower case.\n  help: write \"a\"\n{file}:2:30: error: \"B\" has capital letters, and host has none [host-case]\n  if (host == \"A\" || host == \"B\") return \"PROXY p:1\";\n                             ^^^\n  help: write \"b\"\n{file}: 2 errors, 0 warnings, 0 notes\n"
    );
    assert_eq!(stdout(&output), expected);
    assert_eq!(output.status.code(), Some(65));
}

#[test]
fn exit_codes_tell_the_worst_finding() {
    let code = |text: &str, more: &[&str]| {
        let (_folder, file) = pac(text);
        run(&[&["pac", "check", &file], more].concat()).status.code()
    };
    assert_eq!(code(GOOD, &[]), Some(0));
    assert_eq!(code(&GOOD.replace("DIRECT", "PROXY a"), &[]), Some(0));
    assert_eq!(code(&GOOD.replace("DIRECT", "HTTP a:1"), &[]), Some(1));
    assert_eq!(code(&GOOD.replace("DIRECT", "HTTP a:1"), &["--allow", "client-result"]), Some(0));
    assert_eq!(code(&GOOD.replace("DIRECT", "a:1"), &[]), Some(65));
    assert_eq!(code("function (", &[]), Some(65));
    assert_eq!(code(GOOD, &["--allow", "no-such-rule"]), Some(64));
    assert_eq!(run(&["pac", "check", "/nonexistent.pac"]).status.code(), Some(74));
}

#[test]
fn an_interpreter_has_the_last_word_on_what_loads() {
    let rule = |text: &str| {
        let (_folder, file) = pac(text);
        let line = stdout(&run(&["pac", "check", "--json", &file]));
        let finding: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
        finding["rule"].as_str().unwrap().to_owned()
    };
    assert_eq!(rule("function ("), "syntax");
    assert_eq!(rule("var a = b.c;"), "does-not-load");
    assert_eq!(rule("var a;"), "no-entry-point");
    assert_eq!(rule("while (true) ;"), "does-not-load");
    let folded = "var FindProxyForURL; this['Find' + 'ProxyForURL'] = function () { return 'DIRECT'; }; alert(1);";
    assert_eq!(rule(folded), "alert");
}

#[test]
fn what_would_overflow_a_stack_ends_as_an_error() {
    for text in ["(".repeat(1 << 20), format!("var a = {};", vec!["1"; 1 << 17].join("||"))] {
        let (_folder, file) = pac(&text);
        let output = run(&["pac", "check", &file, "--timeout", "20s"]);
        assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    }
}

#[test]
fn fixing_changes_the_file_and_tells_what_is_left() {
    let (folder, file) = pac(
        "var a = '\u{e9}';\nfunction FindProxyForURL(url, host) {\n  if (host == \"A\") return \"DIRECT\";\n}\n",
    );
    let broken = folder.path().join("broken.pac").display().to_string();
    std::fs::write(&broken, "function ( // \u{e9}").unwrap();
    let link = folder.path().join("link.pac").display().to_string();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let output = run(&["pac", "check", "--fix", "/nonexistent.pac", &broken, &link]);
    let said = stdout(&output);
    assert!(said.contains(&format!("{link}: 2 fixed\n")) && said.contains("host-case"), "{said}");
    assert_eq!(output.status.code(), Some(74), "of the file that cannot be read");
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&broken).unwrap(), "function ( // \u{e9}");
    let fixed = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        fixed,
        "var a = '\\u00e9';\nfunction FindProxyForURL(url, host) {\n  if (host == \"A\") return \"DIRECT\";\n  return \"DIRECT\";\n}\n"
    );
}

#[test]
fn a_sarif_log_has_every_rule_and_finding() {
    let (_folder, file) = pac(&GOOD.replace("DIRECT", "a:1"));
    let output = run(&["pac", "check", "--sarif", &file]);
    let log: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let run = &log["runs"][0];
    assert_eq!(
        (&log["version"], &run["columnKind"]),
        (&"2.1.0".into(), &"unicodeCodePoints".into())
    );
    let result = &run["results"][0];
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    assert_eq!((&result["ruleId"], &result["level"]), (&"bad-result".into(), &"error".into()));
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&1.into(), &46.into()));
}

#[test]
fn the_rules_are_listed() {
    let listed = stdout(&run(&["pac", "check", "--rules"]));
    assert!(listed.contains("undotted-domain") && listed.lines().count() > 35, "{listed}");
}
