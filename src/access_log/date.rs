//! The time of a line as text; a second is spelled once.

use std::time::SystemTime;

use httpdate::HttpDate;

/// A second, spelled for each format; the latest of this thread's.
#[derive(Debug, Default)]
pub(super) struct Spelled {
    second: u64,
    /// `22/Nov/2026:16:13:00 +0000`.
    apache: String,
    /// `2026-11-22T16:13:00`.
    iso: String,
}

/// Full seconds and milliseconds since 1970; 0 before.
pub(super) fn since_1970(time: SystemTime) -> (u64, u32) {
    let past = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (past.as_secs(), past.subsec_millis())
}

impl Spelled {
    /// The second in Apache's way.
    pub(super) fn apache(&mut self, time: SystemTime) -> &str {
        self.spell(time);
        &self.apache
    }

    /// The second after ISO 8601, in UTC, without a zone.
    pub(super) fn iso(&mut self, time: SystemTime) -> &str {
        self.spell(time);
        &self.iso
    }

    fn spell(&mut self, time: SystemTime) {
        let (second, _) = since_1970(time);
        if second == self.second && !self.iso.is_empty() {
            return;
        }
        self.second = second;
        // `Sun, 22 Nov 2026 16:13:00 GMT`; later than the year 9999 it would not be.
        let latest = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(253_402_300_799);
        let text = HttpDate::from(time.clamp(SystemTime::UNIX_EPOCH, latest)).to_string();
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        let (day, month, year, clock) = (part(5, 7), part(8, 11), part(12, 16), part(17, 25));
        self.apache = format!("{day}/{month}/{year}:{clock} +0000");
        self.iso = format!("{year}-{:02}-{day}T{clock}", number_of(month));
    }
}

fn number_of(month: &str) -> usize {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    MONTHS.iter().position(|name| *name == month).unwrap_or_default() + 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_is_spelled_as_each_format_wants_it() {
        let mut spelled = Spelled::default();
        let mut at = |second: u64| {
            let time = SystemTime::UNIX_EPOCH + Duration::from_millis(second * 1000 + 7);
            (spelled.apache(time).to_owned(), spelled.iso(time).to_owned())
        };
        let row = |apache: &str, iso: &str| (apache.to_owned(), iso.to_owned());
        assert_eq!(at(0), row("01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00"));
        assert_eq!(at(951_782_400), row("29/Feb/2000:00:00:00 +0000", "2000-02-29T00:00:00"));
        assert_eq!(at(1_798_761_599), row("31/Dec/2026:23:59:59 +0000", "2026-12-31T23:59:59"));
        assert_eq!(at(1_798_761_600), row("01/Jan/2027:00:00:00 +0000", "2027-01-01T00:00:00"));
        assert_eq!(at(300_000_000_000).1, "9999-12-31T23:59:59");
    }
}
