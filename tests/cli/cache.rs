//! `parray cache`: all members of a table at once.

use serde_json::Value;

use crate::client::get;
use crate::pattern::Patterns;
use crate::support::{Processes, run, stderr, stdout};

fn cache(array: &Processes, arguments: &[&str]) -> std::process::Output {
    let mut all = vec!["cache"];
    all.extend_from_slice(arguments);
    let table = array.table_file();
    all.extend(["--table", &table]);
    run(&all)
}

/// Each line of JSON: the member's name and what it answered.
fn lines(output: &std::process::Output) -> Vec<(String, Value)> {
    let text = stdout(output);
    let parsed = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    parsed
        .map(|line| (line["member"].as_str().unwrap().to_owned(), line["answer"].clone()))
        .collect()
}

/// Waits until a URL is stored.
fn until_stored(array: &Processes, url: &str) {
    while cache(array, &["get", url]).status.code() != Some(0) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_is_asked_and_told_as_one() {
    let origin = Patterns::start().await;
    let array = Processes::start(3, origin.address);
    let urls: Vec<String> = (0..9).map(|i| format!("http://a.test/1000/{i}.css")).collect();
    let owners = array.owners(&urls);
    for (url, address) in urls.iter().zip(array.addresses.iter().cycle()) {
        assert_eq!(get(*address, url).await.status, 200);
        until_stored(&array, url);
    }

    let shown = stdout(&cache(&array, &["stats"]));
    assert!(shown.contains("memory") && shown.contains("hits"), "{shown}");
    let told = lines(&cache(&array, &["stats", "--json"]));
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["m1", "m2", "m3"]);
    for (name, answer) in &told {
        assert_eq!(answer["member"], name.as_str());
        let owned = owners.iter().filter(|owner| *owner == name).count();
        assert_eq!(answer["memory"]["urls"], owned, "{answer}");
        assert!(shown.contains(name.as_str()), "{shown}");
    }

    for (url, owner) in urls.iter().zip(&owners) {
        let found = cache(&array, &["get", url, "--json"]);
        assert_eq!(found.status.code(), Some(0));
        for (name, answer) in lines(&found) {
            let rows = answer["stored"].as_array().unwrap();
            assert_eq!(rows.len(), usize::from(name == *owner), "{url}: {answer}");
            assert!(rows.iter().all(|row| row["status"] == 200 && row["bytes"] == 1000));
        }
    }
    let missing = cache(&array, &["get", "http://a.test/never"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(stdout(&missing).contains("nothing"));

    let purged = cache(&array, &["purge", &urls[0]]);
    assert_eq!(purged.status.code(), Some(0), "{}", stderr(&purged));
    assert_eq!(stdout(&purged).matches("was not there").count(), 2);
    assert_eq!(cache(&array, &["get", &urls[0]]).status.code(), Some(1));
    assert_eq!(cache(&array, &["get", &urls[1]]).status.code(), Some(0));
    for (arguments, gone) in [
        (vec!["ban", r"/1\.css$"], 1),
        (vec!["purge", "--prefix", "http://a.test/1000/2"], 2),
        (vec!["purge", "--host", "a.test"], 3),
    ] {
        assert_eq!(cache(&array, &arguments).status.code(), Some(0));
        assert_eq!(cache(&array, &["get", &urls[gone]]).status.code(), Some(1), "{arguments:?}");
    }
    get(array.addresses[0], &urls[0]).await;
    until_stored(&array, &urls[0]);
    assert_eq!(cache(&array, &["purge", "--all"]).status.code(), Some(0));
    assert_eq!(cache(&array, &["get", &urls[0]]).status.code(), Some(1));
    let refused = cache(&array, &["ban", "("]);
    assert!(!refused.status.success() && stdout(&refused).contains("no regular expression"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_is_down_shows_and_the_others_do_it_all_the_same() {
    let origin = Patterns::start().await;
    let mut array = Processes::start(3, origin.address);
    let urls: Vec<String> = (0..30).map(|i| format!("http://a.test/1000/{i}")).collect();
    let owners = array.owners(&urls);
    let of_first = owners.iter().position(|owner| owner == "m1").unwrap();
    get(array.addresses[0], &urls[of_first]).await;
    until_stored(&array, &urls[of_first]);
    array.members[2].kill();
    for arguments in [vec!["stats"], vec!["get", urls[of_first].as_str()], vec!["purge", "--all"]] {
        let output = cache(&array, &arguments);
        assert_eq!(output.status.code(), Some(69), "{arguments:?}");
        assert!(stderr(&output).contains("not every member did it"), "{}", stderr(&output));
        let shown = stdout(&output);
        assert!(["m1", "m2", "m3"].iter().all(|name| shown.contains(name)), "{shown}");
    }
    let json = stdout(&cache(&array, &["stats", "--json"]));
    let errors = json.lines().filter(|line| line.contains("\"error\":")).count();
    assert_eq!((json.lines().count(), errors), (3, 1), "{json}");
    let one = format!("http://{}", array.addresses[0]);
    let left = run(&["cache", "get", &urls[of_first], "--member", &one]);
    assert_eq!(left.status.code(), Some(1), "the others were purged");
}
