//! What comes late to a cache that has been told to forget.

use super::*;
use crate::cache::freshness::{Exchange, Heuristics};
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

#[test]
fn what_was_asked_for_before_a_rule_does_not_take_the_place_of_what_came_after() {
    for pattern in [Pattern::All, Pattern::Prefix("http://a.test/".to_owned())] {
        let cache = cache();
        let before = response(&cache, Moment::now());
        cache.ban(pattern).unwrap();
        let after = response(&cache, Moment::now() + Duration::from_secs(1));
        cache.insert(cache.key(URL), &after);
        cache.insert(cache.key(URL), &before);
        assert!(has(&cache, &after) && !has(&cache, &before));
    }
}

#[test]
fn what_was_asked_for_in_the_millisecond_of_a_purge_is_not_kept() {
    let cache = cache();
    let (key, before) = (cache.key(URL), Moment::now());
    cache.void(key);
    let purged = cache.purged.get(&key).unwrap().at;
    for (requested, kept) in
        [(before, false), (purged, false), (purged + Duration::from_millis(1), true)]
    {
        let stored = response(&cache, requested);
        cache.insert(key, &stored);
        assert_eq!(has(&cache, &stored), kept, "{requested:?} {purged:?}");
    }
}
