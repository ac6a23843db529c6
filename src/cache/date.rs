//! Dates of HTTP fields, in the three forms that are to be understood.
//!
//! RFC 9110, section 5.6.7. Names of days and months in any case; whether the day of the week is that
//! of the date is not looked at: many senders get only that wrong.

/// Seconds since 1970; `None` for what is no date, and for dates before 1970.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let comma = text.find(',');
    match comma {
        // Sun, 06 Nov 1994 08:49:37 GMT
        Some(3) => {
            let [day, month, year, time, zone] = fields(text.get(4..)?.strip_prefix(' ')?)?;
            let year = digits(year, 4)?;
            in_gmt(zone, year, month, digits(day, 2)?, time)
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        Some(at) if is_weekday(text.get(..3)?) && at <= 9 => {
            let [date, time, zone] = fields(text.get(at + 1..)?.strip_prefix(' ')?)?;
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, digits(parts.next()?, 2)?);
            // What looks 50 years ahead is in the past; the sense of the rule, without a clock.
            let year = if year >= 70 { 1900 + year } else { 2000 + year };
            in_gmt(zone, year, month, digits(day, 2)?, time)
        }
        Some(_) => None,
        // Sun Nov  6 08:49:37 1994
        None => {
            let rest = text.get(3..)?.strip_prefix(' ')?;
            let (month, rest) = rest.split_at_checked(3)?;
            let (day, rest) = rest.strip_prefix(' ')?.split_at_checked(2)?;
            let (time, year) = rest.strip_prefix(' ')?.split_once(' ')?;
            let day = day.strip_prefix(' ').map_or_else(|| digits(day, 2), |day| digits(day, 1));
            is_weekday(text.get(..3)?)
                .then(|| seconds(digits(year, 4)?, month, day?, time))
                .flatten()
        }
    }
}

fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    let parts: Vec<&str> = text.split(' ').collect();
    parts.try_into().ok()
}

fn in_gmt(zone: &str, year: u64, month: &str, day: u64, time: &str) -> Option<u64> {
    zone.eq_ignore_ascii_case("GMT").then(|| seconds(year, month, day, time)).flatten()
}

fn is_weekday(text: &str) -> bool {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        .iter()
        .any(|day| day.eq_ignore_ascii_case(text))
}

fn digits(text: &str, count: usize) -> Option<u64> {
    let all = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

const MONTHS: [(&str, u64); 12] = [
    ("jan", 31),
    ("feb", 28),
    ("mar", 31),
    ("apr", 30),
    ("may", 31),
    ("jun", 30),
    ("jul", 31),
    ("aug", 31),
    ("sep", 30),
    ("oct", 31),
    ("nov", 30),
    ("dec", 31),
];

fn is_leap(year: u64) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

fn seconds(year: u64, month: &str, day: u64, time: &str) -> Option<u64> {
    let place = MONTHS.iter().position(|(name, _)| name.eq_ignore_ascii_case(month))?;
    let leap_day = |i: usize| u64::from(i == 1 && is_leap(year));
    let length = MONTHS.get(place)?.1 + leap_day(place);
    if year < 1970 || day == 0 || day > length {
        return None;
    }
    let mut parts = time.split(':');
    let (hour, minute, second) =
        (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    // 60: a leap second.
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let before = year - 1;
    let leap_years = |year: u64| year / 4 - year / 100 + year / 400;
    let mut days = (year - 1970) * 365 + leap_years(before) - leap_years(1969);
    for (i, (_, length)) in MONTHS.iter().enumerate().take(place) {
        days += length + leap_day(i);
    }
    Some((days + day - 1) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn all_three_forms_are_the_same_date() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "SUN, 06 NOV 1994 08:49:37 gmt",
            "Mon, 06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(parse(text), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun 06 Nov 1994 08:49:37 GMT",
            "Sun, 06  Nov 1994 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08.49.37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 1900 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "\u{e4}\u{e4}\u{e4}, x",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read(seconds in 0..253_402_300_800_u64) {
            let text = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
            proptest::prop_assert_eq!(parse(&text), Some(seconds));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            parse(&text);
        }
    }
}
