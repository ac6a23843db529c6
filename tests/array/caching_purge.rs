//! What is purged or banned is forgotten, whatever was going on.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::support::array::Array;
use crate::support::caching::{
    ask, is_hit, look, manage, manage_with, member, member_with, member_with_disk, on_disk,
    settled, stored,
};
use crate::support::client::{Client, get};
use crate::support::pages::{Page, Pages, pattern};

const URL: &str = "http://a.test/a";

async fn purge(member: SocketAddr, url: &str) -> bool {
    let reply = manage(member, "purge", &json!({ "url": url })).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let said: Value = serde_json::from_str(&reply.body).unwrap();
    said["purged"].as_bool().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_purged_is_fetched_again() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let (_array, in_memory) = member(&origin).await;
    let (_array_too, on_a_disk, _folder) = member_with_disk(&origin).await;
    for member in [in_memory, on_a_disk] {
        let before = origin.count("/a");
        get(member, URL).await;
        settled(member).await;
        assert!(is_hit(&get(member, URL).await));
        assert!(purge(member, "HTTP://A.test:80/a#part").await);
        assert!(!purge(member, URL).await, "it is gone already");
        assert!(!is_hit(&get(member, URL).await));
        assert_eq!(origin.count("/a"), before + 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_member_forgets_what_it_has_and_no_other_tells_it_again() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let array = Array::start(3, origin.address).await;
    get(array.members[0], URL).await;
    settled(array.member(&array.owner(URL).await)).await;
    let mut purged = 0;
    for member in &array.members {
        purged += usize::from(purge(*member, URL).await);
    }
    assert_eq!(purged, 1, "only the owner had it");
    for member in &array.members {
        get(*member, URL).await;
        settled(array.member(&array.owner(URL).await)).await;
    }
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_make_void_what_matches_and_nothing_that_comes_later() {
    let origin = Pages::start().await;
    let (_array, in_memory) = member(&origin).await;
    let (_array_too, on_a_disk, _folder) = member_with_disk(&origin).await;
    let urls = ["http://a.test/x/1", "http://a.test/x/2.css", "http://a.test/y", "http://b.test/z"];
    for path in ["/x/1", "/x/2.css", "/y", "/z"] {
        origin.put(path, Page::fresh("hello"));
    }
    for (member, rule, void) in [in_memory, on_a_disk].into_iter().flat_map(|member| {
        [
            (member, json!({ "prefix": "HTTP://A.test:80/x/" }), [true, true, false, false]),
            (member, json!({ "host": "B.test." }), [false, false, false, true]),
            (member, json!({ "regex": r"\.css$|/y" }), [false, true, true, false]),
            (member, json!({ "all": true }), [true; 4]),
        ]
    }) {
        for url in urls {
            get(member, url).await;
            settled(member).await;
            assert!(is_hit(&get(member, url).await));
        }
        let reply = manage(member, "purge", &rule).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        for (url, void) in urls.into_iter().zip(void) {
            assert_eq!(look(member, url).await.is_empty(), void, "{rule} {url}");
            assert_eq!(!is_hit(&get(member, url).await), void, "{rule} {url}");
            settled(member).await;
            assert!(is_hit(&get(member, url).await), "what comes later counts");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_on_its_way_while_it_is_purged_is_not_kept() {
    let origin = Pages::start().await;
    let (_array, in_memory) = member(&origin).await;
    let (_array_too, on_a_disk, _folder) = member_with_disk(&origin).await;
    let body = pattern(3_000_123);
    let rules =
        [json!({ "url": URL }), json!({ "prefix": "http://a.test/" }), json!({ "all": true })];
    for member in [in_memory, on_a_disk] {
        // Whole, and a part, which nobody else can wait for.
        for fields in ["", "Range: bytes=0-2999999\r\n"] {
            for rule in &rules {
                let before = origin.count("/a");
                let page = Page::fresh(body.as_str()).ranged();
                origin.put("/a", page.clone().pausing_at(2_000_000));
                let mut client = Client::connect(member).await;
                client
                    .send(&format!(
                        "GET {URL} HTTP/1.1\r\nHost: a.test\r\n{fields}Connection: close\r\n\r\n"
                    ))
                    .await;
                client.head().await;
                client.read(1_500_000).await;
                assert_eq!(manage(member, "purge", rule).await.status, 200);
                origin.release("/a", 1);
                let rest = client.rest().await;
                let end = if fields.is_empty() { body.len() } else { 3_000_000 };
                assert!(rest == body[1_500_000..end], "who reads it gets it all the same");
                origin.put("/a", page);
                let again = ask(member, "GET", URL, fields).await;
                assert!(!is_hit(&again), "{rule} {fields}: {}", again.head);
                assert_eq!(origin.count("/a"), before + 2);
                stored(member, URL).await;
                purge(member, URL).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_just_stored_is_purged_however_far_the_disk_is() {
    let origin = Pages::start().await;
    let (_array, member, _folder) = member_with_disk(&origin).await;
    for i in 0..100 {
        // Small ones are written behind, large ones as they come.
        let path = format!("/{i}");
        let url = format!("http://a.test{path}");
        origin.put(&path, Page::fresh(pattern(if i % 10 == 0 { 1_500_000 } else { 5000 })));
        get(member, &url).await;
        settled(member).await;
        purge(member, &url).await;
        let again = get(member, &url).await;
        assert!(!is_hit(&again), "{i}");
        assert_eq!(origin.count(&path), 2, "{i}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn purged_by_a_write_means_purged_on_disk() {
    let origin = Pages::start().await;
    let (_array, member, _folder) = member_with_disk(&origin).await;
    origin.put("/a", Page::fresh("hello"));
    get(member, URL).await;
    on_disk(member, URL).await;
    assert_eq!(ask(member, "DELETE", URL, "").await.status, 200);
    assert!(look(member, URL).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_programs_on_this_host_purge_and_none_through_a_proxy() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let array = Array::start(2, origin.address).await;
    let member = array.members[0];
    for fields in [
        "Via: 1.1 elsewhere\r\n",
        "X-Forwarded-For: 192.0.2.1\r\n",
        "Origin: http://page.example\r\n",
    ] {
        let reply = manage_with(member, "purge", &json!({ "all": true }), fields).await;
        assert_eq!(reply.status, 403, "{fields}");
    }
    let document = r#"{"all":true}"#;
    let request = |target: &str, host: &str| {
        format!(
            "POST {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{document}",
            document.len()
        )
    };
    let rebound = request("/api/v1/cache/purge", "rebound.example");
    assert_eq!(crate::support::client::exchange(member, &rebound).await.status, 403);
    // A sibling is a proxy, too.
    let host = member.to_string();
    let through = request(&format!("http://{host}/api/v1/cache/purge"), &host);
    let reply = crate::support::client::exchange(array.members[1], &through).await;
    assert_eq!(reply.status, 403, "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_a_token_it_is_needed_and_enough() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "0123456789abcdef").unwrap();
    let (_array, member) =
        member_with(&origin, |settings| settings.token_file = Some(file.clone())).await;
    let document = json!({ "url": URL });
    for (fields, status) in [
        ("", 401),
        ("Authorization: Bearer 0123456789abcdeg\r\n", 401),
        ("Authorization: Bearer 0123456789abcdef\r\n", 200),
        ("Authorization: Bearer 0123456789abcdef\r\nVia: 1.1 elsewhere\r\n", 200),
    ] {
        let reply = manage_with(member, "purge", &document, fields).await;
        assert_eq!(reply.status, status, "{fields}");
        assert_eq!(reply.header("www-authenticate").is_some(), status == 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_api_cannot_do_it_says() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    for (what, document, status) in [
        ("purge", json!({ "url": "https://a.test/" }), 422),
        ("purge", json!({ "prefix": "a.test/" }), 422),
        ("purge", json!({ "host": "a.test:8080" }), 422),
        ("purge", json!({ "host": "http://a.test" }), 422),
        ("purge", json!({ "host": "a.test/x" }), 422),
        ("purge", json!({ "host": "[::1]:80" }), 422),
        ("purge", json!({ "host": "u@a.test" }), 422),
        ("purge", json!({ "host": "" }), 422),
        ("purge", json!({ "regex": "(" }), 422),
        ("purge", json!({ "all": false }), 422),
        ("purge", json!({ "url": URL, "all": true }), 422),
        ("purge", json!({}), 422),
        ("look", json!({ "all": true }), 422),
        ("purgatory", json!({ "all": true }), 404),
        ("purge", json!({ "url": "x".repeat(20_000) }), 400),
    ] {
        let reply = manage(member, what, &document).await;
        assert_eq!(reply.status, status, "{what} {}", reply.body);
        assert!(reply.body.starts_with("{\"error\":"), "{}", reply.body);
    }
    let (_array, nothing) =
        member_with(&origin, |settings| settings.cache.enabled = Some(false)).await;
    assert_eq!(manage(nothing, "purge", &json!({ "all": true })).await.status, 409);
}
