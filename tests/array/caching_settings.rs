//! What the administrator says of storing.

use serde_json::json;

use crate::support::caching::{
    ask, is_hit, look, manage, member, member_with, nothing_unfinished_stays, settled, statistics,
};
use crate::support::client::get;
use crate::support::pages::{Framing, Page, Pages, pattern};

const URL: &str = "http://a.test/a";

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_stored_as_long_as_the_administrator_says() {
    let origin = Pages::start().await;
    let (_array, plain) = member(&origin).await;
    let (_array_too, negative) =
        member_with(&origin, |settings| settings.cache.negative = Some("60s".parse().unwrap()))
            .await;
    for (path, status, stored) in
        [("/404", 404, true), ("/410", 410, true), ("/500", 500, false), ("/403", 403, false)]
    {
        origin.put(path, Page::new("no").status(status));
        let url = format!("http://a.test{path}");
        for (member, stored) in [(plain, false), (negative, stored)] {
            get(member, &url).await;
            settled(member).await;
            let again = get(member, &url).await;
            assert_eq!((again.status, is_hit(&again)), (status, stored), "{path}");
        }
    }
    // What its origin says itself counts more.
    origin.put("/a", Page::new("no").status(404).with("Cache-Control", "no-store"));
    for _ in 0..2 {
        assert!(!is_hit(&get(negative, URL).await));
    }
    origin.put("/said", Page::fresh("no").status(404));
    get(plain, "http://a.test/said").await;
    settled(plain).await;
    assert!(is_hit(&get(plain, "http://a.test/said").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_is_meant_for_us_counts_in_the_place_of_cache_control() {
    let origin = Pages::start().await;
    let (_array, plain) = member(&origin).await;
    let (_array_too, targeted) = member_with(&origin, |settings| {
        settings.cache.targets =
            vec!["Parray-Cache-Control".to_owned(), "CDN-Cache-Control".to_owned()];
    })
    .await;
    for (path, ours, cdn, all, hits) in [
        ("/for-cdns", None, Some("max-age=60"), "no-store", [false, true]),
        ("/not-for-cdns", None, Some("no-store"), "max-age=60", [true, false]),
        ("/first-counts", Some("no-store"), Some("max-age=60"), "max-age=60", [true, false]),
        ("/malformed", None, Some("max-age=\"60"), "max-age=60", [true, true]),
        ("/only", None, None, "max-age=60", [true, true]),
    ] {
        let mut page = Page::new("hello").with("Cache-Control", all);
        for (name, value) in [("Parray-Cache-Control", ours), ("CDN-Cache-Control", cdn)] {
            page = value.into_iter().fold(page, |page, value| page.with(name, value));
        }
        origin.put(path, page);
        let url = format!("http://a.test{path}");
        for (member, hit) in [plain, targeted].into_iter().zip(hits) {
            get(member, &url).await;
            settled(member).await;
            assert_eq!(is_hit(&get(member, &url).await), hit, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_the_largest_object_is_passed_on() {
    let origin = Pages::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (_array, in_memory) =
        member_with(&origin, |settings| settings.cache.max_object = Some("2MB".parse().unwrap()))
            .await;
    let (_array_too, on_a_disk) = member_with(&origin, |settings| {
        settings.cache.max_object = Some("2MB".parse().unwrap());
        settings.cache.folder = Some(folder.path().join("cache"));
    })
    .await;
    let (fits, large) = (pattern(2 << 20), pattern((2 << 20) + 1));
    for member in [in_memory, on_a_disk] {
        for (path, body, framing, stored) in [
            ("/fits", &fits, Framing::Length, true),
            ("/fits-in-chunks", &fits, Framing::Chunked, true),
            ("/large", &large, Framing::Length, false),
            ("/large-in-chunks", &large, Framing::Chunked, false),
        ] {
            let url = format!("http://a.test{path}");
            origin.put(path, Page::fresh(body.as_str()).framed(framing));
            assert!(get(member, &url).await.content() == *body, "{path}");
            settled(member).await;
            assert_eq!(!look(member, &url).await.is_empty(), stored, "{path}");
            let again = get(member, &url).await;
            assert!(is_hit(&again) == stored && again.content() == *body, "{path}");
        }
    }
    nothing_unfinished_stays(&folder.path().join("cache")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_lifetime_a_tenth_of_the_time_since_the_last_change_counts() {
    let origin = Pages::start().await;
    let (_array, plain) = member(&origin).await;
    let (_array_too, never) =
        member_with(&origin, |settings| settings.cache.heuristic_percent = Some(0)).await;
    let page = Page::new("hello").with("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    origin.put("/a", page);
    for (member, hit) in [(plain, true), (never, false)] {
        get(member, URL).await;
        settled(member).await;
        assert_eq!(is_hit(&ask(member, "GET", URL, "").await), hit);
    }
    // A day at most, however long ago that was.
    let row = &look(plain, URL).await[0];
    let fresh_for = row["fresh_for"].as_u64().unwrap();
    assert!((86_000..=86_400).contains(&fresh_for), "{row}");
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_stays_within_what_it_was_given() {
    let origin = Pages::start().await;
    let (_array, member) =
        member_with(&origin, |settings| settings.cache.memory = Some("8MB".parse().unwrap())).await;
    let body = pattern(400_000);
    for i in 0..60 {
        let path = format!("/{i}");
        origin.put(&path, Page::fresh(body.as_str()));
        get(member, &format!("http://a.test{path}")).await;
        settled(member).await;
    }
    let told = statistics(member).await;
    let memory = &told["memory"];
    assert_eq!(memory["capacity"], 8 << 20);
    let (bytes, urls) = (memory["bytes"].as_u64().unwrap(), memory["urls"].as_u64().unwrap());
    assert!(bytes <= 8 << 20 && bytes > 4 << 20 && urls >= 10, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_stays_within_its_size_and_what_is_asked_for_stays_in_it() {
    let origin = Pages::start().await;
    let folder = tempfile::tempdir().unwrap();
    let (_array, member) = member_with(&origin, |settings| {
        settings.cache.folder = Some(folder.path().join("cache"));
        settings.cache.size = Some("16MB".parse().unwrap());
    })
    .await;
    let (body, url) = (pattern(1_500_000), |i: usize| format!("http://a.test/{i}"));
    for i in 0..40 {
        origin.put(&format!("/{i}"), Page::fresh(body.as_str()));
        get(member, &url(i)).await;
        settled(member).await;
        assert!(get(member, &url(0)).await.body == body);
    }
    // A file that is removed and still open would take its room all the same.
    let mut open = 0;
    for file in std::fs::read_dir("/proc/self/fd").unwrap() {
        let Ok(path) = std::fs::read_link(file.unwrap().path()) else { continue };
        open += usize::from(path.starts_with(folder.path()) && path.metadata().is_err());
    }
    assert_eq!(open, 0, "files are open that were removed");
    let mut stored = 0;
    for i in 0..40 {
        stored += look(member, &url(i)).await.len();
    }
    assert!((5..=11).contains(&stored), "{stored} of 1.5 MB in 16 MB");
    assert_eq!(origin.count("/0"), 1, "asked for again and again");
}

#[tokio::test(flavor = "multi_thread")]
async fn media_types_that_are_denied_are_passed_on() {
    let origin = Pages::start().await;
    let (_array, member) = member_with(&origin, |settings| {
        settings.cache.deny_types = vec!["video/*".to_owned(), "text/html".to_owned()];
    })
    .await;
    for (path, said, stored) in [
        ("/film", "video/mp4", false),
        ("/page", "text/html; charset=utf-8", false),
        ("/style", "text/css", true),
    ] {
        let url = format!("http://a.test{path}");
        origin.put(path, Page::fresh("hello").with("Content-Type", said));
        get(member, &url).await;
        settled(member).await;
        let again = get(member, &url).await;
        assert_eq!((is_hit(&again), again.body.as_str()), (stored, "hello"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_and_the_largest_body_follow_the_cache_size_of_the_table() {
    let origin = Pages::start().await;
    let (array, member) = member(&origin).await;
    let body = pattern(3_000_000);
    origin.put("/a", Page::fresh(body.as_str()));
    // A 16th of 256 MB, then of 32 MB, then of 64 MB.
    for (megabytes, capacity, stored) in
        [(0_u32, 256_u64, true), (32, 32, false), (64, 64, true), (4_000_000_000, 0, true)]
    {
        let size = format!(r#"{{"cache_size": {megabytes}}}"#);
        array.api("PATCH", "members/m1", &size).await;
        array.settle().await;
        let told = statistics(member).await;
        let given = told["memory"]["capacity"].as_u64().unwrap() >> 20;
        if capacity > 0 {
            assert_eq!(given, capacity);
        } else {
            // Of memory there is only so much.
            assert!(given > 64 && given < 4_000_000_000, "{given}");
        }
        manage(member, "purge", &json!({ "url": URL })).await;
        assert!(get(member, URL).await.body == body);
        settled(member).await;
        assert_eq!(is_hit(&get(member, URL).await), stored, "{megabytes}");
    }
}
