//! `parray pat` on files; on masters it is tested with whole arrays.

use tempfile::TempDir;

use crate::support::{run, stderr, stdout};

fn file(folder: &TempDir) -> String {
    folder.path().join("t.pat").display().to_string()
}

#[test]
fn a_table_is_made_edited_and_compared() {
    let folder = TempDir::new().unwrap();
    let table = file(&folder);
    assert!(stdout(&run(&["pat", "init", "--file", &table])).contains("written, 0 members"));
    let steps: [(&[&str], &str); 7] = [
        (
            &["add", "p1.example:3128", "--ip", "10.0.0.1"],
            "+ p1.example\ntable is now ConfigID 2\n",
        ),
        (
            &["add", "[2001:db8::1]:3128", "--load-factor", "7", "--off"],
            "+ 2001:db8::1\ntable is now ConfigID 3\n",
        ),
        (&["set", "P1.EXAMPLE", "--load-factor", "50", "--ip", "none"], "ConfigID 4\n"),
        (&["set", "--list-ttl", "5", "--hash-key", "host"], "ConfigID 5\n"),
        (&["on", "2001:db8::1"], "ConfigID 6\n"),
        (&["on", "2001:db8::1"], "nothing to change, table is still ConfigID 6\n"),
        (&["remove", "2001:db8::1"], "- 2001:db8::1\ntable is now ConfigID 7\n"),
    ];
    for (arguments, expected) in steps {
        let old = folder.path().join("old.pat").display().to_string();
        std::fs::copy(&table, &old).unwrap();
        let mut command = vec!["pat", arguments[0], "--file", &table];
        command.extend(&arguments[1..]);
        let output = run(&command);
        assert!(
            stdout(&output).ends_with(expected),
            "{arguments:?}: {}{}",
            stdout(&output),
            stderr(&output)
        );
        let differs = run(&["pat", "diff", &old, &table]);
        assert_eq!(differs.status.code(), Some(i32::from(!expected.starts_with("nothing"))));
    }
    assert!(stdout(&run(&["pat", "show", "--file", &table])).contains("p1.example"));
    assert_eq!(run(&["pat", "check", &table]).status.code(), Some(0));
}

#[test]
fn all_errors_of_a_file_are_told_with_place_and_exit_code() {
    let folder = TempDir::new().unwrap();
    let table = file(&folder);
    let text = "Proxy Array Information/1.0\nArrayEnabled: 2\nConfigID: 1\nArrayName: a\nListTTL: 10\n\np1 10.0.0.1 0 u a 0 UP -3 1\n";
    std::fs::write(&table, text).unwrap();
    let checked = run(&["pat", "check", &table]);
    assert_eq!(checked.status.code(), Some(65));
    let expected = [
        "t.pat:2:15: error: ArrayEnabled must be 0 or 1, found \"2\"",
        "t.pat:7:13: error: port must be 1 to 65535, found \"0\"",
        "t.pat:7:24: error: load factor must be 1 to 16777215, found \"-3\"",
    ];
    let said = stdout(&checked);
    assert!(
        said.lines().zip(expected).all(|(line, end)| line.ends_with(end))
            && said.lines().count() == 3,
        "{said}"
    );
    let edited = run(&["pat", "off", "--file", &table, "p1"]);
    assert_eq!(edited.status.code(), Some(65));
    assert!(stderr(&edited).contains("t.pat:7:24: load factor must be"), "{}", stderr(&edited));
    assert_eq!(std::fs::read_to_string(&table).unwrap(), text);
}

#[test]
fn an_edit_is_all_or_nothing_and_minds_the_config_id() {
    let folder = TempDir::new().unwrap();
    let table = file(&folder);
    run(&["pat", "init", "--file", &table]);
    run(&["pat", "add", "--file", &table, "p1:3128"]);
    let before = std::fs::read_to_string(&table).unwrap();
    let output = run(&["pat", "off", "--file", &table, "p1", "nobody"]);
    assert_eq!(output.status.code(), Some(65));
    let output = run(&["pat", "off", "--file", &table, "--if-config-id", "1", "p1"]);
    assert_eq!(output.status.code(), Some(75));
    assert!(stderr(&output).contains("ConfigID must be 1, found 2"), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&table).unwrap(), before);
    assert_eq!(run(&["pat", "init", "--file", &table]).status.code(), Some(74));
}

#[test]
fn wrong_words_say_what_was_expected() {
    for (arguments, word) in [
        (vec!["pat", "add", "--file", "x", "p1"], "member must be NAME:PORT"),
        (vec!["pat", "add", "--file", "x", "p1:0"], "port must be 1 to 65535"),
        (
            vec!["pat", "set", "--file", "x", "p1", "--load-factor", "0"],
            "load factor must be 1 to 16777215",
        ),
        (vec!["pat", "set", "--file", "x", "--load-factor", "5"], "NAME"),
        (vec!["pat", "show"], "--file"),
        (vec!["pat", "show", "--master", "ftp://x"], "URL must be http://host:port"),
        (vec!["member"], "--name"),
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(word), "{arguments:?}: {}", stderr(&output));
    }
    let output = run(&["pat", "fetch", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(69));
}

#[test]
fn members_come_from_csv_and_go_to_it() {
    let folder = TempDir::new().unwrap();
    let (table, csv) = (file(&folder), folder.path().join("m.csv").display().to_string());
    std::fs::write(&csv, "name,port,load_factor\np1,3128,7\np2,3129,9\n").unwrap();
    let output = run(&["pat", "init", "--file", &table, "--csv", &csv]);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&run(&["pat", "show", "--file", &table, "--format", "csv"]));
    assert!(shown.contains("p2,,3129,http://p2:3129/pat,parray,0,on,9,0"), "{shown}");
}
