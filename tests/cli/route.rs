//! `parray route`.

use serde_json::Value;

use crate::support::{run, stderr, stdout};

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/tables/campus.pat");

#[test]
fn json_is_one_object_a_url_with_the_ranking_best_first() {
    let output = run(&[
        "route",
        "--table",
        TABLE,
        "--json",
        "http://WWW.example.com:80/a?b#c",
        "secure.example.net:443",
    ]);
    let lines: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["route_key"], "http://www.example.com/a?b");
    assert_eq!(lines[1]["route_key"], "secure.example.net:443");
    for line in &lines {
        let scores: Vec<f64> = line["ranking"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["score"].as_f64().unwrap())
            .collect();
        assert!(scores.len() == 3 && scores.windows(2).all(|pair| pair[0] >= pair[1]), "{line}");
        let owner = &line["ranking"][0];
        assert_eq!(
            owner["authority"].as_str().unwrap(),
            format!("{}:3128", owner["name"].as_str().unwrap())
        );
        assert_eq!(line["hash"].as_str().unwrap().len(), 16);
    }
    assert!(
        stdout(&output).starts_with(r#"{"url":"http://WWW.example.com:80/a?b#c","route_key":"#)
    );
}

#[test]
fn a_member_that_is_down_leaves_the_ranking_and_no_other_moves() {
    let names = |extra: &[&str]| {
        let mut arguments = vec!["route", "--table", TABLE, "--json", "http://a/"];
        arguments.extend(extra);
        let line: Value = serde_json::from_str(&stdout(&run(&arguments))).unwrap();
        let rows = line["ranking"].as_array().unwrap().clone();
        rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = names(&[]);
    assert_eq!(names(&["--down", &all[0]]), all[1..]);
    let unknown = run(&["route", "--table", TABLE, "--down", "nobody", "http://a/"]);
    assert_eq!(unknown.status.code(), Some(64));
    assert!(stderr(&unknown).contains("member nobody is not in the table"), "{}", stderr(&unknown));
}
