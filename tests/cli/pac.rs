//! `parray pac`.

use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/tables/campus.pat");

#[test]
fn what_is_generated_evaluates_to_the_ranking_and_nothing_else_is_printed() {
    let folder = TempDir::new().unwrap();
    let pac = folder.path().join("proxy.pac").display().to_string();
    let output = run(&[
        "pac",
        "generate",
        "--table",
        TABLE,
        "--failover",
        "2",
        "--default-route",
        "none",
        "--scheme",
        "HTTPS",
        "--address",
        "ip",
        "-o",
        &pac,
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&run(&["pac", "eval", &pac, "http://www.example.com/"]));
    let parts: Vec<&str> = said.trim_end().split("; ").collect();
    assert!(
        said.ends_with('\n')
            && parts.len() == 2
            && parts.iter().all(|part| part.starts_with("HTTPS 10.0.0.")),
        "{said}"
    );
}

#[test]
fn the_host_argument_can_be_given() {
    let folder = TempDir::new().unwrap();
    let pac = folder.path().join("host.pac");
    std::fs::write(&pac, "function FindProxyForURL(url, host) { return host; }").unwrap();
    let pac = pac.display().to_string();
    assert_eq!(stdout(&run(&["pac", "eval", &pac, "https://A.example:8443/x"])), "a.example\n");
    assert_eq!(stdout(&run(&["pac", "eval", &pac, "http://a/", "--host", "other"])), "other\n");
}

#[test]
fn custom_logic_that_is_no_javascript_is_refused() {
    let folder = TempDir::new().unwrap();
    let logic = folder.path().join("logic.js");
    std::fs::write(&logic, "if (host == 'x' return 'DIRECT';").unwrap();
    let output =
        run(&["pac", "generate", "--table", TABLE, "--custom-logic", &logic.display().to_string()]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("custom logic"), "{}", stderr(&output));
}

#[test]
fn the_commands_of_the_guide_work() {
    let guide =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pac.md")).unwrap();
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        let parts = guide.split(&fence).skip(1);
        parts.map(|part| part.split("```").next().unwrap().to_owned()).collect()
    };
    let folder = TempDir::new().unwrap();
    std::fs::copy(TABLE, folder.path().join("campus.pat")).unwrap();
    std::fs::write(folder.path().join("logic.js"), &blocks("js")[0]).unwrap();
    std::fs::write(folder.path().join("cases.toml"), &blocks("toml")[0]).unwrap();
    let log = "{\"url\":\"http://www.example.com/\",\"method\":\"GET\",\"bytes\":10}\n";
    std::fs::write(folder.path().join("access.log"), log).unwrap();
    let mut ran = 0;
    for line in blocks("sh").iter().flat_map(|block| block.lines()) {
        // A running master is the matter of other tests.
        if !line.starts_with("parray pa") || line.contains("127.0.0.1:8080") {
            continue;
        }
        let output = std::process::Command::new("sh")
            .args(["-c", &line.replacen("parray", env!("CARGO_BIN_EXE_parray"), 1)])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        ran += 1;
    }
    assert!(ran >= 28, "{ran} commands");
}
