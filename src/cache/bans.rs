//! Stored responses that must not be used any more, told by a rule instead of one by one.
//!
//! A rule is a moment and a pattern: what was stored before that moment and matches is void. So a
//! million responses are purged at once, also those that only the disk knows.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::stored::Head;

/// What a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// All URLs that begin so.
    Prefix(String),
    /// All URLs of this host, whatever the port.
    Host(String),
    /// All URLs in which this regular expression is found.
    Regex(String),
    /// Everything.
    All,
}

/// One rule.
#[derive(Debug)]
struct Ban {
    before: Moment,
    pattern: Pattern,
    regex: Option<regex::Regex>,
}

/// As it is kept on disk.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    before: u64,
    pattern: Pattern,
}

/// The rules, newest last.
#[derive(Debug, Default)]
pub struct Bans {
    all: RwLock<Vec<Ban>>,
    /// The moment of the newest: what is stored later needs no look at them.
    newest: AtomicU64,
}

/// Rules at most; beyond that the oldest two are joined into one that bans everything before it.
const MOST: usize = 1000;

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {pattern:?} is no regular expression: {why}")]
pub struct PatternError {
    pattern: String,
    why: String,
}

impl Ban {
    fn new(before: Moment, pattern: Pattern) -> Result<Self, PatternError> {
        let regex = match &pattern {
            Pattern::Regex(text) => {
                let built = regex::RegexBuilder::new(text).size_limit(1 << 20).build();
                let wrong = |error: regex::Error| PatternError {
                    pattern: text.clone(),
                    why: error.to_string(),
                };
                Some(built.map_err(wrong)?)
            }
            Pattern::Prefix(_) | Pattern::Host(_) | Pattern::All => None,
        };
        Ok(Self { before, pattern, regex })
    }

    fn matches(&self, url: &str) -> bool {
        match &self.pattern {
            Pattern::Prefix(prefix) => url.starts_with(prefix.as_str()),
            Pattern::Host(host) => {
                host_of(url).is_some_and(|found| found.eq_ignore_ascii_case(host))
            }
            Pattern::Regex(_) => self.regex.as_ref().is_some_and(|regex| regex.is_match(url)),
            Pattern::All => true,
        }
    }
}

fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split('/').next()?;
    if authority.starts_with('[') {
        return authority.find(']').and_then(|end| authority.get(..=end));
    }
    authority.split(':').next()
}

impl Bans {
    /// The moment of the newest rule, if there ever was one.
    pub fn newest(&self) -> Option<Moment> {
        let newest = self.newest.load(Ordering::Acquire);
        (newest > 0).then_some(Moment(newest))
    }

    /// Adds a rule for what was asked for before `now`.
    ///
    /// # Errors
    /// A regular expression that is none, or too large.
    pub fn add(&self, pattern: Pattern, now: Moment) -> Result<(), PatternError> {
        let mut ban = Ban::new(now, pattern)?;
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        // What was asked for since the last rule counts as later than that.
        ban.before = self.newest().map_or(now, |newest| now.max(newest.next()));
        let before = ban.before;
        if matches!(ban.pattern, Pattern::All) {
            all.clear();
        }
        all.retain(|old| old.pattern != ban.pattern);
        if all.len() >= MOST {
            let joined = all.drain(..2).map(|ban| ban.before).max().unwrap_or_default();
            all.insert(0, Ban { before: joined, pattern: Pattern::All, regex: None });
        }
        all.push(ban);
        self.newest.store(before.0, Ordering::Release);
        Ok(())
    }

    /// Whether a stored response is void.
    pub fn bans(&self, head: &Head) -> bool {
        let stored = head.exchange.requested;
        if stored.0 > self.newest.load(Ordering::Acquire) {
            return false;
        }
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        all.iter().rev().take_while(|ban| ban.before >= stored).any(|ban| ban.matches(&head.url))
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.all.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As lines of JSON, for the disk.
    pub fn to_text(&self) -> String {
        let all = self.all.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for ban in all.iter() {
            let line = Line { before: ban.before.0, pattern: ban.pattern.clone() };
            text.push_str(&serde_json::to_string(&line).unwrap_or_default());
            text.push('\n');
        }
        text
    }

    /// Reads lines of JSON; what is none is left out.
    pub fn from_text(text: &str) -> Self {
        let bans = Self::default();
        for line in text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
            bans.add(line.pattern, Moment(line.before)).ok(); // it was one when it was written
        }
        bans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::freshness::{Exchange, Heuristics};
    use crate::cache::stored::{Received, Terms};
    use crate::cache::vary::Vary;

    fn head(url: &str, stored: u64) -> Head {
        let terms = Terms {
            heuristics: Heuristics::default(),
            name: "m".to_owned(),
            stale_if_error: std::time::Duration::ZERO,
            targets: Vec::new(),
            max_object: std::sync::Arc::new(1.into()),
            types: crate::cache::media_types::MediaTypes::default(),
        };
        let exchange = Exchange { requested: Moment(stored), received: Moment(stored) };
        let (status, headers) = (hyper::StatusCode::OK, hyper::HeaderMap::new());
        Head::new(Received { url, status, headers, vary: Vary::default(), exchange }, &terms)
    }

    #[test]
    fn what_was_stored_before_a_rule_and_matches_is_void() {
        let bans = Bans::default();
        bans.add(Pattern::Prefix("http://a.test/x".to_owned()), Moment(10)).unwrap();
        bans.add(Pattern::Host("B.test".to_owned()), Moment(20)).unwrap();
        bans.add(Pattern::Regex(r"\.css(\?|$)".to_owned()), Moment(30)).unwrap();
        let kept = Bans::from_text(&bans.to_text());
        for bans in [&bans, &kept] {
            assert!(bans.bans(&head("http://a.test/xy", 10)));
            assert!(!bans.bans(&head("http://a.test/xy", 11)));
            assert!(!bans.bans(&head("http://a.test/y", 1)));
            assert!(bans.bans(&head("http://b.test:8080/", 15)));
            assert!(!bans.bans(&head("http://b.test.c/", 15)));
            assert!(bans.bans(&head("http://c.test/a.css?1", 29)));
            assert!(!bans.bans(&head("http://c.test/a.css?1", 31)));
        }
    }

    #[test]
    fn a_pattern_that_is_none_is_refused() {
        assert!(Bans::default().add(Pattern::Regex("(".to_owned()), Moment(1)).is_err());
    }

    #[test]
    fn no_rule_is_lost_when_there_are_many() {
        let bans = Bans::default();
        for i in 0..2 * u64::try_from(MOST).unwrap() {
            bans.add(Pattern::Prefix(format!("http://{i}/")), Moment(i + 1)).unwrap();
        }
        assert!(bans.len() <= MOST);
        assert!(bans.bans(&head("http://3/", 2)) && bans.bans(&head("http://1999/", 1999)));
    }
}
