//! Parts of one whole, put together: pure.
//!
//! RFC 9111, section 3.4; RFC 9110, section 15.3.7.3.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, ETAG, HeaderValue};

use super::moment::Moment;
use super::ranges::{Asked, ContentRange};
use super::store::memory::Stored;
use super::stored::Head;

/// Bytes of the whole, and the stored part that has them.
#[derive(Debug, Clone)]
pub struct Piece {
    /// Its place in the whole; never empty.
    pub bytes: Range<u64>,
    /// Where it comes from.
    pub part: Arc<Stored>,
}

/// What stored parts have of the bytes that a request wants: all of them, or all but one stretch.
#[derive(Debug, Clone)]
pub struct Cover {
    /// What is there before the stretch that is missing, in order; all of it if nothing is.
    pub before: Vec<Piece>,
    /// The stretch; never empty.
    pub missing: Option<Range<u64>>,
    /// What is there behind it.
    pub behind: Vec<Piece>,
    /// The bytes that are wanted.
    pub wanted: Range<u64>,
    /// Whether they were asked for as a range.
    pub ranged: bool,
    /// The latest of the parts.
    latest: Arc<Stored>,
    /// The length of the whole, if it is known.
    pub complete: Option<u64>,
}

impl Cover {
    /// The pieces that are there, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &Piece> {
        self.before.iter().chain(&self.behind)
    }

    /// The head of the latest part: its fields are those of the whole.
    pub fn newest(&self) -> &Head {
        &self.latest.head
    }

    /// The strong tag that all parts have.
    pub fn tag(&self) -> Option<&HeaderValue> {
        self.newest().strong_tag()
    }

    /// How old the oldest piece is.
    pub fn age(&self, now: Moment) -> Duration {
        self.pieces().map(|piece| piece.part.head.age(now)).max().unwrap_or_default()
    }

    /// How many bytes there are before the missing ones.
    pub fn begins_with(&self) -> u64 {
        self.before.iter().map(|piece| piece.bytes.end - piece.bytes.start).sum()
    }

    /// Whether what came with these fields is the missing stretch, and of the same whole.
    pub fn is_completed_by(&self, part: Option<&ContentRange>, headers: &HeaderMap) -> bool {
        part.is_some_and(|part| {
            Some(&part.bytes) == self.missing.as_ref()
                && self.complete.zip(part.complete).is_none_or(|(one, other)| one == other)
                && headers.get(ETAG) == self.tag()
                && coding(headers) == coding(&self.newest().headers)
        })
    }
}

fn coding(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(CONTENT_ENCODING)
}

/// Whether two parts are of one whole.
pub fn fit_together(one: &Head, other: &Head) -> bool {
    let (Some(one_part), Some(other_part)) = (&one.part, &other.part) else { return false };
    let lengths = one_part.complete.zip(other_part.complete);
    one.strong_tag().is_some()
        && one.strong_tag() == other.strong_tag()
        && lengths.is_none_or(|(one, other)| one == other)
        // Some give all codings of a whole one tag.
        && coding(&one.headers) == coding(&other.headers)
}

/// What parts of one whole, the latest first, have of a range, or of the whole for `None`. `None` if it is
/// nothing, if more than one stretch is missing, or if it cannot be told: for want of a length, or because
/// two differ. Of parts that have the same bytes the first counts.
pub fn cover(parts: &[Arc<Stored>], asked: Option<Asked>) -> Option<Cover> {
    let mut lengths = parts.iter().filter_map(|part| part.head.part.as_ref()?.complete);
    let complete = lengths.next();
    if lengths.any(|length| Some(length) != complete) {
        return None;
    }
    let wanted = match asked {
        Some(asked) => asked.bytes(complete)?,
        None => 0..complete?,
    };
    let mut cover = Cover {
        before: Vec::new(),
        missing: None,
        behind: Vec::new(),
        wanted: wanted.clone(),
        ranged: asked.is_some(),
        latest: Arc::clone(parts.first()?),
        complete,
    };
    let mut at = wanted.start;
    while at < wanted.end {
        if let Some((part, end)) = longest_from(parts, at) {
            let piece = Piece { bytes: at..end.min(wanted.end), part: Arc::clone(part) };
            at = piece.bytes.end;
            let side = if cover.missing.is_none() { &mut cover.before } else { &mut cover.behind };
            side.push(piece);
        } else if cover.missing.is_none() {
            let starts = parts.iter().filter_map(|part| Some(part.head.part.as_ref()?.bytes.start));
            let next = starts.filter(|start| *start > at).min().unwrap_or(wanted.end);
            let missing = at..next.min(wanted.end);
            at = missing.end;
            cover.missing = Some(missing);
        } else {
            return None;
        }
    }
    let is_empty = cover.before.is_empty() && cover.behind.is_empty();
    (!is_empty).then_some(cover)
}

/// The part that has this byte and goes furthest, and where it ends.
fn longest_from(parts: &[Arc<Stored>], at: u64) -> Option<(&Arc<Stored>, u64)> {
    let here = parts.iter().rev().filter_map(|part| {
        let bytes = &part.head.part.as_ref()?.bytes;
        bytes.contains(&at).then_some((part, bytes.end))
    });
    here.max_by_key(|(_, end)| *end)
}

#[cfg(test)]
mod tests {
    use crate::cache::media_types::MediaTypes;
    use hyper::StatusCode;
    use hyper::header::CONTENT_RANGE;
    use proptest::prelude::*;

    use super::*;
    use crate::cache::freshness::{Exchange, Heuristics};
    use crate::cache::ranges::content_range;
    use crate::cache::store::memory::StoredBody;
    use crate::cache::stored::{Received, Terms};
    use crate::cache::vary::Vary;

    fn part(bytes: Range<u64>, complete: Option<u64>, tag: &'static str) -> Arc<Stored> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_RANGE, content_range(&bytes, complete));
        headers.insert(ETAG, HeaderValue::from_static(tag));
        let exchange = Exchange { requested: Moment(0), received: Moment(0) };
        let vary = Vary::from_rows(Vec::new());
        let (url, status) = ("http://a.test/", StatusCode::PARTIAL_CONTENT);
        let received = Received { url, status, headers, vary, exchange };
        let terms = Terms {
            heuristics: Heuristics::default(),
            name: "m1".to_owned(),
            stale_if_error: Duration::ZERO,
            targets: Vec::new(),
            max_object: Arc::new(u64::MAX.into()),
            types: MediaTypes::default(),
        };
        let body = StoredBody::Memory(bytes::Bytes::new());
        Arc::new(Stored::new(Head::new(received, &terms), body))
    }

    fn range(bytes: &Range<u64>) -> Asked {
        Asked::From { first: bytes.start, last: Some(bytes.end - 1) }
    }

    #[test]
    fn parts_fit_together_by_a_strong_tag_and_one_length() {
        let one = part(0..5, Some(10), "\"1\"");
        let fits = |other: Arc<Stored>| fit_together(&one.head, &other.head);
        assert!(fits(part(5..10, Some(10), "\"1\"")) && fits(part(5..9, None, "\"1\"")));
        assert!(!fits(part(5..10, Some(10), "\"2\"")) && !fits(part(5..10, Some(11), "\"1\"")));
        let mut coded = Arc::into_inner(part(5..10, Some(10), "\"1\"")).unwrap();
        coded.head.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(!fits(Arc::new(coded)));
        let weak = part(0..5, Some(10), "W/\"1\"");
        assert!(!fit_together(&weak.head, &weak.head));
    }

    #[test]
    fn one_stretch_may_be_missing() {
        let of = |parts: &[Range<u64>], wanted: Range<u64>| {
            let parts: Vec<_> =
                parts.iter().map(|bytes| part(bytes.clone(), Some(100), "\"1\"")).collect();
            cover(&parts, Some(range(&wanted)))
                .map(|cover| (cover.before.len(), cover.missing, cover.behind.len()))
        };
        assert_eq!(of(&[10..20, 20..30], 12..28), Some((2, None, 0)));
        assert_eq!(of(&[10..20, 15..30], 12..28), Some((1 + 1, None, 0)));
        assert_eq!(of(&[10..20, 10..30], 12..28), Some((1, None, 0)));
        assert_eq!(of(&[10..20, 12..13], 5..15), Some((0, Some(5..10), 1)));
        assert_eq!(of(&[10..20, 12..13], 15..25), Some((1, Some(20..25), 0)));
        assert_eq!(of(&[10..20, 30..40], 10..40), Some((1, Some(20..30), 1)));
        assert_eq!(of(&[10..20, 30..40], 10..45), None);
        assert_eq!(of(&[10..20, 12..13], 20..30), None);
        assert_eq!(of(&[], 0..1), None);
    }

    #[test]
    fn the_whole_is_covered_if_its_length_is_known() {
        let parts = |complete| [part(5..10, complete, "\"1\""), part(0..5, complete, "\"1\"")];
        let whole = cover(&parts(Some(10)), None).unwrap();
        assert_eq!((whole.wanted, whole.missing, whole.ranged), (0..10, None, false));
        assert!(cover(&parts(None), None).is_none());
        let (ten, eleven) = (part(0..5, Some(10), "\"1\""), part(5..10, Some(11), "\"1\""));
        assert!(cover(&[ten, eleven], Some(range(&(0..10)))).is_none());
    }

    proptest! {
        #[test]
        fn pieces_and_what_is_missing_are_what_is_wanted(
            parts in prop::collection::vec((0u64..50, 1u64..20), 0..6),
            (start, length) in (0u64..60, 1u64..40),
        ) {
            let parts: Vec<_> =
                parts.iter().map(|&(start, length)| part(start..start + length, None, "\"1\"")).collect();
            let Some(cover) = cover(&parts, Some(range(&(start..start + length)))) else { return Ok(()) };
            let mut at = start;
            let mut follow = |bytes: &Range<u64>| {
                let follows = bytes.start == at && bytes.start < bytes.end;
                at = bytes.end;
                follows
            };
            for piece in &cover.before {
                prop_assert!(follow(&piece.bytes));
            }
            if let Some(missing) = &cover.missing {
                prop_assert!(follow(missing));
                let has = |part: &Arc<Stored>, byte| part.head.part.as_ref().unwrap().bytes.contains(&byte);
                prop_assert!(!missing.clone().any(|byte| parts.iter().any(|part| has(part, byte))));
            }
            for piece in &cover.behind {
                prop_assert!(follow(&piece.bytes));
            }
            prop_assert_eq!(at, start + length);
            for piece in cover.pieces() {
                let there = &piece.part.head.part.as_ref().unwrap().bytes;
                prop_assert!(there.start <= piece.bytes.start && piece.bytes.end <= there.end);
            }
        }
    }
}
