//! How often each client may ask: a bucket of tokens for each, as one moment in time.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::net::networks::client_of;
use crate::units::Rate;

/// Clients are divided among so many locks.
const SHARDS: usize = 16;

/// Clients that are remembered at most, in each of them. Beyond that, new ones pass uncounted.
const MOST: usize = 8192;

/// Lets each client ask at a rate, and a number of times at once.
///
/// A client's bucket is the moment at which it is full again (the generic cell rate algorithm of ITU-T
/// I.371): a request moves it by the time of one token, and does not pass if it would be farther away
/// than a whole bucket takes. A bucket that is full is not remembered.
#[derive(Debug)]
pub struct RateLimit {
    /// The time in which one token comes.
    token: Duration,
    /// The time in which an empty bucket gets full.
    bucket: Duration,
    shards: [Mutex<Shard>; SHARDS],
    spread: RandomState,
}

/// The clients of one lock.
#[derive(Debug, Default)]
struct Shard {
    full_at: HashMap<IpAddr, Instant>,
    swept: Option<Instant>,
}

/// How often a shard that is full is searched for clients to forget.
const PAUSE: Duration = Duration::from_secs(1);

impl RateLimit {
    /// At most `rate`, and `burst` at once, which is 1 or more.
    pub fn new(rate: Rate, burst: u32) -> Self {
        let token = rate.per / rate.count.max(1);
        Self {
            token,
            bucket: token.saturating_mul(burst.max(1)),
            shards: Default::default(),
            spread: RandomState::new(),
        }
    }

    /// Whether a client may ask now; if not, it may in this time.
    ///
    /// # Errors
    /// How long to wait.
    pub fn pass(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let client = client_of(client);
        let which = usize::try_from(self.spread.hash_one(client) >> 32).unwrap_or_default();
        let Some(shard) = self.shards.get(which % SHARDS) else {
            return Ok(());
        };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.full_at.len() >= MOST {
            shard.sweep(now);
        }
        if shard.full_at.len() >= MOST && !shard.full_at.contains_key(&client) {
            return Ok(());
        }
        let full_at = shard.full_at.entry(client).or_insert(now);
        let then = (*full_at).max(now) + self.token;
        let wait = then.saturating_duration_since(now).saturating_sub(self.bucket);
        if wait.is_zero() {
            *full_at = then;
            return Ok(());
        }
        Err(wait)
    }

    /// Forgets the clients whose buckets are full.
    pub fn sweep(&self, now: Instant) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.swept = None;
            shard.sweep(now);
            shard.full_at.shrink_to(MOST / 8);
        }
    }
}

impl Shard {
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_none_or(|swept| swept + PAUSE <= now) {
            self.swept = Some(now);
            self.full_at.retain(|_, full_at| now < *full_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(rate: &str, burst: u32) -> RateLimit {
        RateLimit::new(rate.parse().unwrap(), burst)
    }

    fn client(number: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(number).into()
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_at_once_and_then_one_for_each_token() {
        let (limit, start) = (limit("10/s", 5), Instant::now());
        let pass = |millis: u64| limit.pass(client(1), start + Duration::from_millis(millis));
        assert!((0..5).all(|_| pass(0).is_ok()));
        assert_eq!(pass(0), Err(Duration::from_millis(100)));
        assert_eq!(pass(40), Err(Duration::from_millis(60)));
        assert!(pass(100).is_ok() && pass(100).is_err() && pass(200).is_ok());
        assert!((0..5).all(|_| pass(10_000).is_ok()) && pass(10_000).is_err());
        assert!(limit.pass(client(2), start).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn clients_are_forgotten_and_never_too_many() {
        let (limit, start) = (limit("1/m", 1), Instant::now());
        let remembered = || -> usize {
            limit.shards.iter().map(|shard| shard.lock().unwrap().full_at.len()).sum()
        };
        assert!((0..200_000).all(|number| limit.pass(client(number), start).is_ok()));
        assert!(remembered() <= SHARDS * MOST);
        assert!(limit.pass(client(1), start).is_err());
        limit.sweep(start + Duration::from_mins(2));
        assert_eq!(remembered(), 0);
    }
}
