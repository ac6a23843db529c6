//! Long bodies that are passed through and not stored: the kernel moves them.

use std::time::Duration;

use tokio::time::timeout;

use crate::support::caching::member;
use crate::support::client::{Client, get};
use crate::support::pages::{Page, Pages, pattern};

const GET: &str = "GET http://a.test/a HTTP/1.1\r\nHost: a.test\r\n\r\n";

fn passed(body: &str) -> Page {
    Page::new(body).with("Cache-Control", "no-store")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_passed_on_as_it_is_and_connections_are_kept() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let body = pattern(20_000_123);
    origin.put("/a", passed(&body));
    origin.put("/short", passed("short"));
    let mut client = Client::connect(member).await;
    for _ in 0..3 {
        let short = GET.replace("/a ", "/short ");
        client.send(&[GET, &short].concat()).await;
        assert!(client.reply().await.body == body);
        assert_eq!(client.reply().await.body, "short");
    }
    // A client that takes little at a time.
    let mut narrow = Client::connect_narrow(member).await;
    narrow.send(GET).await;
    assert!(narrow.reply().await.body == body);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_long_body_all_that_has_come_is_passed_on_at_once() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let body = pattern(12_000_000);
    origin.put("/a", passed(&body).pausing_at(11_000_001));
    let mut client = Client::connect(member).await;
    client.send(GET).await;
    client.head().await;
    assert!(client.read(11_000_001).await == body[..11_000_001]);
    origin.release("/a", 1);
    assert!(client.read(999_999).await == body[11_000_001..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_that_is_cut_off_ends_where_it_was() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let body = pattern(12_000_000);
    origin.put("/a", passed(&body).breaking_at(11_000_001));
    let reply = get(member, "http://a.test/a").await;
    assert!(reply.body == body[..11_000_001], "{}", reply.body.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_whose_client_leaves_disturbs_nobody() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let body = pattern(12_000_000);
    origin.put("/a", passed(&body));
    for length in [1_000, 1_000_000, 11_000_000] {
        let mut client = Client::connect(member).await;
        client.send(GET).await;
        client.head().await;
        client.read(length).await;
        drop(client);
        let next = timeout(Duration::from_secs(10), get(member, "http://a.test/a")).await;
        assert!(next.unwrap().body == body);
    }
}
