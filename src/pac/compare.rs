//! What changes for whom between two PACs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::urls::Asked;

/// How much of something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// URLs, each once.
    pub urls: u64,
    /// Hosts of these, each once.
    pub hosts: u64,
    /// Requests for them.
    pub requests: u64,
    /// Bytes that were sent for them.
    pub bytes: u64,
}

/// URLs that get the same other answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What they got.
    pub old: String,
    /// What they get.
    pub new: String,
    /// How many they are.
    pub counts: Counts,
    /// The shortest of these URLs; of equal ones the first in the alphabet.
    pub example: String,
}

/// What two PACs differ in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// What was asked for.
    pub all: Counts,
    /// What gets another answer.
    pub changed: Counts,
    /// The changes, those of most requests first.
    pub changes: Vec<Change>,
}

/// Compares the answers of two PACs for the same URLs, in their order.
pub fn compare(asked: &[Asked], old: &[String], new: &[String]) -> Comparison {
    let (mut all, mut changed) = (Sum::default(), Sum::default());
    let mut groups: BTreeMap<(&str, &str), (Sum, &str)> = BTreeMap::new();
    for ((asked, old), new) in asked.iter().zip(old).zip(new) {
        all.add(asked);
        if old == new {
            continue;
        }
        changed.add(asked);
        let (sum, example) =
            groups.entry((old, new)).or_insert_with(|| (Sum::default(), &asked.url));
        sum.add(asked);
        *example = [*example, &asked.url]
            .into_iter()
            .min_by_key(|url| (url.len(), *url))
            .unwrap_or_default();
    }
    let mut changes: Vec<Change> = groups
        .into_iter()
        .map(|((old, new), (sum, example))| Change {
            old: old.to_owned(),
            new: new.to_owned(),
            counts: sum.counts(),
            example: example.to_owned(),
        })
        .collect();
    changes.sort_by_key(|change| std::cmp::Reverse((change.counts.requests, change.counts.urls)));
    Comparison { all: all.counts(), changed: changed.counts(), changes }
}

#[derive(Default)]
struct Sum {
    counts: Counts,
    hosts: BTreeSet<String>,
}

impl Sum {
    fn add(&mut self, asked: &Asked) {
        self.counts.urls += 1;
        self.counts.requests = self.counts.requests.saturating_add(asked.requests);
        self.counts.bytes = self.counts.bytes.saturating_add(asked.bytes);
        let host = crate::route::RouteKey::of(&asked.url, pat::HashKey::Host);
        if !self.hosts.contains(host.as_str()) {
            self.hosts.insert(host.as_str().to_owned());
        }
    }

    fn counts(&self) -> Counts {
        Counts { hosts: u64::try_from(self.hosts.len()).unwrap_or(u64::MAX), ..self.counts }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_grouped_and_told_by_their_shortest_url() {
        let asked = |url: &str, requests, bytes| Asked { url: url.to_owned(), requests, bytes };
        let all = [
            asked("http://a.test/long", 1, 10),
            asked("http://a.test/b", 2, 20),
            asked("http://a.test/a", 4, 40),
            asked("http://c.test/", 8, 80),
            asked("http://d.test/", 100, 1000),
        ];
        let old = ["A", "A", "A", "A", "A"].map(ToOwned::to_owned);
        let new = ["B", "B", "B", "C", "A"].map(ToOwned::to_owned);
        let Comparison { all, changed, changes } = compare(&all, &old, &new);
        assert_eq!(all, Counts { urls: 5, hosts: 3, requests: 115, bytes: 1150 });
        assert_eq!(changed, Counts { urls: 4, hosts: 2, requests: 15, bytes: 150 });
        let told: Vec<_> = changes
            .iter()
            .map(|it| (it.new.as_str(), it.example.as_str(), it.counts.urls, it.counts.hosts))
            .collect();
        assert_eq!(told, [("C", "http://c.test/", 1, 1), ("B", "http://a.test/a", 3, 1)]);
    }
}
