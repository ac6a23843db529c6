//! Requests that change something.

use crate::support::caching::{ask, is_hit, member, settled};
use crate::support::client::get;
use crate::support::pages::{Page, Pages};

#[tokio::test(flavor = "multi_thread")]
async fn a_write_makes_its_url_void_and_those_that_it_names_on_the_same_host() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let urls =
        ["http://a.test/own", "http://a.test/made", "http://a.test/told", "http://b.test/other"];
    for method in ["POST", "PUT", "DELETE", "PATCH", "FROBNICATE"] {
        for url in urls {
            origin.put(path(url), Page::fresh("hello"));
            get(member, url).await;
            settled(member).await;
            assert!(is_hit(&get(member, url).await));
        }
        let answer = Page::new("done").status(201);
        let made = answer
            .clone()
            .with("Location", "/made")
            .with("Content-Location", "http://A.test:80/told");
        origin.put("/own", made);
        assert_eq!(ask(member, method, urls[0], "").await.status, 201);
        origin.put("/own", Page::fresh("hello"));
        for url in &urls[..3] {
            assert!(!is_hit(&get(member, url).await), "{method} {url}");
            settled(member).await;
        }
        assert!(is_hit(&get(member, urls[3]).await));
        let elsewhere = answer.with("Location", urls[3]).with("Content-Location", urls[3]);
        origin.put("/own", elsewhere);
        ask(member, method, urls[0], "").await;
        assert!(is_hit(&get(member, urls[3]).await), "{method}: what others store is not touched");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_failed_makes_nothing_void_and_neither_does_what_changes_nothing() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let url = "http://a.test/own";
    origin.put("/own", Page::fresh("hello"));
    get(member, url).await;
    settled(member).await;
    for (method, status) in [("POST", 500), ("DELETE", 404), ("PUT", 412), ("OPTIONS", 200)] {
        origin.put("/own", Page::new("").status(status));
        assert_eq!(ask(member, method, url, "").await.status, status);
        assert!(is_hit(&get(member, url).await), "{method} {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_tells_that_what_is_stored_is_not_what_it_was() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let url = "http://a.test/own";
    origin.put("/own", Page::stale("hello", ""));
    get(member, url).await;
    settled(member).await;
    origin.put("/own", Page::fresh("changed").with("ETag", "\"2\""));
    assert_eq!(ask(member, "HEAD", url, "").await.header("etag"), Some("\"2\""));
    let reply = get(member, url).await;
    assert_eq!(reply.body, "changed");
    let last = origin.arrived("/own").pop().unwrap();
    assert_eq!(last.header("if-none-match"), None, "there is nothing to validate any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_tells_of_the_same_makes_what_is_stored_fresh() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let url = "http://a.test/own";
    origin.put("/own", Page::stale("hello", ""));
    get(member, url).await;
    settled(member).await;
    origin.put("/own", Page::fresh("hello").with("ETag", "\"1\"").with("X-Version", "2"));
    assert_eq!(ask(member, "HEAD", url, "").await.status, 200);
    let reply = get(member, url).await;
    assert!(is_hit(&reply) && reply.body == "hello", "{}", reply.head);
    assert_eq!(reply.header("x-version"), Some("2"));
    assert_eq!(origin.count("/own"), 2);
}

fn path(url: &str) -> &str {
    url.find("test").map_or(url, |at| &url[at + 4..])
}
