//! When to ask the master again, and whether to take what it says: pure.

use std::time::Duration;

use pat::Table;

use crate::net::etag::Digest;

/// What a poll came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The table in use is the current one.
    Unchanged,
    /// Another table is in use now.
    Replaced,
    /// Another table was seen that is not believed yet.
    Held,
    /// Nothing that could be used.
    Failed,
}

/// Paces the polls.
#[derive(Debug, Default)]
pub(super) struct Pace {
    failures: u32,
}

/// First pause after a failure; doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);

/// Longest pause after failures.
const LONGEST: Duration = Duration::from_mins(1);

/// How soon a table that was not believed is looked at again.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// Shortest pause, whatever happens: a master that answers at once must not be asked in a loop.
const SHORTEST: Duration = Duration::from_millis(20);

impl Pace {
    /// The pause until the next poll.
    ///
    /// `waited`: the master holds its answers until something changes, so it is asked again at once.
    /// `jitter`, from 0 to 1, spreads the members.
    pub(super) fn next(
        &mut self,
        outcome: Outcome,
        list_ttl: Duration,
        waited: bool,
        jitter: f64,
    ) -> Duration {
        if outcome == Outcome::Failed {
            let pause = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
            self.failures = self.failures.saturating_add(1);
            return pause.mul_f64(0.5 + 0.5 * jitter);
        }
        self.failures = 0;
        match outcome {
            Outcome::Held => SECOND_LOOK,
            _ if waited => SHORTEST,
            Outcome::Unchanged | Outcome::Replaced | Outcome::Failed => {
                list_ttl.mul_f64(0.9 + 0.1 * jitter)
            }
        }
    }
}

/// Whether to use a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the one in use.
    Same,
    /// It replaces the one in use.
    Take,
    /// It lost more than half of the members at once: an empty registry or a truncated file would look
    /// like that. It is taken if it is seen again.
    Hold,
}

/// Judges a table. `held` is the digest of the table that was held last.
pub(super) fn judge(
    current: Option<(&Table, Digest)>,
    new: &Table,
    digest: Digest,
    held: Option<Digest>,
) -> Verdict {
    let Some((table, current_digest)) = current else {
        return Verdict::Take;
    };
    if digest == current_digest {
        return Verdict::Same;
    }
    let (before, after) = (table.members().len(), new.members().len());
    if before >= 4 && after * 2 < before && held != Some(digest) {
        Verdict::Hold
    } else {
        Verdict::Take
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pat::Header;

    const TTL: Duration = Duration::from_mins(10);

    fn table(members: u16) -> Table {
        let mut header = Header::new("a".parse().unwrap());
        header.array_enabled = members > 0;
        let member = |i: u16| {
            pat::Member::new(format!("m{i}").parse().unwrap(), (1000 + i).try_into().unwrap())
        };
        Table::new(header, (0..members).map(member).collect()).unwrap()
    }

    fn digest(n: u8) -> Digest {
        Digest::of(&[n])
    }

    #[test]
    fn a_master_that_waits_is_asked_at_once_and_another_after_its_ttl() {
        let mut pace = Pace::default();
        for outcome in [Outcome::Unchanged, Outcome::Replaced] {
            assert_eq!(pace.next(outcome, TTL, true, 0.5), SHORTEST);
            assert_eq!(pace.next(outcome, TTL, false, 1.0), TTL);
            assert_eq!(pace.next(outcome, TTL, false, 0.0), TTL.mul_f64(0.9));
        }
    }

    #[test]
    fn failures_back_off_with_jitter_up_to_a_minute_and_a_success_ends_that() {
        let mut pace = Pace::default();
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(pace.next(Outcome::Failed, TTL, true, 1.0), Duration::from_secs(seconds));
        }
        assert_eq!(pace.next(Outcome::Failed, TTL, true, 0.0), Duration::from_secs(30));
        pace.next(Outcome::Unchanged, TTL, false, 0.0);
        assert_eq!(pace.next(Outcome::Failed, TTL, false, 1.0), Duration::from_secs(1));
    }

    #[test]
    fn a_table_that_lost_most_members_is_taken_at_second_sight_only() {
        let (four, one) = (table(4), table(1));
        assert_eq!(judge(Some((&four, digest(1))), &one, digest(2), None), Verdict::Hold);
        assert_eq!(
            judge(Some((&four, digest(1))), &one, digest(2), Some(digest(3))),
            Verdict::Hold
        );
        assert_eq!(
            judge(Some((&four, digest(1))), &one, digest(2), Some(digest(2))),
            Verdict::Take
        );
        assert_eq!(judge(Some((&four, digest(1))), &table(2), digest(2), None), Verdict::Take);
        assert_eq!(judge(Some((&table(3), digest(1))), &one, digest(2), None), Verdict::Take);
        assert_eq!(judge(Some((&four, digest(1))), &four, digest(1), None), Verdict::Same);
        assert_eq!(judge(None, &one, digest(1), None), Verdict::Take);
    }
}
