//! What finds a stored response.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use pat::HashKey;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::route::RouteKey;

/// The hash of a URL, keyed by a secret of the store's: nobody outside can make two URLs collide.
/// Stored responses keep their URL all the same, and it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey(pub u128);

/// Hashes keys, which are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyHasher(u64);

/// Makes [`KeyHasher`]s.
pub type KeyHash = std::hash::BuildHasherDefault<KeyHasher>;

impl std::hash::Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = u64::try_from(key & u128::from(u64::MAX)).unwrap_or(0);
    }
}

/// The secret of a store.
#[derive(Clone, Copy)]
pub struct Secret(pub [u8; 16]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// One that nobody knows.
    pub fn random() -> Self {
        let draw = || RandomState::new().build_hasher().finish().to_le_bytes();
        let mut bytes = [0; 16];
        let (low, high) = bytes.split_at_mut(8);
        low.copy_from_slice(&draw());
        high.copy_from_slice(&draw());
        Self(bytes)
    }

    /// Four bytes of it.
    pub(super) fn low(self) -> u32 {
        let [a, b, c, d, ..] = self.0;
        u32::from_le_bytes([a, b, c, d])
    }
}

impl CacheKey {
    /// The key of a normalised URL.
    pub fn of(url: &str, secret: &Secret) -> Self {
        let mut hasher = SipHasher13::new_with_key(&secret.0);
        hasher.write(url.as_bytes());
        Self(hasher.finish128().as_u128())
    }
}

/// An `http:` URL as it is stored and looked up: host in lower case, no default port, no fragment.
pub fn normalise(url: &str) -> RouteKey<'_> {
    RouteKey::of(url, HashKey::Url)
}

/// A reference of a response to the same host: its absolute, normalised URL. `None` for other hosts:
/// what they store is not this origin's to touch (RFC 9111, section 4.4).
pub fn resolve(base: &str, reference: &str) -> Option<String> {
    let reference = reference.split('#').next().unwrap_or_default();
    let (origin, path) = split(base)?;
    let absolute = if let Some((_, rest)) = reference.split_once("://") {
        let scheme = reference.get(..reference.len() - rest.len())?;
        scheme.eq_ignore_ascii_case("http://").then(|| reference.to_owned())?
    } else if reference.starts_with("//") {
        format!("http:{reference}")
    } else if reference.is_empty() {
        base.to_owned()
    } else if reference.starts_with('/') {
        format!("{origin}{}", without_dots(reference))
    } else if reference.starts_with('?') {
        format!("{origin}{}{reference}", path.split('?').next().unwrap_or_default())
    } else {
        let folder = path.split('?').next().unwrap_or_default();
        let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{origin}{}", without_dots(&format!("{folder}/{reference}")))
    };
    let url = normalise(&absolute).as_str().to_owned();
    (split(&url)?.0 == origin).then_some(url)
}

/// `http://host` and the rest.
fn split(url: &str) -> Option<(&str, &str)> {
    let host = url.strip_prefix("http://")?;
    let end = host.find('/').unwrap_or(host.len());
    url.split_at_checked("http://".len() + end)
}

/// RFC 3986, section 5.2.4.
fn without_dots(path: &str) -> String {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path, String::new()),
    };
    let mut parts: Vec<&str> = Vec::new();
    let mut pieces = path.split('/').skip(1).peekable();
    while let Some(piece) = pieces.next() {
        let last = pieces.peek().is_none();
        match piece {
            "." if last => parts.push(""),
            "." => {}
            ".." => {
                parts.pop();
                if last {
                    parts.push("");
                }
            }
            piece => parts.push(piece),
        }
    }
    format!("/{}{query}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_the_same_host_or_nowhere() {
        let base = "http://a.test/b/c?d";
        for (reference, expected) in [
            ("", Some("http://a.test/b/c?d")),
            ("/x", Some("http://a.test/x")),
            ("x?y", Some("http://a.test/b/x?y")),
            ("../x#f", Some("http://a.test/x")),
            ("./", Some("http://a.test/b/")),
            ("?z", Some("http://a.test/b/c?z")),
            ("http://A.test:80/x", Some("http://a.test/x")),
            ("//a.test/x", Some("http://a.test/x")),
            ("http://b.test/x", None),
            ("http://a.test:81/x", None),
            ("https://a.test/x", None),
        ] {
            assert_eq!(resolve(base, reference).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn another_secret_gives_another_key() {
        let url = "http://a.test/";
        assert_eq!(CacheKey::of(url, &Secret([1; 16])), CacheKey::of(url, &Secret([1; 16])));
        assert_ne!(CacheKey::of(url, &Secret([1; 16])), CacheKey::of(url, &Secret([2; 16])));
    }
}
