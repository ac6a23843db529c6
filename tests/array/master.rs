//! One path for every edit; nothing half done, nothing lost.

use crate::support::array::{Array, wait_for};
use crate::support::client::{Client, exchange, page};
use crate::support::origin::Origin;

async fn array() -> (Array, Origin) {
    let origin = Origin::start().await;
    (Array::start(2, origin.address).await, origin)
}

fn file(array: &Array) -> std::path::PathBuf {
    array.folder.path().join("parray.pat")
}

async fn with_match(
    array: &Array,
    method: &str,
    path: &str,
    etag: &str,
    body: &str,
) -> crate::support::client::Reply {
    let text = format!(
        "{method} /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nIf-Match: {etag}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    exchange(array.master, &text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_have_types_tags_and_304() {
    let (array, _origin) = array().await;
    for server in [array.master, array.members[0]] {
        for (path, kind) in [
            ("/pat", "text/plain; charset=utf-8"),
            ("/proxy.pac", "application/x-ns-proxy-autoconfig"),
            ("/wpad.dat", "application/x-ns-proxy-autoconfig"),
        ] {
            let reply = page(server, path).await;
            assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)), "{path}");
            let etag = reply.header("etag").unwrap();
            let text = format!(
                "GET {path} HTTP/1.1\r\nHost: a\r\nIf-None-Match: \"x\", W/{etag}\r\nConnection: close\r\n\r\n"
            );
            let again = exchange(server, &text).await;
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        }
        let reply = exchange(
            server,
            "POST /pat HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
    }
    assert_eq!(page(array.master, "/pat").await.body, page(array.members[0], "/pat").await.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_waits_until_the_table_changes() {
    let (array, _origin) = array().await;
    let etag = page(array.master, "/pat").await.header("etag").unwrap().to_owned();
    let mut client = Client::connect(array.master).await;
    client
        .send(&format!("GET /pat?wait=30 HTTP/1.1\r\nHost: a\r\nIf-None-Match: {etag}\r\n\r\n"))
        .await;
    assert_eq!(array.api("PATCH", "members/m1", r#"{"load_factor": 300}"#).await.status, 200);
    let reply = client.reply().await;
    assert_eq!((reply.status, reply.header("preference-applied")), (200, Some("wait=30")));
    assert!(reply.body.contains("ConfigID: 2") && reply.body.contains(" 300 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_are_published_persisted_and_numbered() {
    let (array, _origin) = array().await;
    let steps = [
        ("POST", "members", r#"{"name": "new", "port": 3128, "ip": "10.0.0.9"}"#, 201),
        ("PATCH", "members/NEW", r#"{"load_factor": 7, "status": "off"}"#, 200),
        ("PATCH", "table", r#"{"list_ttl_minutes": 3, "hash": "carp-1.0"}"#, 200),
        ("DELETE", "members/new", "", 200),
    ];
    for (i, (method, path, body, status)) in steps.into_iter().enumerate() {
        let reply = array.api(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.body);
        assert!(reply.body.contains(&format!("\"config_id\":{}", i + 2)), "{}", reply.body);
        assert_eq!(
            std::fs::read_to_string(file(&array)).unwrap(),
            page(array.master, "/pat").await.body
        );
    }
    let same = array.api("PATCH", "table", r#"{"list_ttl_minutes": 3}"#).await;
    assert!(
        same.body.contains("\"changed\":false") && same.body.contains("\"config_id\":5"),
        "{}",
        same.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saw_another_table_is_told_the_current_id() {
    let (array, _origin) = array().await;
    let etag = page(array.master, "/pat").await.header("etag").unwrap().to_owned();
    let body = r#"{"load_factor": 5}"#;
    assert_eq!(with_match(&array, "PATCH", "members/m1", &etag, body).await.status, 200);
    let stale = with_match(&array, "PATCH", "members/m2", &etag, body).await;
    assert_eq!(stale.status, 412);
    assert!(stale.body.contains("\"config_id\":2"), "{}", stale.body);
    let table = page(array.master, "/pat").await.body;
    assert_eq!(array.api("PUT", "table", &table).await.status, 428);
    let etag = page(array.master, "/pat").await.header("etag").unwrap().to_owned();
    let replaced =
        with_match(&array, "PUT", "table", &etag, &table.replace("test array", "other")).await;
    assert_eq!(replaced.status, 200, "{}", replaced.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_cannot_be_says_why_and_changes_nothing() {
    let (array, _origin) = array().await;
    let before = page(array.master, "/pat").await.body;
    for (method, path, body, status, word) in [
        ("PATCH", "members/nobody", r#"{"load_factor": 5}"#, 404, "it has m1, m2"),
        ("PATCH", "members/m1", r#"{"load_factor": 0}"#, 422, "1 to 16777215"),
        ("PATCH", "members/m1", r#"{"load": 5}"#, 422, "unknown field"),
        ("POST", "members", r#"{"name": "M1", "port": 1}"#, 409, "in the table already"),
        ("POST", "members", r#"{"name": "a b", "port": 1}"#, 422, "member name must be"),
        ("POST", "members", "{", 422, "EOF"),
        ("DELETE", "table", "", 405, "GET, PUT, PATCH"),
        ("GET", "elsewhere", "", 404, "/api/v1/table"),
    ] {
        let reply = array.api(method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path} {body}: {}", reply.body);
        assert!(reply.body.contains(word), "{}", reply.body);
    }
    assert_eq!(page(array.master, "/pat").await.body, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_edit_takes_the_same_path_and_a_broken_one_is_refused() {
    let (array, _origin) = array().await;
    let text = std::fs::read_to_string(file(&array)).unwrap();
    let mut client = Client::connect(array.master).await;
    let change = async |client: &mut Client, text: &str| {
        let etag = page(array.master, "/pat").await.header("etag").unwrap().to_owned();
        client
            .send(&format!("GET /pat?wait=30 HTTP/1.1\r\nHost: a\r\nIf-None-Match: {etag}\r\n\r\n"))
            .await;
        std::fs::write(file(&array), text).unwrap();
        client.reply().await.body
    };
    let published = change(&mut client, &text.replace(" 100 ", " 50 ")).await;
    assert!(published.contains("ConfigID: 2") && published.contains(" 50 "), "{published}");
    assert_eq!(std::fs::read_to_string(file(&array)).unwrap(), published);

    std::fs::write(file(&array), published.replace(" 50 ", " -3 ")).unwrap();
    let mut health = String::new();
    while !health.contains("degraded") {
        health = page(array.master, "/healthz").await.body;
    }
    assert!(
        health.contains("parray.pat:")
            && health.contains("load factor must be 1 to 16777215, found"),
        "{health}"
    );
    assert_eq!(page(array.master, "/pat").await.body, published);
    // The broken edit is not overwritten by another.
    let reply = array.api("PATCH", "members/m1", r#"{"load_factor": 7}"#).await;
    assert_eq!(reply.status, 423, "{}", reply.body);

    let mended = change(&mut client, &published.replace(" 50 ", " 60 ")).await;
    assert!(mended.contains("ConfigID: 3") && mended.contains(" 60 "), "{mended}");
    assert!(page(array.master, "/healthz").await.body.contains("\"status\":\"ok\""));
    for member in &array.members {
        let etag = page(array.master, "/pat").await.header("etag").unwrap().to_owned();
        wait_for(*member, &etag).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_ends_when_it_is_told_to() {
    let (array, _origin) = array().await;
    array.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_edit_that_nobody_has_looked_at_is_not_lost_to_another_edit() {
    let (array, _origin) = array().await;
    let text = std::fs::read_to_string(file(&array)).unwrap();
    for round in 1..=10 {
        let name = format!("by hand {round}");
        let current = std::fs::read_to_string(file(&array)).unwrap();
        let line = current.lines().find(|line| line.starts_with("ArrayName")).unwrap();
        std::fs::write(file(&array), current.replace(line, &format!("ArrayName: {name}"))).unwrap();
        let reply =
            array.api("PATCH", "members/m1", &format!(r#"{{"load_factor": {round}}}"#)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let published = page(array.master, "/pat").await.body;
        assert!(
            published.contains(&name) && published.contains(&format!("UP {round} ")),
            "{published}"
        );
    }
    assert_ne!(text, std::fs::read_to_string(file(&array)).unwrap());
}
