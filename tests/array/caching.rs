//! What a member stores, and whom it answers with it.

use crate::support::array::Array;
use crate::support::caching::{
    ask, cache_status, is_hit, look, member, member_with, settled, stored,
};
use crate::support::client::get;
use crate::support::pages::{Framing, Page, Pages, pattern};

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_response_is_answered_from_what_is_stored() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello").with("X-Kept", "1").with("ETag", "\"1\""));
    let (_array, member) = member(&origin).await;
    let url = "http://A.test:80/a#part";
    let miss = get(member, url).await;
    assert_eq!(cache_status(&miss), r#"m1; fwd=uri-miss; stored; key="http://a.test/a""#);
    assert_eq!((miss.body.as_str(), miss.header("age")), ("hello", None));
    settled(member).await;
    for url in [url, "http://a.test/a"] {
        let hit = get(member, url).await;
        assert_eq!((hit.status, hit.body.as_str()), (200, "hello"));
        assert_eq!(cache_status(&hit), r#"m1; hit; key="http://a.test/a""#);
        assert!(hit.header("age").unwrap().parse::<u32>().unwrap() < 60);
        for (name, value) in [("x-kept", "1"), ("etag", "\"1\""), ("content-length", "5")] {
            assert_eq!(hit.header(name), Some(value));
        }
    }
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_are_stored_as_their_content() {
    let origin = Pages::start().await;
    let body = pattern(300_000);
    origin.put("/a", Page::fresh(body.as_str()).framed(Framing::Chunked));
    let (_array, member) = member(&origin).await;
    assert_eq!(get(member, "http://a.test/a").await.content(), body);
    settled(member).await;
    let hit = get(member, "http://a.test/a").await;
    assert!(is_hit(&hit) && hit.body == body);
    assert_eq!(hit.header("content-length"), Some("300000"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forbidden_or_useless_is_not_stored() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let secret = "Authorization: Basic eDp5\r\n";
    for (path, control, fields) in [
        ("/no-store", "no-store, max-age=60", ""),
        ("/private", "private, max-age=60", ""),
        ("/secret", "max-age=60", secret),
        ("/client", "max-age=60", "Cache-Control: no-store\r\n"),
        ("/nothing", "max-age=0", ""),
    ] {
        origin.put(path, Page::new("hello").with("Cache-Control", control));
        let url = format!("http://a.test{path}");
        for _ in 0..2 {
            let reply = ask(member, "GET", &url, fields).await;
            assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
            let expected = format!(r#"m1; fwd=uri-miss; key="{url}""#);
            assert_eq!(cache_status(&reply), expected, "{path}");
        }
        assert_eq!(origin.count(path), 2, "{path}");
        assert!(look(member, &url).await.is_empty(), "{path}");
    }
    origin.put("/all", Page::fresh("hello").with("Cache-Control", "public"));
    ask(member, "GET", "http://a.test/all", secret).await;
    stored(member, "http://a.test/all").await;
    assert!(is_hit(&ask(member, "GET", "http://a.test/all", secret).await));
    origin.put("/star", Page::fresh("hello").with("Vary", "*"));
    for _ in 0..2 {
        get(member, "http://a.test/star").await;
    }
    assert_eq!(origin.count("/star"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_answered_by_what_a_get_stored() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let (_array, member) = member(&origin).await;
    get(member, "http://a.test/a").await;
    settled(member).await;
    let reply = ask(member, "HEAD", "http://a.test/a", "").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    assert_eq!(reply.header("content-length"), Some("5"));
    assert!(is_hit(&reply));
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_has_it_is_told_so_by_the_cache() {
    let origin = Pages::start().await;
    let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    origin.put("/a", Page::fresh("hello").with("ETag", "\"1\"").with("Last-Modified", modified));
    let (_array, member) = member(&origin).await;
    let url = "http://a.test/a";
    get(member, url).await;
    settled(member).await;
    for (fields, status) in [
        ("If-None-Match: \"1\"\r\n".to_owned(), 304),
        ("If-None-Match: \"0\", W/\"1\"\r\n".to_owned(), 304),
        ("If-None-Match: *\r\n".to_owned(), 304),
        ("If-None-Match: \"2\"\r\n".to_owned(), 200),
        (format!("If-None-Match: \"2\"\r\nIf-Modified-Since: {modified}\r\n"), 200),
        (format!("If-Modified-Since: {modified}\r\n"), 304),
        ("If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n".to_owned(), 200),
    ] {
        let reply = ask(member, "GET", url, &fields).await;
        let body = if status == 304 { "" } else { "hello" };
        assert_eq!((reply.status, reply.body.as_str()), (status, body), "{fields}");
        assert!(is_hit(&reply) && reply.header("etag") == Some("\"1\""), "{fields}");
    }
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn variants_are_kept_side_by_side() {
    let origin = Pages::start().await;
    let page = Page::fresh("in ").with("Vary", "Accept-Language").echoing("accept-language");
    origin.put("/a", page);
    let (_array, member) = member(&origin).await;
    let url = "http://a.test/a";
    let asked = |language: &str| format!("Accept-Language: {language}\r\n");
    assert_eq!(ask(member, "GET", url, &asked("en")).await.body, "in en");
    settled(member).await;
    let other = ask(member, "GET", url, &asked("de")).await;
    assert_eq!(other.body, "in de");
    assert!(cache_status(&other).starts_with("m1; fwd=vary-miss; stored"), "{}", other.head);
    settled(member).await;
    for language in ["en", "de"] {
        let reply = ask(member, "GET", url, &asked(language)).await;
        assert!(is_hit(&reply));
        assert_eq!(reply.body, format!("in {language}"));
    }
    assert_eq!(ask(member, "GET", url, "").await.body, "in ");
    assert_eq!(origin.count("/a"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_nothing_but_what_is_stored_costs_the_origin_nothing() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let (_array, member) = member(&origin).await;
    let only = "Cache-Control: only-if-cached\r\n";
    let refused = ask(member, "GET", "http://a.test/a", only).await;
    assert_eq!((refused.status, origin.count("/a")), (504, 0));
    assert!(cache_status(&refused).starts_with("m1; fwd=uri-miss"), "{}", refused.head);
    get(member, "http://a.test/a").await;
    settled(member).await;
    assert_eq!(ask(member, "GET", "http://a.test/a", only).await.body, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_stores_nothing_says_nothing_of_a_cache() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let (_array, member) =
        member_with(&origin, |settings| settings.cache.enabled = Some(false)).await;
    for _ in 0..2 {
        assert_eq!(get(member, "http://a.test/a").await.header("cache-status"), None);
    }
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_an_array_only_the_owner_stores() {
    let origin = Pages::start().await;
    let array = Array::start(3, origin.address).await;
    for i in 0..12 {
        let path = format!("/{i}");
        origin.put(&path, Page::fresh("hello"));
        let url = format!("http://a.test{path}");
        let owner = array.owner(&url).await;
        for member in array.members.iter().cycle().skip(i % 3).take(6) {
            let reply = get(*member, &url).await;
            assert_eq!(reply.body, "hello");
            assert!(cache_status(&reply).starts_with(&format!("{owner}; ")), "{}", reply.head);
            settled(array.member(&owner)).await;
        }
        assert_eq!(origin.count(&path), 1);
        for name in ["m1", "m2", "m3"] {
            let rows = look(array.member(name), &url).await.len();
            assert_eq!(rows, usize::from(name == owner), "{url} at {name}, owned by {owner}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_answers_a_get_with_a_body_is_not_stored_for_those_without() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let (_array, member) = member(&origin).await;
    let url = "http://a.test/a";
    let fat = format!(
        "GET {url} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
    );
    let reply = crate::support::client::exchange(member, &fat).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
    assert_eq!(cache_status(&reply), format!(r#"m1; fwd=bypass; key="{url}""#));
    settled(member).await;
    assert!(!is_hit(&get(member, url).await));
    assert_eq!(origin.count("/a"), 2);
}
