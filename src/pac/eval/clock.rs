//! The time and the time zone of an evaluation.

use std::fmt;
use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Why a text is no time, or no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// Not a time.
    #[error("time must be such as 2026-11-22T09:30 or 2026-11-22T09:30:00Z, found {0:?}")]
    Time(String),
    /// Not a zone of the IANA database.
    #[error("time zone must be a name such as Europe/Berlin or UTC, found {0:?}")]
    Zone(String),
}

/// A time zone.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone of this name; `None`: that of this machine.
    ///
    /// # Errors
    /// A name that the IANA database does not have.
    pub fn of(name: Option<&str>) -> Result<Self, ClockError> {
        let Some(name) = name else { return Ok(Self(TimeZone::system())) };
        TimeZone::get(name).map(Self).map_err(|_unknown| ClockError::Zone(name.to_owned()))
    }

    /// Seconds that local time is ahead of UTC, at so many seconds since 1970-01-01T00:00Z.
    pub(super) fn offset_at(&self, seconds: i64) -> i32 {
        let time = Timestamp::from_second(seconds).unwrap_or_default();
        self.0.to_offset(time).seconds()
    }

    /// What `TZ` has to be for the C library to use this zone: its name where that is installed, else the
    /// offset at a time, in milliseconds since 1970-01-01T00:00Z; `None`: now.
    pub(in crate::pac) fn variable(&self, at: Option<i64>) -> String {
        let at = at.unwrap_or_else(|| Timestamp::now().as_millisecond());
        let name = self.0.iana_name().unwrap_or("UTC");
        if std::path::Path::new("/usr/share/zoneinfo").join(name).is_file() {
            return name.to_owned();
        }
        let offset = self.offset_at(at.div_euclid(1000));
        let (sign, seconds) = (if offset < 0 { '+' } else { '-' }, offset.unsigned_abs());
        // POSIX counts to the west.
        format!("<LCL>{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// A time as a person gives it: with a zone of its own, or in a zone that is given beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now(Given);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Given {
    Exact(Timestamp),
    Local(DateTime),
}

impl FromStr for Now {
    type Err = ClockError;

    fn from_str(text: &str) -> Result<Self, ClockError> {
        let exact = text.parse::<Timestamp>().map(Given::Exact);
        let exact =
            exact.or_else(|_| text.parse::<Zoned>().map(|time| Given::Exact(time.timestamp())));
        let given = exact.or_else(|_| text.parse::<DateTime>().map(Given::Local));
        given.map(Self).map_err(|_no_time| ClockError::Time(text.chars().take(80).collect()))
    }
}

impl Now {
    /// What the clock of this machine says.
    pub fn of_this_machine() -> Self {
        Self(Given::Exact(Timestamp::now()))
    }

    /// Milliseconds since 1970-01-01T00:00Z.
    ///
    /// # Errors
    /// A local time so far away that it has no such number.
    pub fn in_zone(&self, zone: &Zone) -> Result<i64, ClockError> {
        match &self.0 {
            Given::Exact(time) => Ok(time.as_millisecond()),
            Given::Local(time) => {
                let zoned = time.to_zoned(zone.0.clone());
                zoned
                    .map(|zoned| zoned.timestamp().as_millisecond())
                    .map_err(|_too_far| ClockError::Time(time.to_string()))
            }
        }
    }
}

impl fmt::Display for Now {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Given::Exact(time) => time.fmt(f),
            Given::Local(time) => time.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_own_zone_or_the_given_one() {
        let zone = Zone::of(Some("Europe/Berlin")).unwrap();
        let time = |text: &str| text.parse::<Now>().unwrap().in_zone(&zone).unwrap();
        assert_eq!(time("2026-07-01T12:00:00Z"), 1_782_907_200_000);
        assert_eq!(time("2026-07-01T14:00"), 1_782_907_200_000);
        assert_eq!(time("2026-07-01T12:00:00+00:00"), 1_782_907_200_000);
        for text in ["2026-07-01T12:00:00Z", "2026-07-01T14:00"] {
            let now: Now = text.parse().unwrap();
            assert_eq!(now.to_string().parse::<Now>().unwrap(), now);
        }
        assert_eq!(zone.offset_at(1_782_907_200), 7200);
        assert!("noon".parse::<Now>().is_err() && Zone::of(Some("Mars/Base")).is_err());
    }

    #[test]
    fn a_zone_that_is_not_installed_is_given_as_its_offset() {
        let zone = Zone(TimeZone::fixed(jiff::tz::offset(-3)));
        assert!(["UTC", "<LCL>+3:00:00"].contains(&zone.variable(Some(0)).as_str()));
    }
}
