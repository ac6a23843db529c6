//! `/metrics`: what the documentation tells of it, and what is counted.

use std::collections::BTreeSet;

use crate::support::array::Array;
use crate::support::client::{Client, exchange, get, page};
use crate::support::origin::{Origin, echo_server};

/// The value of a sample.
fn value(page: &str, sample: &str) -> f64 {
    let found = page.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("no {sample} in {page}")).parse().unwrap()
}

/// Names and types of a page, with the names of labels: as they stand in the documentation.
fn rows(page: &str) -> BTreeSet<String> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    types
        .map(|(name, kind)| {
            let full = match kind {
                "counter" => format!("{name}_total"),
                "info" => format!("{name}_info"),
                _ => name.to_owned(),
            };
            let suffix = if kind == "histogram" { "_bucket" } else { "" };
            let labelled = format!("{full}{suffix}{{");
            let sample = page.lines().find_map(|line| line.strip_prefix(labelled.as_str()));
            let label = sample.map(|rest| format!("`{}`", rest.split('=').next().unwrap()));
            format!("| `{full}` | {kind} | {} |", label.unwrap_or_default())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_metric_is_documented_with_its_type_and_label() {
    let (origin, folder) = (Origin::start().await, tempfile::tempdir().unwrap());
    let users = folder.path().join("users");
    std::fs::write(&users, "").unwrap();
    let array = Array::start_with(1, origin.address, |settings| {
        settings.cache.folder = Some(folder.path().join("cache"));
        settings.access_log.path = Some(folder.path().join("log"));
        settings.auth.htpasswd = Some(users.clone());
    })
    .await;
    let reply = page(array.members[0], "/metrics").await;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)));
    assert!(reply.body.ends_with("# EOF\n"));
    let manual = std::fs::read_to_string("docs/operations.md").unwrap();
    let documented: BTreeSet<String> = manual
        .lines()
        .filter(|line| line.starts_with("| `parray_") || line.starts_with("| `process_"))
        .map(|line| line.split('|').take(4).collect::<Vec<_>>().join("|") + "|")
        .map(|row| row.replace("|  |", "| |"))
        .collect();
    let told: BTreeSet<String> =
        rows(&reply.body).into_iter().map(|row| row.replace("|  |", "| |")).collect();
    assert_eq!(told, documented);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_tunnels_and_failures_are_counted_where_they_are_looked_for() {
    let origin = Origin::start().await;
    let (echo, _serving) = echo_server().await;
    let array = Array::start(1, origin.address).await;
    let member = array.members[0];
    get(member, "http://a.test/a").await;
    get(member, "http://127.0.0.1:1/closed").await;
    exchange(member, "GET http://a.test/ HTTP/1.1\nHost: a\n\n").await;
    let target = echo.to_string();
    let mut client = Client::connect(member).await;
    client.send(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    let open = page(member, "/metrics").await.body;
    for (sample, expected) in [
        ("parray_requests_total", 3.0),
        ("parray_failures_total{error=\"connection_refused\"}", 1.0),
        ("parray_failures_total{error=\"dns_error\"}", 0.0),
        ("parray_unreadable_requests_total", 1.0),
        ("parray_upstream_requests_total{to=\"origin\"}", 3.0),
        ("parray_tunnels_opened_total", 1.0),
        ("parray_tunnels", 1.0),
        ("parray_table_members", 1.0),
        ("parray_siblings_down", 0.0),
    ] {
        assert!((value(&open, sample) - expected).abs() < 0.1, "{sample}: {open}");
    }
    // The tunnel, and who asks for this: who has just been accepted counts when the next one is waited for.
    while value(&page(member, "/metrics").await.body, "parray_connections") < 1.5 {
        tokio::task::yield_now().await;
    }
    assert!(value(&open, "process_open_fds") < value(&open, "process_max_fds"));
    drop(client);
    while value(&page(member, "/metrics").await.body, "parray_tunnels") > 0.5 {
        tokio::task::yield_now().await;
    }
}
