//! Bodies that end too early are passed on as what they are, and never served again.

use crate::support::caching::{
    is_hit, look, member, member_with_disk, nothing_unfinished_stays, settled,
};
use crate::support::client::get;
use crate::support::pages::{Framing, Page, Pages, pattern};

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_come_whole_is_never_served_again() {
    let origin = Pages::start().await;
    let (_array, in_memory) = member(&origin).await;
    let (_array_too, on_a_disk, folder) = member_with_disk(&origin).await;
    for (member, kind) in [(in_memory, "memory"), (on_a_disk, "disk")] {
        for (i, length) in [10, 100_000, 3_000_123].into_iter().enumerate() {
            let body = pattern(length);
            for (framing, name) in [(Framing::Length, "length"), (Framing::Chunked, "chunked")] {
                let path = format!("/{kind}/{name}/{i}");
                let url = format!("http://a.test{path}");
                let page = Page::fresh(body.as_str()).with("ETag", "\"1\"").framed(framing);
                origin.put(&path, page.clone().breaking_at(length - 1));
                let broken = get(member, &url).await;
                assert!(broken.content().len() < length, "{path}");
                assert!(!broken.body.ends_with("0\r\n\r\n"), "{path}: it looks whole");
                settled(member).await;
                assert!(look(member, &url).await.is_empty(), "{path}");
                origin.put(&path, page);
                assert!(get(member, &url).await.content() == body, "{path}");
                settled(member).await;
                let hit = get(member, &url).await;
                assert!(is_hit(&hit) && hit.body == body, "{path}");
                assert_eq!(origin.count(&path), 2, "{path}");
            }
        }
    }
    nothing_unfinished_stays(&folder.path().join("cache")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_ends_with_its_connection_is_passed_on_and_not_stored() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let page = Page::fresh("as far as it came").framed(Framing::UntilClose);
    origin.put("/a", page);
    for _ in 0..2 {
        assert_eq!(get(member, "http://a.test/a").await.content(), "as far as it came");
    }
    assert_eq!(origin.count("/a"), 2);
}
