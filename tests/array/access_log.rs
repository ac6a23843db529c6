//! One line a request, whatever becomes of it.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::support::array::Array;
use crate::support::caching::{ask, settled, until_counted};
use crate::support::client::{Client, exchange, get, page};
use crate::support::origin::{Origin, echo_server};
use crate::support::pages::{Page, Pages, pattern};

/// An array whose members log as JSON, or as told, to `m1.log`, `m2.log`, … of a folder.
async fn logging(count: usize, origin: &Origin, folder: &TempDir, format: &str) -> Array {
    Array::start_with(count, origin.address, |settings| {
        let name = format!("{}.log", settings.name.as_ref().unwrap());
        settings.access_log.path = Some(folder.path().join(name));
        settings.access_log.format = Some(format.to_owned());
        settings.limits.drain = Some("500ms".parse().unwrap());
    })
    .await
}

/// The objects of a log, without the polls of others.
fn objects(folder: &TempDir, member: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.path().join(format!("{member}.log"))).unwrap();
    let objects = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let is_poll = |object: &Value| object["url"].as_str().unwrap_or_default().starts_with("/pat");
    objects.filter(|object| !is_poll(object)).collect()
}

/// `cache status next_hop_name bytes url` of an object.
fn gist(object: &Value) -> String {
    let word = |name: &str| object[name].to_string().trim_matches('"').to_owned();
    ["cache", "status", "next_hop_name", "bytes", "url"].map(word).join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_hop_of_a_request_is_logged_by_its_member() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = logging(2, &origin, &folder, "json").await;
    let url = "http://a.test/page";
    let owner = array.owner(url).await;
    let other = if owner == "m1" { "m2" } else { "m1" };
    assert_eq!(get(array.member(other), url).await.status, 200);
    array.end().await;
    let [first, second] = [objects(&folder, other), objects(&folder, &owner)];
    assert_eq!(first.iter().map(gist).collect::<Vec<_>>(), [format!("miss 200 {owner} 7 {url}")]);
    assert_eq!(second.iter().map(gist).collect::<Vec<_>>(), [format!("miss 200 a.test 7 {url}")]);
    assert_eq!(
        (&first[0]["next_hop"], &second[0]["next_hop"]),
        (&"member".into(), &"origin".into())
    );
    assert_eq!((&first[0]["member"], &first[0]["aborted"]), (&other.into(), &false.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_and_what_is_ours_is_logged_too() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = logging(1, &origin, &folder, "json").await;
    let member = array.members[0];
    page(member, "/healthz").await;
    get(member, "http://[::1]/in").await;
    get(member, "http://a.test/drop").await;
    get(member, "http://127.0.0.1:1/closed").await;
    exchange(member, "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\n\r\n").await;
    exchange(member, "GET ftp://a.test/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    exchange(member, "GET http://a.test/ HTTP/1.1\nHost: a\n\n").await;
    exchange(member, "HEAD http://a.test/h HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    array.end().await;
    let objects = objects(&folder, "m1");
    let gists: Vec<String> = objects.iter().map(gist).collect();
    let without_bytes = |gist: &String| {
        let mut words: Vec<&str> = gist.split(' ').collect();
        words.remove(3);
        words.join(" ")
    };
    assert_eq!(
        gists.iter().map(without_bytes).collect::<Vec<_>>(),
        [
            "none 200 null /healthz",
            "denied 403 null http://[::1]/in",
            "miss 502 a.test http://a.test/drop",
            "miss 502 127.0.0.1 http://127.0.0.1:1/closed",
            "tunnel 502 127.0.0.1 127.0.0.1:1",
            "none 400 null ftp://a.test/",
            "none 400 null null",
            "miss 200 a.test http://a.test/h",
        ]
    );
    let errors: Vec<&Value> = objects.iter().map(|object| &object["error"]).collect();
    assert_eq!(errors[1], "destination_ip_prohibited");
    assert_eq!(errors[3], "connection_refused");
    assert_eq!([errors[5], errors[6]], ["http_request_error"; 2]);
    assert!(objects.iter().all(|object| object["aborted"] == false), "{objects:?}");
    assert_eq!(objects[7]["bytes"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_is_logged_at_its_end_with_its_bytes() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let (echo, _serving) = echo_server().await;
    let array = logging(2, &origin, &folder, "json").await;
    let target = echo.to_string();
    let mut client = Client::connect(array.members[0]).await;
    client.send(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    client.send("0123456789").await;
    assert_eq!(client.read(10).await, "0123456789");
    drop(client);
    let mut client = Client::connect(array.members[0]).await;
    client.send("GET http://a.test/upgrade HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 101"));
    client.send("ping").await;
    assert_eq!(client.read(4).await, "ping");
    // Tunnels that do not end by themselves are cut, and logged.
    array.end().await;
    let objects = objects(&folder, "m1");
    let of = |url: &str| objects.iter().find(|object| object["url"] == url).unwrap();
    let bytes = |object: &Value| {
        ["bytes", "bytes_received", "status"].map(|name| object[name].as_u64().unwrap())
    };
    assert_eq!(bytes(of(&target)), [10, 10, 200]);
    assert_eq!(bytes(of("http://a.test/upgrade")), [4, 4, 101]);
    assert!(objects.iter().all(|object| object["cache"] == "tunnel"), "{objects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_logged_as_such() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = logging(1, &origin, &folder, "squid").await;
    let mut client = Client::connect(array.members[0]).await;
    client.send("GET http://a.test/silent HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    origin.until("/silent").await;
    drop(client);
    array.end().await;
    let log = std::fs::read_to_string(folder.path().join("m1.log")).unwrap();
    let line = log.lines().find(|line| line.contains("/silent")).unwrap();
    assert!(
        line.contains(" 127.0.0.1 TCP_MISS_ABORTED/000 0 GET http://a.test/silent - "),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_is_not_taken_is_logged_with_what_went_out() {
    // More than the buffers of two connections hold.
    let page = "x".repeat(64 << 20);
    let (origin, folder) = (Origin::with_start_page(page).await, TempDir::new().unwrap());
    let array = logging(1, &origin, &folder, "json").await;
    let mut client = Client::connect(array.members[0]).await;
    client.send("GET http://a.test/start HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    drop(client);
    array.end().await;
    let line = &objects(&folder, "m1")[0];
    assert_eq!((&line["status"], &line["aborted"]), (&200.into(), &true.into()), "{line}");
    assert!(line["bytes"].as_u64().unwrap() < 64 << 20, "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_client_writes_a_line_of_its_own() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    for format in ["squid", "combined", "json"] {
        let array = logging(1, &origin, &folder, format).await;
        let text = "GET http://a.test/%0aa\"b HTTP/1.1\r\nHost: a.test\r\nReferer: x\" \"y\\\r\nUser-Agent: \u{1b}[2J\t\"z\r\nConnection: close\r\n\r\n";
        exchange(array.members[0], text).await;
        array.end().await;
        let path = folder.path().join("m1.log");
        let log = std::fs::read(&path).unwrap();
        let lines: Vec<&[u8]> = log.split(|byte| *byte == b'\n').collect();
        let line = lines.iter().find(|line| line.windows(4).any(|w| w == b"%0aa"));
        let odd = line.is_some_and(|line| line.iter().any(|byte| !(b' '..=b'~').contains(byte)));
        assert!(!odd, "{format}: {}", String::from_utf8_lossy(&log));
        let users = lines.iter().filter(|line| line.windows(6).any(|w| w == b"a.test")).count();
        assert!(users <= 1, "{format}: {}", String::from_utf8_lossy(&log));
        std::fs::remove_file(path).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_under_load_loses_no_line() {
    const REQUESTS: usize = 400;
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = logging(1, &origin, &folder, "squid").await;
    let log = folder.path().join("m1.log");
    let mut client = Client::connect(array.members[0]).await;
    for i in 0..REQUESTS {
        client.send(&format!("GET http://a.test/{i} HTTP/1.1\r\nHost: a.test\r\n\r\n")).await;
        assert_eq!(client.reply().await.status, 200);
        if i % 40 == 0 {
            std::fs::rename(&log, folder.path().join(format!("old{i}"))).ok();
            array.running[0].reopen_logs();
        }
    }
    drop(client);
    array.end().await;
    let lines = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().filter(|line| line.contains(" http://a.test/")).count()
    };
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.collect();
    assert!(files.len() > 2, "{files:?}");
    assert_eq!(files.iter().map(|path| lines(path)).sum::<usize>(), REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_go_out_to_its_end_is_logged_as_such_however_it_is_sent() {
    let (origin, folder) = (Pages::start().await, TempDir::new().unwrap());
    let array = Array::start_with(1, origin.address, |settings| {
        settings.access_log.path = Some(folder.path().join("m1.log"));
        settings.access_log.format = Some("json".to_owned());
    })
    .await;
    // More than systems keep for a client that does not read.
    origin.put("/a", Page::fresh(pattern(12_000_000)));
    get(array.members[0], "http://a.test/a").await;
    settled(array.members[0]).await;
    let mut client = Client::connect_narrow(array.members[0]).await;
    client.send("GET http://a.test/a HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    assert!(client.head().await.contains("; hit"));
    client.read(1000).await;
    drop(client);
    array.end().await;
    let objects = objects(&folder, "m1");
    let ended: Vec<&Value> =
        objects.iter().filter(|object| object["url"] == "http://a.test/a").collect();
    assert_eq!((&ended[0]["aborted"], &ended[0]["bytes"]), (&false.into(), &12_000_000.into()));
    assert_eq!((&ended[1]["aborted"], &ended[1]["cache"]), (&true.into(), &"memory_hit".into()));
    let sent = ended[1]["bytes"].as_u64().unwrap();
    assert!((1000..12_000_000).contains(&sent), "{sent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_tells_what_the_cache_had_to_do_with_a_response() {
    let (origin, folder) = (Pages::start().await, TempDir::new().unwrap());
    let array = Array::start_with(1, origin.address, |settings| {
        settings.access_log.path = Some(folder.path().join("m1.log"));
        settings.access_log.format = Some("json".to_owned());
        settings.cache.stale_if_error = Some("60s".parse().unwrap());
    })
    .await;
    let member = array.members[0];
    let tagged = || Page::fresh("hello").with("ETag", "\"1\"");
    let get = |path: &'static str, fields: &'static str| async move {
        ask(member, "GET", &format!("http://a.test{path}"), fields).await;
        settled(member).await;
    };
    origin.put("/fresh", tagged());
    get("/fresh", "").await;
    get("/fresh", "").await;
    get("/fresh", "If-None-Match: \"1\"\r\n").await;
    origin.put("/fresh", Page::fresh("other").with("ETag", "\"2\""));
    get("/fresh", "Cache-Control: no-cache\r\n").await;
    origin.put("/none", Page::fresh("").status(404));
    get("/none", "").await;
    get("/none", "").await;
    origin.put("/stale", Page::stale("hello", ", stale-while-revalidate=60"));
    get("/stale", "").await;
    get("/stale", "").await;
    origin.put("/old", Page::stale("hello", ""));
    get("/old", "").await;
    get("/old", "").await;
    origin.put("/old", Page::new("new").with("Cache-Control", "max-age=1").with("Age", "2"));
    get("/old", "").await;
    // Two at once.
    origin.put("/both", Page::fresh("hello").held());
    let mut two = JoinSet::new();
    for _ in 0..2 {
        two.spawn(get("/both", ""));
    }
    until_counted(member, "misses", 9).await;
    origin.release("/both", 1);
    two.join_all().await;
    origin.stop().await;
    get("/old", "").await;
    array.end().await;
    let objects = objects(&folder, "m1");
    let results = |path: &str| {
        let url = format!("http://a.test{path}");
        let found = objects.iter().filter(|object| object["url"] == url.as_str());
        let mut found: Vec<&str> = found.map(|object| object["cache"].as_str().unwrap()).collect();
        if path == "/both" {
            found.sort_unstable();
        }
        found.join(" ")
    };
    assert_eq!(results("/fresh"), "miss memory_hit not_modified client_refresh");
    assert_eq!(results("/none"), "miss negative_hit");
    assert_eq!(results("/stale"), "miss stale_hit");
    assert_eq!(results("/old"), "miss revalidated refreshed stale_on_error");
    assert_eq!(results("/both"), "collapsed miss");
}
