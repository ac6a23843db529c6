//! Which media types are stored: pure.

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;

/// A media type, or all of one kind: `video/mp4`, `video/*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRange {
    kind: Box<str>,
    /// `None`: any.
    subtype: Option<Box<str>>,
}

/// What is no media type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be a media type like \"video/mp4\", or all of a kind like \"video/*\", found {0:?}")]
pub struct MediaRangeError(String);

impl std::str::FromStr for MediaRange {
    type Err = MediaRangeError;

    fn from_str(text: &str) -> Result<Self, MediaRangeError> {
        let wrong = || MediaRangeError(text.to_owned());
        // A token (RFC 9110, section 5.6.2).
        let is_token = |part: &str| {
            let is_mark = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
        };
        let (kind, subtype) = text.split_once('/').ok_or_else(wrong)?;
        let is_named = is_token(subtype) && !subtype.contains('*');
        if !is_token(kind) || kind.contains('*') || !(is_named || subtype == "*") {
            return Err(wrong());
        }
        Ok(Self { kind: kind.into(), subtype: is_named.then(|| subtype.into()) })
    }
}

impl MediaRange {
    fn holds(&self, kind: &str, subtype: &str) -> bool {
        let is_any = |own: &str| own.eq_ignore_ascii_case(subtype);
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.as_deref().is_none_or(is_any)
    }
}

/// Which media types are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MediaTypes {
    /// These are not.
    pub denied: Vec<MediaRange>,
    /// Only these are, if there are any.
    pub only: Vec<MediaRange>,
}

impl MediaTypes {
    /// Whether a response of such fields is stored. One that does not tell its type is none of any list.
    pub fn allow(&self, response: &HeaderMap) -> bool {
        if self.denied.is_empty() && self.only.is_empty() {
            return true;
        }
        let named = response.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = named.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let (kind, subtype) = essence.split_once('/').unwrap_or((essence, ""));
        let is_in = |list: &[MediaRange]| list.iter().any(|range| range.holds(kind, subtype));
        !is_in(&self.denied) && (self.only.is_empty() || is_in(&self.only))
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn types(denied: &[&str], only: &[&str]) -> MediaTypes {
        let all = |list: &[&str]| list.iter().map(|text| text.parse().unwrap()).collect();
        MediaTypes { denied: all(denied), only: all(only) }
    }

    #[test]
    fn a_type_is_stored_if_it_is_not_denied_and_among_the_only_ones() {
        for (denied, only, said, allowed) in [
            (&[][..], &[][..], Some("video/mp4"), true),
            (&["video/*"], &[], Some("Video/MP4; codecs=\"a/b\""), false),
            (&["video/*"], &[], Some("audio/mp4"), true),
            (&["text/html"], &[], Some("text/HTML ; charset=utf-8"), false),
            (&["text/html"], &[], Some("text/htmlx"), true),
            (&["text/html"], &[], None, true),
            (&[], &["image/*", "text/css"], Some("image/png"), true),
            (&[], &["image/*", "text/css"], Some("text/css"), true),
            (&[], &["image/*", "text/css"], Some("text/html"), false),
            (&[], &["image/*"], None, false),
            (&["image/gif"], &["image/*"], Some("image/gif"), false),
        ] {
            let mut response = HeaderMap::new();
            if let Some(said) = said {
                response.insert(CONTENT_TYPE, HeaderValue::from_static(said));
            }
            let told = format!("{denied:?} {only:?} {said:?}");
            assert_eq!(types(denied, only).allow(&response), allowed, "{told}");
        }
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for text in ["", "video", "*/*", "*/mp4", "video/", "/mp4", "video/m*", "a b/c", "a/b;q=1"]
        {
            assert_eq!(text.parse::<MediaRange>(), Err(MediaRangeError(text.to_owned())));
        }
    }
}
