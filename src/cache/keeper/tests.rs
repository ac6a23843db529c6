//! What comes late to a cache that has been told to forget.

use bytes::Bytes;

use super::*;
use crate::cache::freshness::{Exchange, Heuristics};
use crate::cache::media_types::MediaTypes;
use crate::cache::store::memory::StoredBody;
use crate::cache::stored::Received;
use crate::cache::vary::Vary;

const URL: &str = "http://a.test/a";

fn cache() -> Arc<Cache> {
    let settings = CacheSettings {
        name: "m1".to_owned(),
        memory: 1 << 20,
        memory_object: 1 << 16,
        max_object: 1 << 16,
        disk: None,
        heuristics: Heuristics::default(),
        stale_if_error: Duration::ZERO,
        targets: Vec::new(),
        types: MediaTypes::default(),
    };
    Cache::open(settings, OpenFiles { on_disk: 0, in_memory: 0 })
}

fn response(cache: &Cache, requested: Moment) -> Arc<Stored> {
    let exchange = Exchange { requested, received: requested };
    let (status, headers) = (hyper::StatusCode::OK, HeaderMap::new());
    let received = Received { url: URL, status, headers, vary: Vary::default(), exchange };
    let body = StoredBody::Memory(Bytes::from_static(b"hello"));
    Arc::new(Stored::new(Head::new(received, &cache.terms), body))
}

/// Whether memory has exactly this.
fn has(cache: &Cache, stored: &Arc<Stored>) -> bool {
    let found = cache.find(cache.key(URL));
    found.is_some_and(|found| found.variants.iter().any(|other| Arc::ptr_eq(other, stored)))
}

/// Keeps one that was asked for before, and one that was asked for after; a millisecond is long.
fn only_what_comes_after_is_kept(cache: &Cache, forget: impl Fn()) {
    let key = cache.key(URL);
    for _ in 0..100 {
        let before = response(cache, cache.asked_at(key));
        forget();
        let after = response(cache, cache.asked_at(key));
        for late in [&before, &after, &before] {
            cache.insert(key, late);
        }
        assert!(has(cache, &after) && !has(cache, &before));
    }
}

#[test]
fn what_was_asked_for_before_a_purge_is_not_kept_and_what_comes_after_is() {
    let cache = cache();
    only_what_comes_after_is_kept(&cache, || {
        cache.void(cache.key(URL));
    });
}

#[test]
fn what_was_asked_for_before_a_rule_does_not_take_the_place_of_what_comes_after() {
    for pattern in [Pattern::All, Pattern::Prefix("http://a.test/".to_owned())] {
        let cache = cache();
        only_what_comes_after_is_kept(&cache, || {
            assert!(cache.ban(pattern.clone()).unwrap());
        });
    }
}
