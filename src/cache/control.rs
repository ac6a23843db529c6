//! `Cache-Control` of requests and responses.
//!
//! RFC 9111, section 5.2; RFC 5861 (stale-while-revalidate, stale-if-error); RFC 8246 (immutable).

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{CACHE_CONTROL, HeaderName, PRAGMA};

/// What a client says of stored responses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestControl {
    /// Ask the origin first.
    pub no_cache: bool,
    /// Keep nothing of this.
    pub no_store: bool,
    /// Do not ask the origin.
    pub only_if_cached: bool,
    /// Oldest age that is accepted.
    pub max_age: Option<Duration>,
    /// How long it may have been stale; [`Duration::MAX`] if any staleness will do.
    pub max_stale: Option<Duration>,
    /// How long it must stay fresh.
    pub min_fresh: Option<Duration>,
    /// How long it may have been stale if the origin fails.
    pub stale_if_error: Option<Duration>,
}

/// What an origin says of its response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a directive of its own")]
pub struct ResponseControl {
    /// It comes from a field that is meant for this cache: `Expires` does not count.
    pub targeted: bool,
    /// Ask before each use.
    pub no_cache: bool,
    /// Fields that must not be used without asking: they are not stored.
    pub unstored: Vec<HeaderName>,
    /// Keep nothing of this.
    pub no_store: bool,
    /// For one user only.
    pub private: bool,
    /// For all, whatever else would make it private.
    pub public: bool,
    /// Never to be used stale.
    pub must_revalidate: bool,
    /// The same, for shared caches.
    pub proxy_revalidate: bool,
    /// To be stored only by who understands its status.
    pub must_understand: bool,
    /// It will not change while it is fresh.
    pub immutable: bool,
    /// Freshness lifetime. What cannot be understood counts as zero.
    pub max_age: Option<Duration>,
    /// The same, for shared caches.
    pub s_maxage: Option<Duration>,
    /// How long it may be used stale while somebody asks.
    pub stale_while_revalidate: Option<Duration>,
    /// How long it may be used stale if the origin fails.
    pub stale_if_error: Option<Duration>,
}

impl RequestControl {
    /// Reads a request's fields. `Pragma: no-cache` counts if there is no `Cache-Control`.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        let (mut controls, mut pragma) = (false, false);
        for name in headers.keys() {
            controls |= *name == CACHE_CONTROL;
            pragma |= *name == PRAGMA;
        }
        if !controls {
            control.no_cache = pragma
                && directives(headers, &PRAGMA)
                    .any(|(name, _)| name.eq_ignore_ascii_case("no-cache"));
            return control;
        }
        for (name, value) in directives(headers, &CACHE_CONTROL) {
            match name.to_ascii_lowercase().as_str() {
                "no-cache" => control.no_cache = true,
                "no-store" => control.no_store = true,
                "only-if-cached" => control.only_if_cached = true,
                "max-age" => set(&mut control.max_age, value),
                "min-fresh" => set(&mut control.min_fresh, value),
                "stale-if-error" => set(&mut control.stale_if_error, value),
                "max-stale" if value.is_none() => control.max_stale = Some(Duration::MAX),
                "max-stale" => set(&mut control.max_stale, value),
                _ => {}
            }
        }
        control
    }
}

impl ResponseControl {
    /// Reads a response's field.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut control = Self::default();
        for (name, value) in directives(headers, &CACHE_CONTROL) {
            control.add(&name.to_ascii_lowercase(), value);
        }
        control
    }

    /// Adds one directive, its name in lower case.
    pub fn add(&mut self, name: &str, value: Option<Value<'_>>) {
        match name {
            // Both may name fields; then only these are meant (RFC 9111, sections 5.2.2.4, 5.2.2.7).
            "no-cache" => match value {
                Some(fields) => self.unstore(fields),
                None => self.no_cache = true,
            },
            "private" => match value {
                Some(fields) => self.unstore(fields),
                None => self.private = true,
            },
            "no-store" => self.no_store = true,
            "public" => self.public = true,
            "must-revalidate" => self.must_revalidate = true,
            "proxy-revalidate" => self.proxy_revalidate = true,
            "must-understand" => self.must_understand = true,
            "immutable" => self.immutable = true,
            "max-age" => set(&mut self.max_age, value),
            "s-maxage" => set(&mut self.s_maxage, value),
            "stale-while-revalidate" => set(&mut self.stale_while_revalidate, value),
            "stale-if-error" => set(&mut self.stale_if_error, value),
            _ => {}
        }
    }

    fn unstore(&mut self, fields: Value<'_>) {
        let text = fields.text();
        self.unstored
            .extend(text.split(',').filter_map(|name| name.trim().parse::<HeaderName>().ok()));
    }

    /// Whether it says itself how long it is fresh, or that it may be stored.
    pub fn is_explicit(&self) -> bool {
        self.public || self.max_age.is_some() || self.s_maxage.is_some()
    }
}

/// Of a directive that comes twice the first counts; one without a number counts as zero
/// (RFC 9111, section 4.2.1).
fn set(slot: &mut Option<Duration>, value: Option<Value<'_>>) {
    if slot.is_none() {
        *slot = Some(value.and_then(|value| delta_seconds(&value.text())).unwrap_or_default());
    }
}

/// Seconds; what is more than 2^31 of them counts as so many (RFC 9111, section 1.2.2).
pub(super) fn delta_seconds(text: &str) -> Option<Duration> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX).min(1 << 31)))
}

/// The value of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// As it stands.
    Token(&'a str),
    /// What stands between quotes, with its backslashes.
    Quoted(&'a str),
}

impl<'a> Value<'a> {
    fn text(self) -> std::borrow::Cow<'a, str> {
        match self {
            Self::Quoted(text) if text.contains('\\') => text.replace('\\', "").into(),
            Self::Token(text) | Self::Quoted(text) => text.into(),
        }
    }
}

/// The directives of all lines of a field, in their order.
fn directives<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = (&'a str, Option<Value<'a>>)> {
    let lines = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    lines.flat_map(Directives)
}

/// Splits `name[=value], …`, where a value may be quoted.
struct Directives<'a>(&'a str);

impl<'a> Iterator for Directives<'a> {
    type Item = (&'a str, Option<Value<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return None;
        }
        let end = rest.find([',', '=', '"']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let Some(value) = rest.strip_prefix('=') else {
            self.0 = past_comma(rest);
            return Some((name.trim_end(), None));
        };
        if let Some(quoted) = value.strip_prefix('"') {
            let end = end_of_quoted(quoted);
            let (text, rest) = quoted.split_at(end);
            self.0 = past_comma(rest.strip_prefix('"').unwrap_or(rest));
            return Some((name, Some(Value::Quoted(text))));
        }
        let (text, _) = value.split_once(',').unwrap_or((value, ""));
        self.0 = past_comma(value);
        Some((name, Some(Value::Token(text.trim_end()))))
    }
}

fn past_comma(text: &str) -> &str {
    text.split_once(',').map_or("", |(_, rest)| rest)
}

fn end_of_quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn response(lines: &[&'static str]) -> ResponseControl {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
        }
        ResponseControl::of(&headers)
    }

    const fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn directives_are_read_whatever_their_case_spacing_and_lines() {
        let control = response(&["No-StOrE,,  MAX-AGE=60 , public", "s-maxage=\"5\""]);
        assert!(control.no_store && control.public);
        assert_eq!((control.max_age, control.s_maxage), (Some(seconds(60)), Some(seconds(5))));
    }

    #[test]
    fn what_stands_in_quotes_is_no_directive() {
        let control = response(&[r#"extension="max-age=3600, no-store \" x", max-age=1"#]);
        assert_eq!((control.max_age, control.no_store), (Some(seconds(1)), false));
    }

    #[test]
    fn a_number_that_is_none_counts_as_zero_and_the_first_of_two_wins() {
        for text in
            ["max-age", "max-age='60'", "max-age=60a", "max-age=-1", "max-age=", "max-age= 60"]
        {
            assert_eq!(response(&[text]).max_age, Some(seconds(0)), "{text}");
        }
        assert_eq!(response(&["max-age=1, max-age=60"]).max_age, Some(seconds(1)));
        assert_eq!(response(&["max-age=99999999999999999999999"]).max_age, Some(seconds(1 << 31)));
        assert_eq!(response(&["max-age=003600"]).max_age, Some(seconds(3600)));
    }

    #[test]
    fn named_fields_are_not_stored_and_the_rest_is_free() {
        let control = response(&[r#"no-cache="a, B", private=c"#]);
        assert!(!control.no_cache && !control.private);
        let names: Vec<_> = control.unstored.iter().map(HeaderName::as_str).collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn pragma_counts_without_cache_control_only() {
        let mut headers = HeaderMap::new();
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        assert!(RequestControl::of(&headers).no_cache);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-stale"));
        let control = RequestControl::of(&headers);
        assert_eq!((control.no_cache, control.max_stale), (false, Some(Duration::MAX)));
    }
}
