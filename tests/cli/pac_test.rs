//! `parray pac test`: cases, reports, coverage, and cases of what is answered today.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

const PAC: &str = "function FindProxyForURL(url, host) {
  if (isPlainHostName(host) || dnsDomainIs(host, \".intra.example\")) return \"DIRECT\";
  if (shExpMatch(host, \"*.video.example\"))
    return \"PROXY video.example:3128; DIRECT\";
  else if (host == \"never\") { return \"PROXY n:1\"; }
  var ip = dnsResolve(host);
  return ip && isInNet(ip, \"10.0.0.0\", \"255.0.0.0\") ? \"DIRECT\" : \"PROXY p:1\";
}
";

const CASES: &str = "pac = 'b.pac'
[defaults]
profile = ['chrome', 'firefox']
dns = { 'x.test' = '10.0.0.1' }
[[case]]
name = 'plain names go direct'
url = 'http://intra/'
expect = 'DIRECT'
[[case]]
url = 'http://www.video.example/'
expect = { first = 'video.example:3128' }
[[case]]
url = 'http://x.test/'
profile = 'chrome'
expect = { direct = true }
";

fn folder(cases: &str) -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("b.pac"), PAC).unwrap();
    let path = folder.path().join("cases.toml");
    std::fs::write(&path, cases).unwrap();
    let path = path.display().to_string();
    (folder, path)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn cases_are_run_as_each_client_and_the_exit_code_tells_whether_all_pass() {
    let (_folder, cases) = folder(CASES);
    let output = run(&["pac", "test", &cases]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("pass  plain names go direct (firefox)")
            && said.contains("5 passed, 0 failed"),
        "{said}"
    );
    let (_folder, cases) = folder(&CASES.replace("direct = true", "direct = false"));
    let output = run(&["pac", "test", &cases]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("FAIL  http://x.test/ (chrome)"), "{said}");
    assert!(said.contains("expected  a proxy\n        found     DIRECT"), "{said}");
}

#[test]
fn a_file_of_cases_that_is_wrong_is_told_by_its_line() {
    for (old, new, line) in [
        ("url = 'http://intra/'", "uri = 'http://intra/'", "line 7"),
        ("'10.0.0.1'", "'10.0.0'", "line 4"),
        ("expect = 'DIRECT'", "expect = 1", "line 8"),
        ("profile = 'chrome'", "profile = 'opera'", "line 14"),
    ] {
        let (_folder, cases) = folder(&CASES.replace(old, new));
        let output = run(&["pac", "test", &cases]);
        assert_eq!(output.status.code(), Some(65), "{new}");
        assert!(stderr(&output).contains(line), "{new}: {}", stderr(&output));
    }
    let (_folder, cases) = folder("[[case]]\nurl = 'http://a/'\nexpect = 'DIRECT'\n");
    let output = run(&["pac", "test", &cases]);
    assert!(stderr(&output).contains("no PAC is named"), "{}", stderr(&output));
}

#[test]
fn coverage_names_what_is_never_reached() {
    let (_folder, cases) = folder(CASES);
    let all = lines(&stdout(&run(&["pac", "test", &cases, "--coverage", "--json"])));
    let coverage = all.last().unwrap();
    assert_eq!(coverage["statements"], serde_json::json!({ "reached": 6, "all": 7 }));
    let never: Vec<String> = coverage["never"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            format!("{}:{} {} {}", it["line"], it["column"], it["what"], it["text"])
                .replace('"', "")
        })
        .collect();
    assert_eq!(
        never,
        [
            "2:32 never true dnsDomainIs(host, \\.intra.example\\)",
            "5:12 never true host == \\never\\",
            "5:31 never reached return \\PROXY n:1\\;",
            "7:10 never false ip",
            "7:16 never false isInNet(ip, \\10.0.0.0\\, \\255.0.0.0\\)",
        ]
    );
}

#[test]
fn what_stops_a_script_here_is_no_failure_of_it() {
    let (folder, cases) = folder(
        "pac = 'b.pac'\n[[case]]\nurl = 'http://a/'\nexpect = { fails = true }\n[[case]]\nurl = 'http://b/'\nexpect = { fails = true }\n",
    );
    let pac = folder.path().join("b.pac");
    let code = |text: &str| {
        std::fs::write(&pac, text).unwrap();
        run(&["pac", "test", &cases, "--timeout", "200ms"]).status.code()
    };
    assert_eq!(code("function ("), Some(0), "each case is told");
    assert_eq!(code("function FindProxyForURL() { throw 1 }"), Some(0));
    assert_eq!(code("function FindProxyForURL() { while (true) ; }"), Some(1));
    let new = folder.path().join("new.toml").display().to_string();
    let pac = pac.display().to_string();
    let init = run(&["pac", "test", "--init", &new, &pac, "--timeout", "200ms"]);
    assert_eq!(init.status.code(), Some(65));
    assert!(!Path::new(&new).exists());
    let none = folder.path().join("none").display().to_string();
    std::fs::write(&none, "# nothing\n").unwrap();
    assert_eq!(run(&["pac", "diff", &pac, &pac, "--urls", &none]).status.code(), Some(65));
}

#[test]
fn a_junit_report_has_a_case_for_each_client() {
    let (folder, cases) = folder(&CASES.replace("direct = true", "direct = false"));
    let report = folder.path().join("report.xml");
    run(&["pac", "test", &cases, "--junit", &report.display().to_string()]);
    let report = std::fs::read_to_string(report).unwrap();
    assert!(report.contains("tests=\"5\"") && report.contains("failures=\"1\""), "{report}");
    assert!(report.contains("<failure message=\"expected a proxy, found DIRECT\">"), "{report}");
}

#[test]
fn cases_of_today_pass_today() {
    let (folder, _) = folder("");
    let place = |name: &str| folder.path().join(name).display().to_string();
    let urls = "1286536309.075 180 192.0.2.1 TCP_MISS/200 411 GET http://x.test/ - HIER_DIRECT/a text/html\n1286536309.075 180 192.0.2.1 TCP_TUNNEL/200 99 CONNECT www.video.example:443 - HIER_DIRECT/a -\n";
    std::fs::write(place("access.log"), urls).unwrap();
    let pac = place("b.pac");
    let output = run(&[
        "pac",
        "test",
        "--init",
        &place("new.toml"),
        &pac,
        "--urls",
        &place("access.log"),
        "--dns",
        "x.test=10.0.0.1",
    ]);
    assert!(stdout(&output).contains("2 cases"), "{}", stderr(&output));
    assert_eq!(run(&["pac", "test", &place("new.toml")]).status.code(), Some(0));
    let again = run(&["pac", "test", "--init", &place("new.toml"), &pac]);
    assert_eq!(again.status.code(), Some(74), "what is there is not overwritten");
    // Without URLs they are made of the PAC itself.
    assert!(run(&["pac", "test", "--init", &place("own.toml"), &pac]).status.success());
    let all = lines(&stdout(&run(&["pac", "test", &place("own.toml"), "--coverage", "--json"])));
    assert!(all.len() > 15 && Path::new(&place("own.toml")).exists());
}
