//! A change never hurts: no request fails and no connection closes because the table changed.

use std::time::Duration;

use crate::support::array::Array;
use crate::support::load::{Plan, run};
use crate::support::origin::Origin;

/// Edits that follow one another for as long as the load lasts.
const EDITS: [(&str, &str, &str); 8] = [
    ("PATCH", "members/m2", r#"{"load_factor": 300}"#),
    ("PATCH", "members/m3", r#"{"status": "off"}"#),
    ("DELETE", "members/m4", ""),
    ("PATCH", "members/m3", r#"{"status": "on"}"#),
    ("PATCH", "members/m2", r#"{"load_factor": 100}"#),
    ("PATCH", "table", r#"{"hash_key": "host"}"#),
    ("POST", "members", "m4"),
    ("PATCH", "table", r#"{"hash_key": "url"}"#),
];

#[tokio::test(flavor = "multi_thread")]
async fn table_changes_under_load_fail_no_request_and_close_no_connection() {
    let origin = Origin::start().await;
    let array = Array::start(4, origin.address).await;
    let m4 = format!(r#"{{"name": "m4", "port": {}, "ip": "127.0.0.1"}}"#, array.members[3].port());
    let plan = Plan { rate: 400, length: Duration::from_secs(5), connections: 20 };
    let mut pace = tokio::time::interval(Duration::from_millis(100));
    let changes = async {
        for (method, path, body) in EDITS.iter().cycle() {
            pace.tick().await;
            let body = if *body == "m4" { m4.as_str() } else { body };
            let reply = array.api(method, path, body).await;
            assert!(matches!(reply.status, 200 | 201), "{method} {path}: {}", reply.body);
        }
    };
    let outcome = tokio::select! {
        outcome = run(&array.members, plan) => outcome,
        () = changes => panic!("edits ended before the load"),
    };
    assert_eq!((outcome.failed, outcome.closed), (0, 0), "{outcome:?}");
    assert!(outcome.answered >= 1_900, "{outcome:?}");
}
