//! Which of several responses to one URL answers a request: pure.
//!
//! RFC 9111, section 4.1.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderName, VARY};

/// Fields that a response may vary by at most; one that names more is not stored.
const MOST: usize = 16;

/// What a stored response was selected by: names of request fields, and what the request said in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vary(Box<[Row]>);

/// The name of a field, and its value if there was one: any bytes.
pub type Row = (HeaderName, Option<Box<[u8]>>);

impl Vary {
    /// What a response was selected by; `None` if by something that no request shows (`*`).
    pub fn of(response: &HeaderMap, request: &HeaderMap) -> Option<Self> {
        let mut names: Vec<HeaderName> = Vec::new();
        for line in response.get_all(VARY) {
            for name in
                line.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty())
            {
                let name = name.parse().ok().filter(|_| name != "*")?;
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        if names.len() > MOST {
            return None;
        }
        let row = |name: HeaderName| {
            let value = selecting(request, &name);
            (name, value)
        };
        Some(Self(names.into_iter().map(row).collect()))
    }

    /// Rebuilds what was stored.
    pub fn from_rows(rows: Vec<Row>) -> Self {
        Self(rows.into())
    }

    /// Names and values.
    pub fn rows(&self) -> &[Row] {
        &self.0
    }

    /// Whether a request would have been answered the same.
    pub fn matches(&self, request: &HeaderMap) -> bool {
        self.0.iter().all(|(name, value)| selecting(request, name) == *value)
    }
}

/// What a request says in a field, without what makes no difference: how it is split over lines, and
/// blanks around commas. In the lists of what a client accepts neither case nor order matter.
fn selecting(request: &HeaderMap, name: &HeaderName) -> Option<Box<[u8]>> {
    if !request.contains_key(name) {
        return None;
    }
    let lines = request.get_all(name).into_iter();
    let members = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let members = members.map(<[u8]>::trim_ascii);
    if ![ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE].contains(name) {
        return Some(members.collect::<Vec<_>>().join(&b',').into());
    }
    let mut members: Vec<Vec<u8>> = members.map(<[u8]>::to_ascii_lowercase).collect();
    members.sort_unstable();
    Some(members.join(&b',').into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn headers(rows: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in rows {
            map.append(*name, HeaderValue::from_static(value));
        }
        map
    }

    fn reusable(
        vary: &'static str,
        first: &[(&'static str, &'static str)],
        second: &[(&'static str, &'static str)],
    ) -> bool {
        let vary = Vary::of(&headers(&[("vary", vary)]), &headers(first)).unwrap();
        vary.matches(&headers(second))
    }

    #[test]
    fn a_response_is_reused_where_all_named_fields_say_the_same() {
        assert!(reusable("Foo", &[("foo", "1")], &[("foo", "1"), ("bar", "2")]));
        assert!(!reusable("Foo", &[("foo", "1")], &[("foo", "2")]));
        assert!(!reusable("Foo", &[("foo", "1")], &[]));
        assert!(!reusable("Foo", &[], &[("foo", "")]));
        assert!(reusable("Foo, Bar", &[("foo", "1")], &[("foo", "1")]));
        assert!(!reusable(
            "Foo, Bar",
            &[("foo", "1"), ("bar", "a")],
            &[("foo", "1"), ("bar", "A")]
        ));
        assert!(reusable("", &[("foo", "1")], &[]));
    }

    #[test]
    fn what_makes_no_difference_makes_none() {
        assert!(reusable("foo", &[("foo", "1,2")], &[("foo", " 1"), ("foo", "2 ")]));
        assert!(!reusable("foo", &[("foo", "1,2")], &[("foo", "2,1")]));
        assert!(reusable(
            "accept-language",
            &[("accept-language", "en, de")],
            &[("accept-language", "De ,eN")]
        ));
    }

    #[test]
    fn bytes_that_are_no_text_make_a_difference_too() {
        let of = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).unwrap();
            HeaderMap::from_iter([(HeaderName::from_static("foo"), value)])
        };
        let vary = Vary::of(&headers(&[("vary", "foo")]), &of(b"caf\xe9")).unwrap();
        assert!(vary.matches(&of(b"caf\xe9")) && !vary.matches(&of(b"caf\xe8")));
    }

    #[test]
    fn a_star_anywhere_is_never_reused() {
        for vary in ["*", "*, *", ", *", "Foo, *", "*, Foo", "not a name"] {
            assert_eq!(Vary::of(&headers(&[("vary", vary)]), &HeaderMap::new()), None, "{vary}");
        }
    }
}
