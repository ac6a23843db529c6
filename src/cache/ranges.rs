//! Parts of a body: pure.
//!
//! RFC 9110, section 14; RFC 9111, sections 3.3 and 3.4.

use std::ops::Range;

use hyper::header::{CONTENT_RANGE, ETAG, HeaderValue, IF_RANGE, LAST_MODIFIED, RANGE};
use hyper::{HeaderMap, StatusCode};

use super::stored::Head;

/// One range that a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `first-` or `first-last`.
    From {
        /// The first byte.
        first: u64,
        /// The last one, included; `None`: to the end.
        last: Option<u64>,
    },
    /// The last so many bytes.
    Last(u64),
}

/// What a request's range comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selected {
    /// The whole is sent: there is no range, or none that we serve.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// 416: no such byte.
    Unsatisfiable,
}

/// The range of a request; `None` if there is none, or more than one, or it is malformed: a server may
/// then send the whole.
pub fn asked(request: &HeaderMap) -> Option<Asked> {
    let mut lines = request.get_all(RANGE).into_iter();
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let (unit, set) = line.to_str().ok()?.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    let number = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    match (first.trim(), last.trim()) {
        ("", last) => number(last).map(Asked::Last),
        (first, "") => Some(Asked::From { first: number(first)?, last: None }),
        (first, last) => {
            let (first, last): (u64, u64) = (number(first)?, number(last)?);
            (first <= last).then_some(Asked::From { first, last: Some(last) })
        }
    }
}

impl Asked {
    /// Its bytes in a body of this length; `None` if there are none.
    pub fn within(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From { first, last } => {
                first..last.map_or(length, |last| last.saturating_add(1).min(length))
            }
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }

    /// Its bytes, as far as they can be told without the length of the whole.
    pub fn bytes(self, complete: Option<u64>) -> Option<Range<u64>> {
        match (self, complete) {
            (asked, Some(complete)) => asked.within(complete),
            (Self::From { first, last: Some(last) }, None) => Some(first..last.checked_add(1)?),
            (Self::From { .. } | Self::Last(_), None) => None,
        }
    }
}

/// What a request gets of a complete stored response of this length.
pub fn select(request: &HeaderMap, head: &Head, length: u64) -> Selected {
    let Some(asked) =
        asked(request).filter(|_| head.status == StatusCode::OK && if_range_holds(request, head))
    else {
        return Selected::Whole;
    };
    asked.within(length).map_or(Selected::Unsatisfiable, Selected::Part)
}

/// Whether `If-Range` allows a part: it is not there, or names what we have by a strong validator
/// (RFC 9110, section 13.1.5).
pub fn if_range_holds(request: &HeaderMap, head: &Head) -> bool {
    let Some(said) = request.get(IF_RANGE) else { return true };
    if said.as_bytes().starts_with(b"W/") {
        return false;
    }
    if said.as_bytes().starts_with(b"\"") {
        return head.headers.get(ETAG) == Some(said);
    }
    head.headers.get(LAST_MODIFIED) == Some(said)
}

/// Where a part lies in the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentRange {
    /// Its bytes; never empty.
    pub bytes: Range<u64>,
    /// The length of the whole, if it is known.
    pub complete: Option<u64>,
}

impl ContentRange {
    /// That of a 206; `None` for other statuses and for what is malformed or does not agree with
    /// `Content-Length`.
    pub fn of(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        if status != StatusCode::PARTIAL_CONTENT {
            return None;
        }
        let mut lines = headers.get_all(CONTENT_RANGE).into_iter();
        let (line, None) = (lines.next()?, lines.next()) else { return None };
        let (unit, rest) = line.to_str().ok()?.trim().split_once(' ')?;
        let (range, complete) = rest.trim().split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
        let complete = match complete {
            "*" => None,
            length => Some(length.parse().ok()?),
        };
        let bytes = first..last.checked_add(1)?;
        let agrees = complete.is_none_or(|complete| bytes.end <= complete)
            && headers.get(hyper::header::CONTENT_LENGTH).is_none_or(|length| {
                length.as_bytes() == (bytes.end.wrapping_sub(first)).to_string().as_bytes()
            });
        (unit.eq_ignore_ascii_case("bytes") && first <= last && agrees)
            .then_some(Self { bytes, complete })
    }

    /// What a request gets of this part, if it is all in here.
    pub fn serve(&self, asked: Asked) -> Option<Range<u64>> {
        let range = asked.bytes(self.complete)?;
        (self.bytes.start <= range.start && range.end <= self.bytes.end).then_some(range)
    }
}

/// The field of a request for these bytes.
pub fn byte_range(bytes: &Range<u64>) -> HeaderValue {
    let text = format!("bytes={}-{}", bytes.start, bytes.end.saturating_sub(1));
    HeaderValue::try_from(text).unwrap_or_else(|_never| HeaderValue::from_static("bytes=0-"))
}

/// The field of a 206.
pub fn content_range(bytes: &Range<u64>, complete: Option<u64>) -> HeaderValue {
    let complete = complete.map_or_else(|| "*".to_owned(), |length| length.to_string());
    let text = format!("bytes {}-{}/{complete}", bytes.start, bytes.end.saturating_sub(1));
    HeaderValue::try_from(text).unwrap_or_else(|_never| HeaderValue::from_static("bytes */*"))
}

/// The field of a 416.
pub fn unsatisfied(length: u64) -> HeaderValue {
    HeaderValue::try_from(format!("bytes */{length}"))
        .unwrap_or_else(|_never| HeaderValue::from_static("bytes */*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(range: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(range).unwrap());
        headers
    }

    #[test]
    fn a_range_selects_bytes_that_are_there() {
        let within = |range: &str| asked(&request(range)).unwrap().within(10);
        assert_eq!(within("bytes=0-1"), Some(0..2));
        assert_eq!(within("bytes=8-"), Some(8..10));
        assert_eq!(within("BYTES=8-99"), Some(8..10));
        assert_eq!(within("bytes=-3"), Some(7..10));
        assert_eq!(within("bytes=-99"), Some(0..10));
        assert_eq!(within("bytes=10-"), None);
        assert_eq!(within("bytes=-0"), None);
        assert_eq!(within("bytes=0-18446744073709551615"), Some(0..10));
    }

    #[test]
    fn what_is_no_single_range_is_ignored() {
        for range in [
            "bytes=2-1",
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=a-b",
            "bytes",
            "bytes=-",
            "bytes=+1-2",
        ] {
            assert_eq!(asked(&request(range)), None, "{range}");
        }
    }

    #[test]
    fn a_part_serves_what_lies_within_it() {
        let part = ContentRange { bytes: 4..9, complete: Some(10) };
        assert_eq!(part.serve(Asked::From { first: 4, last: Some(8) }), Some(4..9));
        assert_eq!(part.serve(Asked::From { first: 5, last: None }), None);
        assert_eq!(part.serve(Asked::Last(5)), None);
        let open = ContentRange { bytes: 4..9, complete: None };
        assert_eq!(open.serve(Asked::From { first: 5, last: Some(6) }), Some(5..7));
        assert_eq!(open.serve(Asked::Last(1)), None);
    }

    #[test]
    fn a_content_range_that_contradicts_itself_is_none() {
        let of = |range: &str, length: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_RANGE, HeaderValue::from_str(range).unwrap());
            headers.insert(hyper::header::CONTENT_LENGTH, HeaderValue::from_str(length).unwrap());
            ContentRange::of(StatusCode::PARTIAL_CONTENT, &headers)
        };
        assert_eq!(of("bytes 4-8/10", "5"), Some(ContentRange { bytes: 4..9, complete: Some(10) }));
        assert_eq!(of("bytes 4-8/*", "5"), Some(ContentRange { bytes: 4..9, complete: None }));
        for (range, length) in [
            ("bytes 4-8/10", "6"),
            ("bytes 4-8/8", "5"),
            ("bytes 5-4/10", "0"),
            ("bytes */10", "0"),
            ("items 0-1/2", "2"),
        ] {
            assert_eq!(of(range, length), None, "{range}");
        }
    }
}
