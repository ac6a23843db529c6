//! Stale responses: validated, used all the same, or replaced.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use tokio::task::JoinSet;

use crate::support::caching::{
    ask, cache_status, is_hit, look, member, member_with, member_with_disk, on_disk, settled,
    until_counted,
};
use crate::support::client::{Reply, get};
use crate::support::pages::{Page, Pages, pattern};

const URL: &str = "http://a.test/a";

fn age(reply: &Reply) -> u64 {
    reply.header("age").unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_response_that_is_still_good_is_validated_once_and_gets_new_fields() {
    let origin = Pages::start().await;
    let page = Page::stale("hello", "").with("X-Version", "1").with("X-Kept", "yes");
    origin.put("/a", page.news("Cache-Control", "max-age=60").news("X-Version", "2"));
    let (_array, member) = member(&origin).await;
    assert_eq!(age(&get(member, URL).await), 11);
    settled(member).await;
    let validated = get(member, URL).await;
    let expected = r#"m1; fwd=stale; fwd-status=304; stored; key="http://a.test/a""#;
    assert_eq!(cache_status(&validated), expected);
    let hit = get(member, URL).await;
    assert!(is_hit(&hit));
    for reply in [&validated, &hit] {
        assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
        assert_eq!((reply.header("x-version"), reply.header("x-kept")), (Some("2"), Some("yes")));
        assert!(age(reply) < 11, "age starts anew");
    }
    let asked = origin.arrived("/a");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].header("if-none-match").as_deref(), Some("\"1\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_validated_and_cannot_be_read_is_fetched_anew() {
    let origin = Pages::start().await;
    let body = pattern(2_000_000);
    origin.put("/a", Page::fresh(body.as_str()).with("ETag", "\"1\""));
    let (_array, member, folder) = member_with_disk(&origin).await;
    get(member, URL).await;
    on_disk(member, URL).await;
    damage(&folder.path().join("cache"));
    let reply = ask(member, "GET", URL, "Cache-Control: no-cache\r\n").await;
    assert!(reply.status == 200 && reply.body == body, "{}", reply.head);
    let conditions: Vec<_> =
        origin.arrived("/a").iter().map(|request| request.header("if-none-match")).collect();
    assert_eq!(conditions, [None, Some("\"1\"".to_owned()), None]);
}

/// Writes over a byte at the beginning of the body of every large file.
fn damage(cache: &Path) {
    let mut damaged = 0;
    for folder in std::fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path()) {
        for path in std::fs::read_dir(folder).into_iter().flatten() {
            let file = OpenOptions::new().write(true).open(path.unwrap().path()).unwrap();
            if file.metadata().unwrap().len() > 1_000_000 {
                file.write_at(b"!", 30_000).unwrap();
                damaged += 1;
            }
        }
    }
    assert_eq!(damaged, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_wait_share_one_validation() {
    let origin = Pages::start().await;
    let page = Page::stale("hello", "").news("Cache-Control", "max-age=60");
    origin.put("/a", page.clone());
    let (_array, member) = member(&origin).await;
    get(member, URL).await;
    settled(member).await;
    origin.put("/a", page.held());
    let mut clients = JoinSet::new();
    for i in 0..20 {
        // Conditional ones and those that want a part are answered out of it, too.
        let fields =
            ["", "If-None-Match: \"1\"\r\n", "Range: bytes=0-0\r\n"].get(i % 3).copied().unwrap();
        clients.spawn(ask(member, "GET", URL, fields));
    }
    until_counted(member, "misses", 21).await;
    origin.release("/a", 1);
    let mut statuses = clients.join_all().await.iter().map(|r| r.status).collect::<Vec<_>>();
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200; 7], vec![206; 6], vec![304; 7]].concat());
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_while_revalidate_answers_at_once_and_validates_behind() {
    let origin = Pages::start().await;
    let page = Page::stale("hello", ", stale-while-revalidate=60");
    let page = page.news("Cache-Control", "max-age=60");
    origin.put("/a", page.clone());
    let (_array, member) = member(&origin).await;
    get(member, URL).await;
    settled(member).await;
    origin.put("/a", page.held());
    // The origin does not answer before these have all been.
    for _ in 0..5 {
        let reply = get(member, URL).await;
        assert!(is_hit(&reply) && age(&reply) >= 11 && reply.body == "hello", "{}", reply.head);
    }
    origin.until("/a", 2).await;
    origin.release("/a", 1);
    settled(member).await;
    let reply = get(member, URL).await;
    assert!(is_hit(&reply) && age(&reply) < 11);
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_behind_turns_out_changed_is_there_for_the_next() {
    let origin = Pages::start().await;
    origin.put("/a", Page::stale("old", ", stale-while-revalidate=60"));
    let (_array, member) = member(&origin).await;
    get(member, URL).await;
    settled(member).await;
    origin.put("/a", Page::fresh("new").with("ETag", "\"2\""));
    assert_eq!(get(member, URL).await.body, "old");
    origin.until("/a", 2).await;
    settled(member).await;
    let reply = get(member, URL).await;
    assert!(is_hit(&reply) && reply.body == "new");
    assert_eq!(origin.count("/a"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_hidden_by_what_is_stored_only_where_that_is_allowed() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    for (path, more, fields, hidden) in [
        ("/allowed", ", stale-if-error=60", "", true),
        ("/silent", "", "", false),
        ("/client", "", "Cache-Control: stale-if-error=60\r\n", true),
        ("/too-old", ", stale-if-error=1", "", false),
        ("/never", ", stale-if-error=60, must-revalidate", "", false),
    ] {
        let url = format!("http://a.test{path}");
        origin.put(path, Page::stale("hello", more));
        get(member, &url).await;
        settled(member).await;
        origin.put(path, Page::new("broken").status(503));
        let reply = ask(member, "GET", &url, fields).await;
        let expected = if hidden { (200, "hello") } else { (503, "broken") };
        assert_eq!((reply.status, reply.body.as_str()), expected, "{path}");
        let told = cache_status(&reply).contains("detail=stale-if-error");
        assert_eq!(told, hidden, "{path}: {}", reply.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_is_gone_is_stood_in_for_but_not_where_that_is_forbidden() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let pages = [
        ("/allowed", "", 200),
        ("/must", ", must-revalidate", 502),
        ("/proxies", ", proxy-revalidate", 502),
        ("/shared", ", s-maxage=10", 502),
        ("/always", ", no-cache", 502),
        ("/not-long", ", stale-if-error=1", 502),
    ];
    for (path, more, _) in pages {
        origin.put(path, Page::stale("hello", more));
        get(member, &format!("http://a.test{path}")).await;
        settled(member).await;
    }
    origin.stop().await;
    for (path, _, status) in pages {
        let reply = get(member, &format!("http://a.test{path}")).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn how_long_an_origin_is_stood_in_for_is_the_administrators_to_say() {
    let origin = Pages::start().await;
    let (_array, member) = member_with(&origin, |settings| {
        settings.cache.stale_if_error = Some("1s".parse().unwrap());
    })
    .await;
    origin.put("/a", Page::stale("hello", ""));
    get(member, URL).await;
    settled(member).await;
    origin.stop().await;
    assert_eq!(get(member, URL).await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_is_passed_on_does_not_cost_what_is_stored() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    origin.put("/a", Page::stale("hello", ""));
    get(member, URL).await;
    settled(member).await;
    origin.put("/a", Page::new("broken").status(503));
    assert_eq!(get(member, URL).await.status, 503);
    origin.put("/a", Page::stale("hello", ""));
    assert_eq!(get(member, URL).await.body, "hello");
    let last = origin.arrived("/a").pop().unwrap();
    assert_eq!(last.header("if-none-match").as_deref(), Some("\"1\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_unstorable_response_supersedes_is_forgotten() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    origin.put("/a", Page::stale("old", ", stale-if-error=60"));
    get(member, URL).await;
    settled(member).await;
    origin.put("/a", Page::new("secret").with("Cache-Control", "no-store"));
    let reply = get(member, URL).await;
    assert_eq!(reply.body, "secret");
    assert!(!cache_status(&reply).contains("stored"), "{}", reply.head);
    assert!(look(member, URL).await.is_empty());
    origin.put("/a", Page::new("broken").status(503));
    assert_eq!(get(member, URL).await.status, 503, "nothing is left to stand in");
}
