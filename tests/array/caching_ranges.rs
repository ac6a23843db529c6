//! Parts of bodies, stored or on their way.

use crate::support::caching::{
    ask, cache_status, is_hit, look, member, member_with_disk, on_disk, settled, stored,
};
use crate::support::client::{Client, get};
use crate::support::pages::{Page, Pages, pattern};

const URL: &str = "http://a.test/a";

fn range(bytes: &str) -> String {
    format!("Range: bytes={bytes}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_what_is_stored_are_cut_out_of_it() {
    let origin = Pages::start().await;
    let body = pattern(3_000_123);
    let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    let page = Page::fresh(body.as_str()).with("ETag", "\"1\"").with("Last-Modified", modified);
    origin.put("/a", page);
    let (_array, in_memory) = member(&origin).await;
    let (_array_too, on_a_disk, _folder) = member_with_disk(&origin).await;
    for member in [in_memory, on_a_disk] {
        get(member, URL).await;
        settled(member).await;
        for (asked, first, last) in [
            ("0-0", 0, 0),
            ("65535-65536", 65_535, 65_536),
            ("1000000-2999999", 1_000_000, 2_999_999),
            ("2990000-", 2_990_000, 3_000_122),
            ("2990000-9999999", 2_990_000, 3_000_122),
            ("-10", 3_000_113, 3_000_122),
        ] {
            let reply = ask(member, "GET", URL, &range(asked)).await;
            assert!(reply.status == 206 && is_hit(&reply), "{asked}: {}", reply.head);
            let told = format!("bytes {first}-{last}/3000123");
            assert_eq!(reply.header("content-range"), Some(told.as_str()));
            assert!(reply.body == body[first..=last], "{asked}");
        }
        for condition in ["\"1\"", modified] {
            let fields = format!("{}If-Range: {condition}\r\n", range("0-4"));
            assert_eq!(ask(member, "GET", URL, &fields).await.status, 206, "{condition}");
        }
        for condition in ["\"2\"", "W/\"1\"", "Sun, 06 Nov 1994 08:49:38 GMT"] {
            let fields = format!("{}If-Range: {condition}\r\n", range("0-4"));
            let reply = ask(member, "GET", URL, &fields).await;
            assert!(reply.status == 200 && reply.body == body, "{condition}");
        }
        let beyond = ask(member, "GET", URL, &range("3000123-")).await;
        assert_eq!((beyond.status, beyond.body.as_str()), (416, ""));
        assert_eq!(beyond.header("content-range"), Some("bytes */3000123"));
        for several in ["0-1,5-6", "5-4", "x-y"] {
            assert_eq!(ask(member, "GET", URL, &range(several)).await.status, 200, "{several}");
        }
    }
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_what_is_being_fetched_does_not_wait_for_its_end() {
    let origin = Pages::start().await;
    let body = pattern(4_000_123);
    let (_array, in_memory) = member(&origin).await;
    let (_array_too, on_a_disk, _folder) = member_with_disk(&origin).await;
    for (member, before) in [(in_memory, 0), (on_a_disk, 1)] {
        origin.put("/a", Page::fresh(body.as_str()).pausing_at(3_000_000));
        let mut first = Client::connect(member).await;
        first
            .send("GET http://a.test/a HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
            .await;
        first.head().await;
        first.read(2_900_000).await;
        for (asked, part) in [("0-9", 0..10), ("1500000-2800000", 1_500_000..2_800_001)] {
            let reply = ask(member, "GET", URL, &range(asked)).await;
            assert!(reply.status == 206 && reply.body == body[part], "{asked}: {}", reply.head);
            assert!(cache_status(&reply).contains("; collapsed"), "{}", reply.head);
        }
        // A part that is not there yet comes when it is.
        let later = tokio::spawn(async move { ask(member, "GET", URL, &range("-200")).await });
        origin.release("/a", 1);
        assert!(later.await.unwrap().body == body[4_000_123 - 200..]);
        assert!(first.rest().await == body[2_900_000..]);
        assert_eq!(origin.count("/a"), before + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_stored_and_answers_what_lies_within_it() {
    let origin = Pages::start().await;
    let body = pattern(1000);
    origin.put("/a", Page::fresh(body.as_str()).with("ETag", "\"1\"").ranged());
    let (_array, member) = member(&origin).await;
    let first = ask(member, "GET", URL, &range("100-199")).await;
    assert_eq!((first.status, first.body.as_str()), (206, &body[100..200]));
    assert_eq!(cache_status(&first), r#"m1; fwd=uri-miss; stored; key="http://a.test/a""#);
    stored(member, URL).await;
    for (asked, part) in [("100-199", 100..200), ("150-160", 150..161)] {
        let reply = ask(member, "GET", URL, &range(asked)).await;
        assert!(is_hit(&reply) && reply.status == 206 && reply.body == body[part], "{asked}");
    }
    assert_eq!(origin.count("/a"), 1);
    let other = ask(member, "GET", URL, &range("150-250")).await;
    assert!(cache_status(&other).contains("fwd=partial"), "{}", other.head);
    assert_eq!(other.body, body[150..251]);
    // The whole is fetched at once, and not made up of what is there and the rest.
    let whole = get(member, URL).await;
    assert_eq!((whole.status, whole.body.as_str()), (200, body.as_str()));
    settled(member).await;
    assert!(is_hit(&ask(member, "GET", URL, &range("700-")).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_contradicts_itself_is_not_stored() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    for (path, told) in [
        ("/shorter", Some("bytes 0-9/100")),
        ("/beyond", Some("bytes 0-4/3")),
        ("/backwards", Some("bytes 4-0/100")),
        ("/garbage", Some("bytes about five")),
        ("/nothing", None),
    ] {
        let page = Page::fresh("hello").status(206);
        origin
            .put(path, told.into_iter().fold(page, |page, told| page.with("Content-Range", told)));
        let url = format!("http://a.test{path}");
        for _ in 0..2 {
            let reply = ask(member, "GET", &url, &range("0-4")).await;
            assert_eq!((reply.status, reply.body.as_str()), (206, "hello"), "{path}");
        }
        assert_eq!(origin.count(path), 2, "{path}");
        assert!(look(member, &url).await.is_empty(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_part_is_on_disk_too() {
    let origin = Pages::start().await;
    let body = pattern(3_000_000);
    origin.put("/a", Page::fresh(body.as_str()).ranged());
    let (_array, member, _folder) = member_with_disk(&origin).await;
    ask(member, "GET", URL, &range("10-2000009")).await;
    on_disk(member, URL).await;
    let reply = ask(member, "GET", URL, &range("1000000-2000009")).await;
    assert!(is_hit(&reply) && reply.body == body[1_000_000..2_000_010], "{}", reply.head);
}
