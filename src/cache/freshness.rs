//! How old a response is and how long it is fresh: pure.
//!
//! RFC 9111, section 4.2.

use std::time::Duration;

use hyper::header::{AGE, DATE, EXPIRES, LAST_MODIFIED, SET_COOKIE};
use hyper::{HeaderMap, StatusCode};

use super::control::{ResponseControl, delta_seconds};
use super::moment::Moment;

/// How freshness is guessed where an origin says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heuristics {
    /// What part of the time since its last modification a response counts as fresh, in percent.
    pub percent: u32,
    /// How long at most.
    pub longest: Duration,
    /// How long an error that says nothing else is kept: 404, 405, 410, 414, 501. Zero: not at all.
    pub negative: Duration,
}

impl Default for Heuristics {
    fn default() -> Self {
        Self { percent: 10, longest: Duration::from_hours(24), negative: Duration::ZERO }
    }
}

/// When something was asked for and when its head came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exchange {
    /// The request was sent.
    pub requested: Moment,
    /// The head of the response was there.
    pub received: Moment,
}

/// The age at which a response came. Of several values the first counts, and one that is no number
/// does not (RFC 9111, section 5.1).
pub fn initial_age(headers: &HeaderMap, exchange: Exchange) -> Duration {
    let first = headers.get(AGE).and_then(|line| line.to_str().ok()?.split(',').next());
    let said = first.and_then(|text| delta_seconds(text.trim())).unwrap_or_default();
    let date = Moment::in_field(headers, DATE).unwrap_or(exchange.received);
    let apparent = exchange.received.since(date);
    let corrected = said + exchange.received.since(exchange.requested);
    apparent.max(corrected)
}

/// How long a response is fresh, counted from when its origin made it; `None` if nobody can tell.
pub fn lifetime(
    status: StatusCode,
    headers: &HeaderMap,
    control: &ResponseControl,
    received: Moment,
    heuristics: &Heuristics,
) -> Option<Duration> {
    explicit_lifetime(headers, control, received)
        .or_else(|| heuristic_lifetime(status, headers, control, received, heuristics))
}

/// What the origin says itself; a date that is none is in the past.
pub fn explicit_lifetime(
    headers: &HeaderMap,
    control: &ResponseControl,
    received: Moment,
) -> Option<Duration> {
    let said = control.s_maxage.or(control.max_age);
    said.or_else(|| {
        headers.get(EXPIRES).filter(|_| !control.targeted)?;
        let date = Moment::in_field(headers, DATE).unwrap_or(received);
        Some(Moment::in_field(headers, EXPIRES).unwrap_or_default().since(date))
    })
}

/// RFC 9111, section 4.2.2. What sets a cookie is nothing to guess about.
fn heuristic_lifetime(
    status: StatusCode,
    headers: &HeaderMap,
    control: &ResponseControl,
    received: Moment,
    heuristics: &Heuristics,
) -> Option<Duration> {
    let guessable =
        (is_heuristically_cacheable(status) && !headers.contains_key(SET_COOKIE)) || control.public;
    if !guessable {
        return None;
    }
    let date = Moment::in_field(headers, DATE).unwrap_or(received);
    let guess = Moment::in_field(headers, LAST_MODIFIED).map(|modified| {
        (date.since(modified) / 100).saturating_mul(heuristics.percent).min(heuristics.longest)
    });
    let negative =
        (is_negative(status) && !heuristics.negative.is_zero()).then_some(heuristics.negative);
    guess.or(negative)
}

/// RFC 9110, section 15.1, last paragraph but one.
pub(super) fn is_heuristically_cacheable(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 203 | 204 | 206 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501)
}

fn is_negative(status: StatusCode) -> bool {
    matches!(status.as_u16(), 404 | 405 | 410 | 414 | 501)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{CACHE_CONTROL, HeaderName, HeaderValue};

    const NOW: Moment = Moment(1_700_000_000_000);

    fn headers(rows: &[(HeaderName, &str)]) -> HeaderMap {
        rows.iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn date(offset: i64) -> String {
        Moment(NOW.0.checked_add_signed(offset * 1000).unwrap()).http_date()
    }

    fn fresh_for(status: u16, rows: &[(HeaderName, &str)]) -> Option<u64> {
        let headers = headers(rows);
        let control = ResponseControl::of(&headers);
        let status = StatusCode::from_u16(status).unwrap();
        lifetime(status, &headers, &control, NOW, &Heuristics::default()).map(|span| span.as_secs())
    }

    #[test]
    fn shared_age_comes_before_age_and_age_before_expires() {
        let (day, now) = (date(86_400), date(0));
        let rows = [
            (CACHE_CONTROL, "max-age=5, s-maxage=7"),
            (EXPIRES, day.as_str()),
            (DATE, now.as_str()),
        ];
        assert_eq!(fresh_for(200, &rows), Some(7));
        assert_eq!(fresh_for(200, &[(CACHE_CONTROL, "max-age=5"), (EXPIRES, &day)]), Some(5));
        assert_eq!(fresh_for(200, &rows[1..]), Some(86_400));
        assert_eq!(fresh_for(200, &[(EXPIRES, "0")]), Some(0));
        assert_eq!(fresh_for(200, &[(EXPIRES, &date(300)), (DATE, &date(400))]), Some(0));
    }

    #[test]
    fn a_tenth_of_the_time_since_the_last_change_is_guessed_but_not_for_everything() {
        let (old, now) = (date(-1000), date(0));
        let rows = [(LAST_MODIFIED, old.as_str()), (DATE, now.as_str())];
        assert_eq!(fresh_for(200, &rows), Some(100));
        assert_eq!(fresh_for(404, &rows), Some(100));
        assert_eq!(fresh_for(403, &rows), None);
        assert_eq!(fresh_for(599, &rows), None);
        let public = [rows[0].clone(), (CACHE_CONTROL, "public")];
        assert_eq!(fresh_for(599, &public), Some(100));
        assert_eq!(fresh_for(200, &[rows[0].clone(), (SET_COOKIE, "a=b")]), None);
        assert_eq!(fresh_for(200, &[(LAST_MODIFIED, &date(-100_000_000))]), Some(86_400));
        assert_eq!(fresh_for(200, &[]), None);
    }

    #[test]
    fn errors_are_kept_as_long_as_the_administrator_says() {
        let heuristics = Heuristics { negative: Duration::from_secs(9), ..Heuristics::default() };
        let keep = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            lifetime(status, &HeaderMap::new(), &ResponseControl::default(), NOW, &heuristics)
        };
        assert_eq!(keep(404), Some(Duration::from_secs(9)));
        assert_eq!((keep(200), keep(500)), (None, None));
    }

    #[test]
    fn age_is_the_older_of_what_is_said_and_what_the_dates_show() {
        let exchange = Exchange { requested: Moment(NOW.0 - 2000), received: NOW };
        let age = |rows: &[(HeaderName, &str)]| initial_age(&headers(rows), exchange).as_secs();
        assert_eq!(age(&[]), 2);
        assert_eq!(age(&[(AGE, "30")]), 32);
        assert_eq!(age(&[(AGE, "30"), (DATE, &date(-50))]), 50);
        assert_eq!(age(&[(DATE, &date(50))]), 2);
    }

    #[test]
    fn the_first_of_several_ages_counts_and_one_that_is_none_does_not() {
        let age = |rows: &[(HeaderName, &str)]| {
            initial_age(&headers(rows), Exchange::default()).as_secs()
        };
        for text in ["abc", "-1", "1.0", "1;a=b", ""] {
            assert_eq!(age(&[(AGE, text)]), 0, "{text}");
        }
        assert_eq!((age(&[(AGE, "7200, 0")]), age(&[(AGE, "0,7200")])), (7200, 0));
        assert_eq!(age(&[(AGE, "99999999999999999999")]), 1 << 31);
    }
}
