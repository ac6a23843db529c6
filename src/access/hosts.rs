//! Sets of host names.

use std::collections::HashSet;
use std::net::IpAddr;

/// A set of host names: `example.com` is that host, `.example.com` it and all below.
///
/// Names are compared without regard to case and to dots at the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostSet {
    exact: HashSet<Box<str>>,
    /// Without their first dot.
    below: HashSet<Box<str>>,
}

/// Why a text is no member of such a set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostSetError {
    /// Neither form.
    #[error("must be names like example.com or .example.com, found {0:?}")]
    NoName(String),
    /// An address has many spellings, and is to be refused in all of them.
    #[error(
        "must be names, found the address {0:?}: addresses belong to destinations.deny and allow"
    )]
    Address(String),
}

/// Bytes of a host name at most: `net::target` refuses longer ones.
const LONGEST: usize = 255;

impl HostSet {
    /// A set of these.
    ///
    /// # Errors
    /// The first text that is no host name.
    pub fn new(texts: &[impl AsRef<str>]) -> Result<Self, HostSetError> {
        let mut set = Self::default();
        for text in texts.iter().map(AsRef::as_ref) {
            let (name, is_below) = match text.strip_prefix('.') {
                Some(name) => (name, true),
                None => (text, false),
            };
            let bare = name.trim_start_matches('[').trim_end_matches(']');
            if bare.parse::<IpAddr>().is_ok() {
                return Err(HostSetError::Address(text.to_owned()));
            }
            let name = name.strip_suffix('.').unwrap_or(name);
            let is_label = |label: &str| {
                let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
                !label.is_empty() && label.bytes().all(valid)
            };
            if name.len() > LONGEST || !name.split('.').all(is_label) {
                return Err(HostSetError::NoName(text.chars().take(80).collect()));
            }
            let name = name.to_ascii_lowercase().into_boxed_str();
            if is_below { &mut set.below } else { &mut set.exact }.insert(name);
        }
        Ok(set)
    }

    /// Whether a host is in it. One look-up for each label of the name, and no allocation.
    pub fn contains(&self, host: &str) -> bool {
        if self.exact.is_empty() && self.below.is_empty() {
            return false;
        }
        let host = host.trim_end_matches('.');
        let mut folded = [0; LONGEST];
        let Some(folded) = folded.get_mut(..host.len()) else {
            return false; // no name is so long
        };
        folded.copy_from_slice(host.as_bytes());
        folded.make_ascii_lowercase();
        let Ok(host) = str::from_utf8(folded) else {
            return false; // lower case in ASCII leaves UTF-8 what it is
        };
        self.exact.contains(host) || suffixes(host).any(|suffix| self.below.contains(suffix))
    }
}

/// The name itself, and what is left of it without its first labels.
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |rest| rest.split_once('.').map(|(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_itself_and_a_name_with_a_dot_is_all_below_too() {
        let set = HostSet::new(&["Exact.Example", ".wide.example.", "intranet"]).unwrap();
        for host in
            ["exact.example", "EXACT.example.", "wide.example", "a.b.WIDE.example", "intranet"]
        {
            assert!(set.contains(host), "{host}");
        }
        for host in ["a.exact.example", "notwide.example", "example", "", ".", "a.intranet"] {
            assert!(!set.contains(host), "{host}");
        }
        assert!(!set.contains(&"a".repeat(256)) && !HostSet::default().contains("a"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in
            ["", ".", "a..b", "*.example.com", "a b", "http://a", "a:80", "b\u{fc}cher.example"]
        {
            assert!(matches!(HostSet::new(&[text]), Err(HostSetError::NoName(_))), "{text}");
        }
        for text in ["127.0.0.1", "[::1]", "::1"] {
            assert!(matches!(HostSet::new(&[text]), Err(HostSetError::Address(_))), "{text}");
        }
    }
}
