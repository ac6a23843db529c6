//! Stored parts of one whole, put together.

use std::net::SocketAddr;

use parray::units::Size;

use crate::support::caching::{
    ask, cache_status, is_hit, look, member, member_with, member_with_disk, on_disk, settled,
    stored,
};
use crate::support::client::{Reply, get};
use crate::support::origin::Arrived;
use crate::support::pages::{Page, Pages, pattern};

const URL: &str = "http://a.test/a";

async fn ranged(member: SocketAddr, url: &str, bytes: &str) -> Reply {
    ask(member, "GET", url, &format!("Range: bytes={bytes}\r\n")).await
}

/// Asks for a part, and waits until all of it is stored.
async fn part(member: SocketAddr, bytes: &str) -> Reply {
    let reply = ranged(member, URL, bytes).await;
    let told = reply.header("content-range").unwrap_or_else(|| panic!("no part: {}", reply.head));
    let (first, last) = told.strip_prefix("bytes ").and_then(|told| told.split_once('-')).unwrap();
    let (last, _) = last.split_once('/').unwrap();
    let (mut at, last): (u64, u64) = (first.parse().unwrap(), last.parse().unwrap());
    while at <= last {
        for stored in look(member, URL).await {
            let [from, to] = [0, 1].map(|end| stored["part"][end].as_u64());
            let (from, to) = (from.unwrap_or(0), to.unwrap_or(u64::MAX));
            at = if from <= at { at.max(to) } else { at };
        }
        tokio::task::yield_now().await;
    }
    reply
}

fn page(body: &str, tag: &str) -> Page {
    Page::fresh(body).with("ETag", tag).ranged()
}

/// What the origin was asked for last.
fn last_range(origin: &Pages, path: &str) -> Option<String> {
    origin.arrived(path).last()?.header("range")
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_meet_answer_what_lies_across_them() {
    let origin = Pages::start().await;
    let body = pattern(3_000_000);
    origin.put("/a", page(&body, "\"1\""));
    let (_array, in_memory) = member(&origin).await;
    let (_array_too, on_a_disk, _folder) = member_with_disk(&origin).await;
    for (member, before) in [(in_memory, 0), (on_a_disk, 3)] {
        for bytes in ["1400000-2999999", "0-9", "10-1500000"] {
            assert_eq!(part(member, bytes).await.status, 206);
        }
        for (asked, from, to) in [
            ("5-14", 5, 15),
            ("1000000-2000000", 1_000_000, 2_000_001),
            ("-2999998", 2, 3_000_000),
            ("0-", 0, 3_000_000),
        ] {
            let reply = part(member, asked).await;
            assert!(is_hit(&reply) && reply.status == 206, "{asked}: {}", reply.head);
            let told = format!("bytes {from}-{}/3000000", to - 1);
            assert_eq!(reply.header("content-range"), Some(told.as_str()));
            assert!(reply.body == body[from..to], "{asked}");
        }
        let whole = get(member, URL).await;
        assert!(is_hit(&whole) && whole.status == 200 && whole.body == body, "{}", whole.head);
        assert_eq!(whole.header("content-range"), None);
        assert!(whole.header("age").is_some());
        assert_eq!(origin.count("/a"), before + 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_range_only_the_stretch_that_is_missing_is_fetched() {
    let origin = Pages::start().await;
    let body = pattern(1000);
    origin.put("/a", page(&body, "\"1\""));
    let (_array, member) = member(&origin).await;
    for (bytes, fetched, from, to) in [
        ("100-199", "bytes=100-199", 100, 200),
        ("150-249", "bytes=200-249", 150, 250),
        ("50-120", "bytes=50-99", 50, 121),
        ("400-499", "bytes=400-499", 400, 500),
        ("60-450", "bytes=250-399", 60, 451),
        ("50-", "bytes=500-999", 50, 1000),
    ] {
        let reply = part(member, bytes).await;
        assert_eq!(last_range(&origin, "/a").as_deref(), Some(fetched), "{bytes}");
        assert!(reply.status == 206 && reply.body == body[from..to], "{bytes}: {}", reply.head);
        let told = format!("bytes {from}-{}/1000", to - 1);
        assert_eq!(reply.header("content-range"), Some(told.as_str()));
    }
    let asked = origin.count("/a");
    assert!(is_hit(&part(member, "50-999").await));
    assert_eq!(origin.count("/a"), asked);
    // Two stretches are missing: it is fetched as it was asked for.
    origin.put("/b", page(&body, "\"1\""));
    ranged(member, "http://a.test/b", "100-199").await;
    stored(member, "http://a.test/b").await;
    ranged(member, "http://a.test/b", "50-249").await;
    assert_eq!(last_range(&origin, "/b").as_deref(), Some("bytes=50-249"));
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_without_the_same_strong_tag_are_not_put_together() {
    let origin = Pages::start().await;
    let body = pattern(1000);
    for page in [Page::fresh(body.as_str()).ranged(), page(&body, "W/\"1\"")] {
        let (_array, member) = member(&origin).await;
        origin.put("/a", page);
        part(member, "0-499").await;
        part(member, "500-999").await;
        let across = part(member, "400-599").await;
        assert!(cache_status(&across).contains("fwd=partial"), "{}", across.head);
        assert_eq!(last_range(&origin, "/a").as_deref(), Some("bytes=400-599"));
    }
}

/// The ranges that the origin was asked for.
fn ranges(origin: &Pages) -> Vec<String> {
    let range = |request: &Arrived| request.header("range").unwrap_or_default();
    origin.arrived("/a").iter().map(range).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_changed_is_not_mixed_with_what_was() {
    let origin = Pages::start().await;
    let (old, new) = ("a".repeat(1000), "b".repeat(1000));
    let (_array, member) = member(&origin).await;
    origin.put("/a", page(&old, "\"1\""));
    part(member, "0-499").await;
    origin.put("/a", page(&new, "\"2\""));
    let changed = part(member, "400-599").await;
    assert!(changed.status == 206 && changed.body == new[400..600], "{}", changed.head);
    assert_eq!(ranges(&origin), ["bytes=0-499", "bytes=500-599", "bytes=400-599"]);
    assert!(get(member, URL).await.body == new);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_in_is_asked_for_as_the_client_did() {
    let origin = Pages::start().await;
    let body = pattern(1000);
    let (_array, member) = member(&origin).await;
    origin.put("/a", page(&body, "\"1\""));
    part(member, "0-499").await;
    // Always the same part, whatever is asked for.
    let stubborn = Page::fresh(&body[400..600])
        .status(206)
        .with("ETag", "\"1\"")
        .with("Content-Range", "bytes 400-599/1000");
    origin.put("/a", stubborn);
    let reply = part(member, "400-599").await;
    assert!(reply.status == 206 && reply.body == body[400..600], "{}", reply.head);
    assert_eq!(ranges(&origin), ["bytes=0-499", "bytes=500-599", "bytes=400-599"]);
    // One who knows no ranges sends the whole.
    origin.put("/a", Page::fresh(body.as_str()).with("ETag", "\"1\""));
    let reply = ranged(member, URL, "500-699").await;
    assert!(reply.status == 206 && reply.body == body[500..700], "{}", reply.head);
    settled(member).await;
    stored(member, URL).await;
    let whole = get(member, URL).await;
    assert!(is_hit(&whole) && whole.body == body, "{}", whole.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_put_together_is_as_old_as_its_oldest_part_and_has_no_digest_of_one() {
    let origin = Pages::start().await;
    let body = pattern(1000);
    let (_array, member) = member(&origin).await;
    origin.put("/a", page(&body, "\"1\"").with("Content-Digest", "sha-256=:AA==:"));
    part(member, "0-499").await;
    let old = page(&body, "\"1\"").with("Content-Digest", "sha-256=:AA==:").with("Age", "30");
    origin.put("/a", old);
    for _again in 0..2 {
        let reply = part(member, "400-599").await;
        assert!(reply.body == body[400..600]);
        let age: u64 = reply.header("age").unwrap().parse().unwrap();
        assert!((30..60).contains(&age), "{}", reply.head);
        assert_eq!(reply.header("content-digest"), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_for_one_who_has_the_fields_already_is_not_stored_for_others() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    for (fields, kept) in [(&[][..], 0), (&[("Content-Type", "text/plain")], 1)] {
        let part = Page::fresh("01234").status(206).with("ETag", "\"1\"");
        let part = part.with("Content-Range", "bytes 0-4/10");
        let with = |page: Page, &(name, value): &(&str, &str)| page.with(name, value);
        origin.put("/a", fields.iter().fold(part, with));
        let reply = ask(member, "GET", URL, "Range: bytes=0-4\r\nIf-Range: \"1\"\r\n").await;
        assert_eq!((reply.status, reply.body.as_str()), (206, "01234"));
        assert_eq!(cache_status(&reply).contains("stored"), kept == 1, "{}", reply.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_more_bytes_than_memory_has_are_on_disk() {
    let (origin, body) = (Pages::start().await, pattern(12_000_000));
    origin.put("/a", page(&body, "\"1\""));
    let folder = tempfile::tempdir().unwrap();
    let started = || {
        member_with(&origin, |settings| {
            settings.cache.memory = Some(Size(8 << 20));
            settings.cache.folder = Some(folder.path().join("cache"));
        })
    };
    let (array, member) = started().await;
    for at in 0..40 {
        let reply = part(member, &format!("{}-{}", at * 300_000, at * 300_000 + 299_999)).await;
        assert!(reply.status == 206 && !is_hit(&reply), "{at} {}", reply.head);
    }
    let whole = get(member, URL).await;
    assert!(is_hit(&whole) && whole.body == body, "{}", whole.head);
    drop(array);
    let (_array, member) = started().await;
    let whole = get(member, URL).await;
    assert!(is_hit(&whole) && whole.body == body, "{}", whole.head);
    assert_eq!(origin.count("/a"), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_disk_the_latest_parts_stay() {
    let (origin, body) = (Pages::start().await, pattern(12_000_000));
    origin.put("/a", page(&body, "\"1\""));
    let (_array, member) =
        member_with(&origin, |settings| settings.cache.memory = Some(Size(8 << 20))).await;
    for at in 0..40 {
        part(member, &format!("{}-{}", at * 300_000, at * 300_000 + 299_999)).await;
    }
    let kept = look(member, URL).await.len();
    assert!((10..=14).contains(&kept), "{kept} of 300 000 bytes in half of 8 MiB");
    let first = 12_000_000 - kept * 300_000;
    let reply = ranged(member, URL, &format!("{first}-11999999")).await;
    assert!(is_hit(&reply) && reply.body == body[first..], "{}", reply.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stretch_that_breaks_off_breaks_the_response_off() {
    let origin = Pages::start().await;
    let body = pattern(100_000);
    let (_array, member) = member(&origin).await;
    origin.put("/a", page(&body, "\"1\""));
    part(member, "0-9999").await;
    part(member, "60000-99999").await;
    origin.put("/a", page(&body, "\"1\"").breaking_at(30_000));
    let reply = ranged(member, URL, "0-99999").await;
    assert!(reply.body.len() < 60_000 && reply.body == body[..reply.body.len()]);
    settled(member).await;
    assert_eq!(look(member, URL).await.len(), 2, "what broke off is not stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_ranges_of_a_large_body_are_one_whole_on_disk() {
    let origin = Pages::start().await;
    let body = pattern(6_400_000);
    origin.put("/a", page(&body, "\"1\""));
    let (_array, member, _folder) = member_with_disk(&origin).await;
    for at in 0..64 {
        let (first, last) = (at * 100_000, at * 100_000 + 99_999);
        let reply = part(member, &format!("{first}-{last}")).await;
        assert!(reply.body == body[first..=last], "{first}");
    }
    on_disk(member, URL).await;
    assert_eq!(origin.count("/a"), 64);
    let whole = get(member, URL).await;
    assert!(is_hit(&whole) && whole.body == body, "{}", whole.head);
}
