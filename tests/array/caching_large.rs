//! Large bodies in memory: the kernel sends them.

use crate::support::caching::{is_hit, manage, member, member_with, settled};
use crate::support::client::{Client, get};
use crate::support::pages::{Page, Pages, pattern};
use crate::support::tls::Identity;

const URL: &str = "http://a.test/a";

fn get_of(version: &str, fields: &str) -> String {
    format!("GET {URL} HTTP/{version}\r\nHost: a.test\r\n{fields}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_body_is_the_same_over_every_kind_of_connection() {
    let (origin, identity) = (Pages::start().await, Identity::new());
    let (_array, member) =
        member_with(&origin, |settings| settings.tls = Some(identity.files())).await;
    for length in [32_767, 32_768, 65_536, 2_000_123] {
        let body = pattern(length);
        origin.put("/a", Page::fresh(body.as_str()));
        manage(member, "purge", &serde_json::json!({ "url": URL })).await;
        get(member, URL).await;
        settled(member).await;
        let plain = Client::connect(member).await;
        let tls = Client::over(identity.connect(member, &["http/1.1"]).await);
        for mut client in [plain, tls] {
            // One after another, without waiting, the last from an old client.
            let part = |range: &str| get_of("1.1", &format!("Range: bytes={range}\r\n"));
            let whole = || get_of("1.1", "");
            let parts = [part("1000-32766"), part("1001-")];
            let all = [whole(), parts.concat(), whole(), get_of("1.0", "")].concat();
            client.send(&all).await;
            for bytes in [0..length, 1000..32_767, 1001..length, 0..length] {
                let reply = client.reply().await;
                assert!(is_hit(&reply), "{}", reply.head);
                assert!(reply.body == body[bytes], "{length}");
            }
            let old = client.rest().await;
            assert!(old.split_once("\r\n\r\n").unwrap().1 == body, "{length}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_slow_client_is_being_sent_stays_as_it_was() {
    let origin = Pages::start().await;
    let (_array, member) = member(&origin).await;
    let (old, new) = (pattern(6_000_000), "x".repeat(6_000_000));
    origin.put("/a", Page::fresh(old.as_str()));
    get(member, URL).await;
    settled(member).await;
    let mut slow = Client::connect_narrow(member).await;
    slow.send(&get_of("1.1", "")).await;
    let head = slow.head().await;
    assert!(head.contains("; hit"), "{head}");
    let begun = slow.read(1000).await;
    manage(member, "purge", &serde_json::json!({ "url": URL })).await;
    origin.put("/a", Page::fresh(new.as_str()));
    for _ in 0..3 {
        assert!(get(member, URL).await.body == new);
    }
    assert!(begun + &slow.read(old.len() - 1000).await == old);
}
