//! Many who want the same at the same time: one fetch, and nobody waits for a slower one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::support::array::Array;
use crate::support::caching::{
    ask, cache_status, is_hit, member, member_with, member_with_disk, settled, until_counted,
};
use crate::support::client::{Client, get};
use crate::support::pages::{Framing, Page, Pages, pattern};

const URL: &str = "http://a.test/a";
const REQUEST: &str = "GET http://a.test/a HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

/// More than systems keep for a client that does not read; and no whole number of blocks.
const LARGE: usize = 12_000_123;

#[tokio::test(flavor = "multi_thread")]
async fn fifty_clients_at_once_are_one_request() {
    let origin = Pages::start().await;
    let body = pattern(200_000);
    origin.put("/a", Page::fresh(body.as_str()).held());
    let (_array, member) = member(&origin).await;
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        clients.spawn(get(member, URL));
    }
    until_counted(member, "misses", 50).await;
    origin.release("/a", 1);
    let replies = clients.join_all().await;
    assert!(replies.iter().all(|reply| reply.status == 200 && reply.body == body));
    let collapsed = replies.iter().filter(|reply| cache_status(reply).contains("; collapsed"));
    // One may have come so late that it was stored already.
    assert!(collapsed.count() + replies.iter().filter(|reply| is_hit(reply)).count() == 49);
    assert_eq!(origin.count("/a"), 1);
}

/// Clients that never read, that leave, and that read all, through one fetch.
async fn each_goes_at_its_own_pace(origin: &Pages, member: SocketAddr, page: Page) {
    let body = pattern(LARGE);
    origin.put("/a", page.held());
    let mut stalled = Client::connect_narrow(member).await;
    stalled.send(REQUEST).await;
    let mut leaver = Client::connect_narrow(member).await;
    leaver.send(REQUEST).await;
    let mut clients = JoinSet::new();
    for _ in 0..4 {
        clients.spawn(get(member, URL));
    }
    until_counted(member, "misses", 6).await;
    origin.release("/a", 1);
    leaver.head().await;
    drop(leaver);
    for reply in clients.join_all().await {
        assert!(reply.status == 200 && reply.content() == body, "{}", reply.body.len());
    }
    settled(member).await;
    let hit = get(member, URL).await;
    assert!(is_hit(&hit) && hit.body == body, "stored although one has read nothing");
    let head = stalled.head().await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let reply = crate::support::client::Reply { status: 200, body: stalled.rest().await, head };
    assert!(reply.content() == body, "{} of {LARGE} bytes", reply.body.len());
    assert_eq!(origin.count("/a"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_holds_nobody_up_with_memory_alone() {
    let origin = Pages::start().await;
    let large = |settings: &mut parray::config::file::MemberFile| {
        settings.cache.memory = Some("1GB".parse().unwrap());
    };
    let (_array, member) = member_with(&origin, large).await;
    each_goes_at_its_own_pace(&origin, member, Page::fresh(pattern(LARGE))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_holds_nobody_up_with_a_disk() {
    let origin = Pages::start().await;
    let (_array, member, _folder) = member_with_disk(&origin).await;
    each_goes_at_its_own_pace(&origin, member, Page::fresh(pattern(LARGE))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_holds_nobody_up_when_the_length_is_not_known() {
    let origin = Pages::start().await;
    let (_array, member, _folder) = member_with_disk(&origin).await;
    let page = Page::fresh(pattern(LARGE)).framed(Framing::Chunked);
    each_goes_at_its_own_pace(&origin, member, page).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fetch_goes_on_for_the_rest_when_the_first_client_leaves() {
    let origin = Pages::start().await;
    let body = pattern(3_000_000);
    let page = Page::fresh(body.as_str());
    for (page, leaves_early) in [(page.clone().held(), true), (page.pausing_at(100_000), false)] {
        let (_array, member) = member(&origin).await;
        let before = origin.count("/a");
        origin.put("/a", page);
        let mut first = Client::connect(member).await;
        first.send(REQUEST).await;
        origin.until("/a", before + 1).await;
        if !leaves_early {
            first.head().await;
            first.read(50_000).await;
        }
        let second = tokio::spawn(get(member, URL));
        until_counted(member, "misses", 2).await;
        drop(first);
        origin.release("/a", 1);
        let reply = second.await.unwrap();
        assert!(reply.status == 200 && reply.body == body, "{}", reply.body.len());
        assert_eq!(origin.count("/a"), before + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_shared_is_fetched_for_each_side_by_side() {
    let origin = Pages::start().await;
    let page = Page::new("for number ").with("Cache-Control", "no-store").numbered();
    origin.put("/a", page.held());
    let (_array, member) = member(&origin).await;
    let mut clients = JoinSet::new();
    for _ in 0..10 {
        clients.spawn(get(member, URL));
    }
    until_counted(member, "misses", 10).await;
    origin.until("/a", 1).await;
    origin.release("/a", 1);
    // All others ask by themselves before the next is answered.
    origin.until("/a", 10).await;
    // And so do those who come now: nobody waits for what turned out to be nothing to share.
    for _ in 0..5 {
        clients.spawn(get(member, URL));
    }
    origin.until("/a", 15).await;
    origin.release("/a", 14);
    let mut bodies: Vec<String> =
        clients.join_all().await.into_iter().map(|reply| reply.body).collect();
    bodies.sort();
    bodies.dedup();
    assert_eq!(bodies.len(), 15, "each got its own: {bodies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_can_be_shared_after_all_is_shared_again() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    origin.put("/a", Page::new("mine").with("Cache-Control", "private"));
    get(member, URL).await;
    origin.put("/a", Page::fresh("ours"));
    get(member, URL).await;
    assert!(!crate::support::caching::stored(member, URL).await.is_null());
    assert_eq!(get(member, URL).await.body, "ours");
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_or_a_head_does_not_make_a_url_one_that_cannot_be_shared() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    origin.put("/a", Page::new("done"));
    ask(member, "POST", URL, "").await;
    ask(member, "HEAD", URL, "").await;
    origin.put("/a", Page::fresh("ours").held());
    let mut clients = JoinSet::new();
    for _ in 0..5 {
        clients.spawn(get(member, URL));
    }
    until_counted(member, "misses", 7).await;
    origin.release("/a", 5);
    assert!(clients.join_all().await.iter().all(|reply| reply.body == "ours"));
    assert_eq!(origin.count("/a"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_fails_is_tried_once_for_all_who_wait() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (let_go, gone) = watch::channel(false);
    let connects = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connects);
    let mut dropping = JoinSet::new();
    dropping.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            // The request is read, so that the end is one and no reset.
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
            gone.clone().wait_for(|gone| *gone).await.unwrap();
        }
    });
    let array = Array::start(1, address).await;
    let mut clients = JoinSet::new();
    for _ in 0..30 {
        clients.spawn(get(array.members[0], URL));
    }
    until_counted(array.members[0], "misses", 30).await;
    let_go.send(true).unwrap();
    for reply in clients.join_all().await {
        assert_eq!(reply.status, 502, "{}", reply.head);
        assert!(reply.header("proxy-status").unwrap().contains("error=connection_terminated"));
    }
    assert_eq!(connects.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_no_stale_response_gets_none_from_the_fetch_of_another() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    origin.put("/a", Page::stale("old", ", stale-if-error=60"));
    get(member, URL).await;
    settled(member).await;
    origin.put("/a", Page::new("broken").status(503).held());
    let first = tokio::spawn(get(member, URL));
    origin.until("/a", 2).await;
    let strict = tokio::spawn(ask(member, "GET", URL, "Cache-Control: no-cache\r\n"));
    let second = tokio::spawn(get(member, URL));
    until_counted(member, "misses", 4).await;
    origin.release("/a", 2);
    for reply in [first.await.unwrap(), second.await.unwrap()] {
        assert_eq!((reply.status, reply.body.as_str()), (200, "old"), "{}", reply.head);
        assert!(cache_status(&reply).contains("hit; detail=stale-if-error"), "{}", reply.head);
    }
    assert_eq!(strict.await.unwrap().status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_owner_is_dead_many_who_want_the_same_are_still_one_request() {
    let origin = Pages::start().await;
    origin.put("/a", Page::fresh("hello"));
    let array = Array::start(3, origin.address).await;
    let owner = array.owner(URL).await;
    let asked = ["m1", "m2", "m3"].into_iter().find(|name| *name != owner).unwrap();
    array.stop(&owner).await;
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        clients.spawn(get(array.member(asked), URL));
    }
    for reply in clients.join_all().await {
        assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
    }
    assert_eq!(origin.count("/a"), 1);
}
