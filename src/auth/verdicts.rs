//! Verdicts that are known, so that a password is computed once in some minutes.

use std::collections::HashMap;
use std::hash::Hasher as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use siphasher::sip128::{Hasher128 as _, SipHasher24};
use tokio::time::Instant;

use super::basic::Credentials;
use super::htpasswd::Hash;

/// How long a right password is known.
const RIGHT: Duration = Duration::from_mins(5);

/// How long a wrong one is.
const WRONG: Duration = Duration::from_secs(30);

/// Right ones at most.
const MOST_RIGHT: usize = 65_536;

/// Wrong ones at most; they have their own place, so that guesses push no user out.
const MOST_WRONG: usize = 4096;

/// A secret of this process: nobody can make two credentials that look the same.
#[derive(Clone)]
pub(super) struct Key([u8; 16]);

impl Key {
    /// One that nobody knows.
    pub(super) fn random() -> Result<Self, String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
        Ok(Self(bytes))
    }

    pub(super) fn hash64(&self, bytes: &[u8]) -> u64 {
        siphasher::sip::SipHasher24::new_with_key(&self.0).hash(bytes)
    }
}

/// What is known of credentials, by a keyed hash of them: no password is kept.
pub(super) struct Verdicts {
    key: Key,
    right: Mutex<HashMap<u128, Instant>>,
    wrong: Mutex<HashMap<u128, Instant>>,
}

impl Verdicts {
    pub(super) fn new(key: Key) -> Self {
        Self { key, right: Mutex::default(), wrong: Mutex::default() }
    }

    /// What stands for credentials that are checked against a hash: if the file has another one
    /// for the user, nothing is known any more.
    pub(super) fn id(&self, credentials: &Credentials, hash: Option<&Arc<Hash>>) -> u128 {
        let mut hasher = SipHasher24::new_with_key(&self.key.0);
        let hash = hash.map_or("", |hash| hash.text());
        for part in [credentials.user().as_bytes(), credentials.password(), hash.as_bytes()] {
            // Lengths keep "ab" and "c" apart from "a" and "bc".
            hasher.write_usize(part.len());
            hasher.write(part);
        }
        hasher.finish128().as_u128()
    }

    /// Whether credentials are right, if it is known.
    pub(super) fn find(&self, id: u128, now: Instant) -> Option<bool> {
        let known = |verdicts: &Mutex<HashMap<u128, Instant>>| {
            let verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
            verdicts.get(&id).is_some_and(|until| now < *until)
        };
        if known(&self.right) {
            return Some(true);
        }
        known(&self.wrong).then_some(false)
    }

    pub(super) fn keep(&self, id: u128, right: bool, now: Instant) {
        let (verdicts, most, until) = if right {
            (&self.right, MOST_RIGHT, now + RIGHT)
        } else {
            (&self.wrong, MOST_WRONG, now + WRONG)
        };
        let mut verdicts = verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if verdicts.len() >= most {
            verdicts.retain(|_, until| now < *until);
            if verdicts.len() >= most {
                // They are computed anew where they are asked for.
                verdicts.clear();
            }
        }
        verdicts.insert(id, until);
    }
}

impl std::fmt::Debug for Verdicts {
    /// Shows nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verdicts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn verdicts_are_known_for_a_while_and_wrong_ones_for_a_shorter() {
        let (verdicts, now) = (Verdicts::new(Key::random().unwrap()), Instant::now());
        verdicts.keep(1, true, now);
        verdicts.keep(2, false, now);
        assert_eq!([1, 2, 3].map(|id| verdicts.find(id, now)), [Some(true), Some(false), None]);
        assert_eq!([1, 2].map(|id| verdicts.find(id, now + WRONG)), [Some(true), None]);
        assert_eq!(verdicts.find(1, now + RIGHT), None);
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_take_bounded_room_and_push_no_user_out() {
        let (verdicts, now) = (Verdicts::new(Key::random().unwrap()), Instant::now());
        verdicts.keep(0, true, now);
        for id in 1..20_000 {
            verdicts.keep(id, false, now);
            assert!(verdicts.wrong.lock().unwrap().len() <= MOST_WRONG);
        }
        assert_eq!(verdicts.find(0, now), Some(true));
    }
}
