//! Counters: nothing is silent.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::metrics::Durations;
use crate::blame::Cause;
use crate::net::serve::Seats;

/// Counts one kind of event.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts errors of ours by their type.
#[derive(Debug, Default)]
pub(super) struct Failures([Counter; Cause::WORDS.len()]);

impl Failures {
    pub(super) fn add(&self, cause: Cause) {
        if let Some(counter) = self.counter(cause.as_str()) {
            counter.add();
        }
    }

    /// How many of a type there were.
    pub(super) fn of(&self, word: &str) -> u64 {
        self.counter(word).map_or(0, Counter::value)
    }

    fn value(&self) -> u64 {
        self.0.iter().map(Counter::value).sum()
    }

    fn counter(&self, word: &str) -> Option<&Counter> {
        self.0.get(Cause::WORDS.iter().position(|other| *other == word)?)
    }
}

/// What a member counts since its start.
#[derive(Debug, Default)]
pub(super) struct Stats {
    /// Requests for somebody else's resources.
    pub(super) requests: Counter,
    /// Responses by the class of their status, 1xx first; own pages included.
    pub(super) responses: [Counter; 5],
    /// How long the heads of responses took.
    pub(super) response_head: Durations,
    /// Requests that were answered with an error of ours.
    pub(super) failures: Failures,
    /// Connections and streams; there once the member serves.
    pub(super) seats: OnceLock<Seats>,
    /// Tunnels that were opened.
    pub(super) tunnels: Counter,
    /// Of these, those that have ended.
    pub(super) tunnels_ended: Arc<Counter>,
    /// Requests of HTTP/1.1 that cannot be read, refused before anything else.
    pub(super) unreadable: Counter,
    /// Requests that a sibling passed to us.
    pub(super) from_siblings: Counter,
    /// Of these, those whose sender routes by another table.
    pub(super) foreign_table: Counter,
    /// Requests passed to a sibling.
    pub(super) to_siblings: Counter,
    /// Requests taken to the origin.
    pub(super) to_origin: Counter,
    /// Requests that were answered from what is stored.
    pub(super) hits: Counter,
    /// Of these, with what is stale.
    pub(super) stale_hits: Counter,
    /// Requests that what is stored could not answer.
    pub(super) misses: Counter,
    /// Stored responses that their origin called still good.
    pub(super) validated: Counter,
    /// Requests that another one's fetch served.
    pub(super) collapsed: Counter,
    /// Responses that were stored.
    pub(super) stored: Counter,
    /// Attempts at a sibling that failed, so that the next was asked.
    pub(super) fallbacks: Counter,
    /// Requests of clients that ask too often.
    pub(super) too_often: Counter,
    /// Connections of clients that have too many.
    pub(super) turned_away: Counter,
    /// Tables that were put to use.
    pub(super) tables: Counter,
    /// Polls that found nothing new.
    pub(super) polls_unchanged: Counter,
    /// Polls that failed: no connection, no answer, another status.
    pub(super) polls_failed: Counter,
    /// Answers without a byte.
    pub(super) polls_empty: Counter,
    /// Answers that are no valid table.
    pub(super) polls_malformed: Counter,
    /// Tables of a newer version than is read.
    pub(super) polls_too_new: Counter,
    /// Tables that lost more than half of their members and wait to be seen again.
    pub(super) polls_shrunken: Counter,
    /// Times that the last good table could not be kept on disk.
    pub(super) not_kept: Counter,
    /// Certificates that were put to use since the start.
    pub(super) certificates: Counter,
    /// Times that the files of the certificate changed to what cannot be used.
    pub(super) certificates_refused: Counter,
}

impl Stats {
    /// Counts a response whose head took so long.
    pub(super) fn responded(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).checked_sub(1);
        if let Some(counter) = class.and_then(|class| self.responses.get(class)) {
            counter.add();
        }
        self.response_head.observe(took);
    }

    pub(super) fn cache_json(&self) -> Value {
        json!({
            "hits": self.hits.value(),
            "stale_hits": self.stale_hits.value(),
            "misses": self.misses.value(),
            "validated": self.validated.value(),
            "collapsed": self.collapsed.value(),
            "stored": self.stored.value(),
        })
    }

    pub(super) fn as_json(&self) -> Value {
        json!({
            "requests": self.requests.value(),
            "failures": self.failures.value(),
            "unreadable": self.unreadable.value(),
            "from_siblings": self.from_siblings.value(),
            "foreign_table": self.foreign_table.value(),
            "to_siblings": self.to_siblings.value(),
            "to_origin": self.to_origin.value(),
            "fallbacks": self.fallbacks.value(),
            "cache": self.cache_json(),
            "too_often": self.too_often.value(),
            "turned_away": self.turned_away.value(),
            "tables": self.tables.value(),
            "polls": {
                "unchanged": self.polls_unchanged.value(),
                "failed": self.polls_failed.value(),
                "empty": self.polls_empty.value(),
                "malformed": self.polls_malformed.value(),
                "too_new": self.polls_too_new.value(),
                "shrunken": self.polls_shrunken.value(),
            },
            "not_kept": self.not_kept.value(),
            "certificates": {
                "replaced": self.certificates.value(),
                "refused": self.certificates_refused.value(),
            },
        })
    }
}
