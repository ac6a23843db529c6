//! How clients choose among the proxies of a list, and what they remember of those that failed: pure.

use std::collections::HashMap;

/// A client whose ways are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Chrome: a proxy that fails comes last for 5 minutes; a PAC is read again after 12 hours.
    Chrome,
    /// Firefox: a proxy that fails is left out for 30 minutes, unless all are; a PAC stays until it starts anew.
    Firefox,
    /// `WinHTTP`: the first of the list, and no other; a PAC stays until it starts anew.
    Winhttp,
    /// `WinINET`: the answer for a host's first URL holds for the host; a PAC stays until it starts anew. What
    /// it remembers of failures is not known: nothing.
    Wininet,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Chrome, Self::Firefox, Self::Winhttp, Self::Wininet];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chrome => "chrome",
            Self::Firefox => "firefox",
            Self::Winhttp => "winhttp",
            Self::Wininet => "wininet",
        }
    }

    /// Seconds for which a proxy that failed is remembered.
    fn memory(self) -> u64 {
        match self {
            Self::Chrome => 5 * 60,
            Self::Firefox => 30 * 60,
            Self::Winhttp | Self::Wininet => 0,
        }
    }

    /// Whether it is asked with the whole URL, or cut at the path.
    pub(super) fn passes_path(self) -> bool {
        self != Self::Firefox
    }

    /// Whether an answer holds for all URLs of a host.
    pub(super) fn keeps_by_host(self) -> bool {
        self == Self::Wininet
    }
}

/// A member by its place in the world's list; `None`: direct.
pub(super) type Way = Option<usize>;

/// Where a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Landing {
    /// The way that answered; `None`: none did.
    pub(super) way: Option<Way>,
    /// How many failed before.
    pub(super) failed: usize,
}

/// What one client remembers.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    kind: Kind,
    /// Until when a proxy counts as bad.
    bad: HashMap<usize, u64>,
}

impl Memory {
    pub(super) fn new(kind: Kind) -> Self {
        Self { kind, bad: HashMap::new() }
    }

    /// Tries a list at a time in seconds; `up` tells which members answer.
    pub(super) fn try_list(
        &mut self,
        list: &[Way],
        now: u64,
        up: impl Fn(usize) -> bool,
    ) -> Landing {
        let mut failed = 0;
        for way in self.order(list, now) {
            match way {
                Some(member) if !up(member) => {
                    failed += 1;
                    if self.kind.memory() > 0 {
                        self.bad.insert(member, now + self.kind.memory());
                    }
                }
                way => return Landing { way: Some(way), failed },
            }
        }
        Landing { way: None, failed }
    }

    /// What of a list is tried, in order.
    fn order(&self, list: &[Way], now: u64) -> Vec<Way> {
        let is_bad = |way: &Way| {
            way.is_some_and(|member| self.bad.get(&member).is_some_and(|until| *until > now))
        };
        match self.kind {
            Kind::Chrome => {
                let (bad, good): (Vec<Way>, Vec<Way>) = list.iter().copied().partition(is_bad);
                good.into_iter().chain(bad).collect()
            }
            Kind::Firefox => {
                let all_bad = list.iter().filter(|way| way.is_some()).all(is_bad);
                list.iter().copied().filter(|way| all_bad || !is_bad(way)).collect()
            }
            Kind::Winhttp => list.first().copied().into_iter().collect(),
            Kind::Wininet => list.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: [Way; 3] = [Some(0), Some(1), None];

    fn landing(way: Option<Way>, failed: usize) -> Landing {
        Landing { way, failed }
    }

    #[test]
    fn chrome_puts_a_bad_proxy_last_for_five_minutes() {
        let mut chrome = Memory::new(Kind::Chrome);
        let up = |member: usize| member != 0;
        assert_eq!(chrome.try_list(&LIST, 0, up), landing(Some(Some(1)), 1));
        assert_eq!(chrome.try_list(&LIST, 299, up), landing(Some(Some(1)), 0));
        assert_eq!(chrome.try_list(&LIST, 300, up), landing(Some(Some(1)), 1));
        // DIRECT comes before a bad one, which is tried if nothing else is there.
        assert_eq!(chrome.try_list(&[Some(0), None], 301, up), landing(Some(None), 0));
        assert_eq!(chrome.try_list(&[Some(0)], 302, |_| true), landing(Some(Some(0)), 0));
    }

    #[test]
    fn firefox_leaves_a_bad_proxy_out_for_half_an_hour_unless_all_are_bad() {
        let mut firefox = Memory::new(Kind::Firefox);
        let up = |member: usize| member != 0;
        assert_eq!(firefox.try_list(&LIST, 0, up), landing(Some(Some(1)), 1));
        assert_eq!(firefox.try_list(&LIST, 1799, |_| true), landing(Some(Some(1)), 0));
        assert_eq!(firefox.try_list(&LIST, 1800, |_| true), landing(Some(Some(0)), 0));
        assert_eq!(firefox.try_list(&[Some(0), None], 1900, |_| false), landing(Some(None), 1));
        assert_eq!(firefox.try_list(&[Some(0), None], 1901, |_| true), landing(Some(Some(0)), 0));
    }

    #[test]
    fn windows_has_no_memory() {
        let mut winhttp = Memory::new(Kind::Winhttp);
        assert_eq!(winhttp.try_list(&LIST, 0, |member| member != 0), landing(None, 1));
        let mut wininet = Memory::new(Kind::Wininet);
        for now in [0, 1] {
            assert_eq!(
                wininet.try_list(&LIST, now, |member| member != 0),
                landing(Some(Some(1)), 1)
            );
        }
    }
}
