//! Wall-clock time as caching needs it: dates of other machines are compared with it, and it outlives
//! the process.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::HeaderMap;
use hyper::header::HeaderName;

/// Milliseconds since 1970-01-01T00:00Z; earlier times count as 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub u64);

impl Moment {
    /// The time now.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the wall clock")]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// The earliest moment after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// How long after `earlier`; zero if it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The date in a field, if its first line is one (RFC 9110, section 5.6.7).
    pub fn in_field(headers: &HeaderMap, name: HeaderName) -> Option<Self> {
        let text = headers.get(name)?.to_str().ok()?;
        super::date::parse(text).map(|seconds| Self(seconds.saturating_mul(1000)))
    }

    /// As it stands in a header field.
    pub fn http_date(self) -> String {
        httpdate::fmt_http_date(self.into())
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

impl From<Moment> for SystemTime {
    fn from(moment: Moment) -> Self {
        UNIX_EPOCH.checked_add(Duration::from_millis(moment.0)).unwrap_or(UNIX_EPOCH)
    }
}

impl std::ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }
}
