//! Durations and sizes as people write them in a configuration.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// A duration with its unit: `250ms`, `3s`, `10m`, `12h`. Whole numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("duration must be a whole number with ms, s, m or h, found {0:?}")]
pub struct SpanError(String);

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError(text.chars().take(80).collect());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_not_a_number| wrong())?;
        let duration = match unit {
            "ms" => Some(Duration::from_millis(number)),
            "s" => Some(Duration::from_secs(number)),
            "m" => number.checked_mul(60).map(Duration::from_secs),
            "h" => number.checked_mul(3600).map(Duration::from_secs),
            _ => None,
        };
        duration.map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        match millis {
            n if n % 3_600_000 == 0 && n > 0 => write!(f, "{}h", n / 3_600_000),
            n if n % 60_000 == 0 && n > 0 => write!(f, "{}m", n / 60_000),
            n if n % 1000 == 0 => write!(f, "{}s", n / 1000),
            n => write!(f, "{n}ms"),
        }
    }
}

/// A number of bytes with its unit: `512KB`, `64MB`, `10GB`, `2TB`, each 1024 of the one before. Whole
/// numbers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Size(pub u64);

/// Why a text is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("size must be a whole number with B, KB, MB, GB or TB, found {0:?}")]
pub struct SizeError(String);

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let wrong = || SizeError(text.chars().take(80).collect());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
        let number: u64 = number.parse().map_err(|_not_a_number| wrong())?;
        let shift = match unit.trim_start() {
            "B" => 0,
            "KB" => 10,
            "MB" => 20,
            "GB" => 30,
            "TB" => 40,
            _ => return Err(wrong()),
        };
        number.checked_mul(1 << shift).map(Self).ok_or_else(wrong)
    }
}

impl TryFrom<String> for Size {
    type Error = SizeError;

    fn try_from(text: String) -> Result<Self, SizeError> {
        text.parse()
    }
}

/// So many in a time: `100/s`, `30/m`, `1000/h`. Whole numbers from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rate {
    /// How many; never 0.
    pub count: u32,
    /// In which time; never 0.
    pub per: Duration,
}

/// Why a text is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rate must be a whole number from 1 with /s, /m or /h, found {0:?}")]
pub struct RateError(String);

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let read = || {
            let (count, unit) = text.split_once('/')?;
            let digits = count.bytes().all(|byte| byte.is_ascii_digit());
            let count = count.parse().ok().filter(|count| digits && *count > 0)?;
            let per = match unit {
                "s" => Duration::from_secs(1),
                "m" => Duration::from_mins(1),
                "h" => Duration::from_hours(1),
                _ => return None,
            };
            // One token must take some time.
            Some(Self { count, per }).filter(|rate| !(rate.per / rate.count).is_zero())
        };
        read().ok_or_else(|| RateError(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for Rate {
    type Error = RateError;

    fn try_from(text: String) -> Result<Self, RateError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_a_number_and_a_unit() {
        let rate = "30/m".parse::<Rate>().unwrap();
        assert_eq!(rate, Rate { count: 30, per: Duration::from_mins(1) });
        for text in ["", "30", "0/s", "-1/s", "+1/s", "1.5/s", "1/d", "/s", "4294967295/s", "1 /s"]
        {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_size_has_a_unit_of_1024() {
        for (text, bytes) in [("0B", 0), ("3 KB", 3072), ("2MB", 2 << 20), ("1TB", 1 << 40)] {
            assert_eq!(text.parse::<Size>().unwrap().0, bytes);
        }
        for text in ["", "3", "-1MB", "1.5GB", "1mb", "99999999999TB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_duration_has_a_unit_and_reads_back() {
        for text in ["250ms", "3s", "10m", "12h", "0s"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        for text in
            ["", "3", "s", "-3s", "1.5s", "3 s", "99999999999999999999s", "18446744073709551615h"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
