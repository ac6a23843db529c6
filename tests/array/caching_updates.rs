//! What a 304, a part, or a response that comes late may change of what is stored, and what not.

use parray::cache::moment::Moment;
use tokio::task::JoinSet;

use crate::support::caching::{
    ask, cache_status, is_hit, look, member, member_with, settled, stored, until_counted,
};
use crate::support::client::{Client, get};
use crate::support::pages::{Page, Pages, pattern};

const URL: &str = "http://a.test/a";

/// One that has to be validated each time, and by whose 304 its fields are as told.
fn validated_as(name: &str, value: &str) -> Page {
    Page::new("hello").with("Cache-Control", "no-cache").with("ETag", "\"1\"").news(name, value)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_304_makes_private_is_not_for_others_any_more() {
    for forbids in ["private", "no-store"] {
        let origin = Pages::start().await;
        let (_array, member) = member(&origin).await;
        origin.put("/a", validated_as("Cache-Control", forbids));
        get(member, URL).await;
        stored(member, URL).await;
        assert_eq!(get(member, URL).await.body, "hello", "who asked gets it");
        assert!(look(member, URL).await.is_empty(), "{forbids}");
        origin.put("/a", Page::fresh("other"));
        assert_eq!(get(member, URL).await.body, "other");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_304_says_it_varies_by_selects_from_then_on() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    origin.put("/a", validated_as("Vary", "Foo").news("Cache-Control", "max-age=60"));
    ask(member, "GET", URL, "Foo: 1\r\n").await;
    stored(member, URL).await;
    assert_eq!(ask(member, "GET", URL, "Foo: 1\r\n").await.body, "hello");
    assert!(is_hit(&ask(member, "GET", URL, "Foo: 1\r\n").await));
    origin.put("/a", Page::fresh("other").with("Vary", "Foo"));
    assert_eq!(ask(member, "GET", URL, "Foo: 2\r\n").await.body, "other");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_that_comes_late_does_not_take_the_place_of_a_newer_one() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    origin.put("/a", Page::fresh("old, and slow to come").pausing_at(3));
    // With a condition of its own it is fetched apart.
    let mut slow = Client::connect(member).await;
    slow.send(&format!(
        "GET {URL} HTTP/1.1\r\nHost: a.test\r\nIf-None-Match: \"x\"\r\nConnection: close\r\n\r\n"
    ))
    .await;
    slow.head().await;
    origin.put("/a", Page::fresh("new"));
    // By the store's clock, which has milliseconds.
    let began = Moment::now();
    while Moment::now() == began {
        tokio::task::yield_now().await;
    }
    get(member, URL).await;
    stored(member, URL).await;
    origin.release("/a", 1);
    assert_eq!(slow.rest().await, "old, and slow to come");
    until_counted(member, "stored", 2).await;
    for _ in 0..20 {
        let reply = get(member, URL).await;
        assert!(is_hit(&reply) && reply.body == "new", "{}", reply.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_of_what_is_stale_does_not_leave_a_part_in_the_place_of_the_whole() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let body = pattern(5000);
    let page = Page::new(body.as_str())
        .with("Cache-Control", "max-age=10, stale-while-revalidate=60")
        .ranged();
    origin.put("/a", page.clone().with("Age", "11"));
    get(member, URL).await;
    stored(member, URL).await;
    origin.put("/a", page);
    let reply = ask(member, "GET", URL, "Range: bytes=10-19\r\n").await;
    assert_eq!((reply.status, reply.body.as_str()), (206, &body[10..20]));
    origin.until("/a", 2).await;
    assert_eq!(origin.arrived("/a")[1].header("range"), None, "others want all of it");
    settled(member).await;
    let whole = get(member, URL).await;
    assert!(is_hit(&whole) && whole.body == body);
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_that_are_for_the_origin_are_not_answered_from_what_is_being_fetched() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let body = pattern(5000);
    origin.put("/a", Page::fresh(body.as_str()).with("ETag", "\"2\"").pausing_at(2000));
    let mut first = Client::connect(member).await;
    first.send(&format!("GET {URL} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")).await;
    first.head().await;
    origin.put("/a", Page::new("not that one").status(412));
    let fields = "Range: bytes=0-9\r\nIf-Match: \"1\"\r\n";
    assert_eq!(ask(member, "GET", URL, fields).await.status, 412);
    // Without the condition it is.
    let reply = ask(member, "GET", URL, "Range: bytes=0-9\r\n").await;
    assert_eq!((reply.status, reply.body.as_str()), (206, &body[..10]));
    origin.release("/a", 1);
    first.rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_have_what_is_stale_gets_it_though_another_ones_fetch_failed() {
    let origin = Pages::start().await;
    let (_array, member) = member_with(&origin, |settings| {
        settings.cache.stale_if_error = Some("60s".parse().unwrap());
    })
    .await;
    origin.put("/a", Page::stale("hello", ""));
    get(member, URL).await;
    stored(member, URL).await;
    // The first is one that takes nothing stale.
    origin.put("/a", Page::new("").held().breaking_at(0));
    let mut reload = JoinSet::new();
    reload.spawn(async move { ask(member, "GET", URL, "Cache-Control: no-cache\r\n").await });
    origin.until("/a", 2).await;
    let mut others = JoinSet::new();
    for _ in 0..5 {
        others.spawn(get(member, URL));
    }
    until_counted(member, "misses", 7).await;
    origin.stop().await;
    assert_eq!(reload.join_next().await.unwrap().unwrap().status, 502);
    for reply in others.join_all().await {
        assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
        assert!(cache_status(&reply).contains("detail=stale-if-error"), "{}", reply.head);
    }
}
