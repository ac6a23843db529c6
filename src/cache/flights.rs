//! One fetch for many: who asks for what is being fetched waits for its head.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::key::CacheKey;
use super::store::memory::Stored;
use crate::blame::Failure;

/// What a fetch came to, for those who wait for it.
#[derive(Debug, Clone)]
pub enum Landed {
    /// It is being stored, or still good, or better than the error: use it.
    Stored(Arc<Stored>, Source),
    /// Nothing that can be shared: each asks for itself.
    Unshareable,
    /// It failed, for all of them.
    Failed(Failure),
}

/// How a stored response came to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It was fetched.
    Fetched {
        /// The status of its fetch.
        status: u16,
    },
    /// Its origin said that it is still good.
    Validated,
    /// Its origin failed.
    StaleOnError {
        /// It was not reached at all.
        unreachable: bool,
    },
}

/// Fetches under way.
#[derive(Debug, Default)]
pub struct Flights {
    all: Mutex<HashMap<CacheKey, Known>>,
}

#[derive(Debug, Clone)]
struct Known {
    outcome: watch::Receiver<Option<Landed>>,
    void: Arc<AtomicBool>,
}

/// What a request does that wants something fetched.
#[derive(Debug)]
pub enum Role {
    /// It fetches.
    Lead(Flight),
    /// Somebody fetches already.
    Follow(watch::Receiver<Option<Landed>>),
}

/// A fetch under way. Dropped, it has landed.
#[derive(Debug)]
pub struct Flight {
    flights: Arc<Flights>,
    key: CacheKey,
    outcome: watch::Sender<Option<Landed>>,
    void: Arc<AtomicBool>,
}

impl Flights {
    /// Joins a fetch, or starts one.
    pub fn join_or_lead(self: &Arc<Self>, key: CacheKey) -> Role {
        let mut all = self.lock();
        if let Some(flight) = all.get(&key) {
            return Role::Follow(flight.outcome.clone());
        }
        let (outcome, receiver) = watch::channel(None);
        let void = Arc::new(AtomicBool::new(false));
        all.insert(key, Known { outcome: receiver, void: Arc::clone(&void) });
        Role::Lead(Flight { flights: Arc::clone(self), key, outcome, void })
    }

    /// What is being fetched and stored under a key, if its head is there.
    pub fn growing(&self, key: CacheKey) -> Option<Arc<Stored>> {
        let flight = self.lock().get(&key)?.outcome.clone();
        match &*flight.borrow() {
            Some(Landed::Stored(stored, _)) => Some(Arc::clone(stored)),
            Some(Landed::Unshareable | Landed::Failed(_)) | None => None,
        }
    }

    /// What is being fetched under a key must not be kept, nor joined any more.
    pub fn void(&self, key: CacheKey) {
        let known = self.lock().remove(&key);
        if let Some(known) = known {
            known.void.store(true, Ordering::Release);
        }
    }

    /// Fetches under way.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing is being fetched.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CacheKey, Known>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Tells all who wait. The fetch stays known until it is dropped.
    pub fn land(&self, landed: Landed) {
        self.outcome.send_replace(Some(landed));
    }

    /// Whether somebody has been told and has not begun to read yet.
    pub fn is_awaited(&self) -> bool {
        // One receiver is that of those who come later, who have none if it is void.
        self.outcome.receiver_count() > usize::from(!self.is_void())
    }

    /// Whether what it brings must not be kept: it was purged meanwhile.
    pub fn is_void(&self) -> bool {
        self.void.load(Ordering::Acquire)
    }

    /// Whether those who wait have been told.
    pub fn has_landed(&self) -> bool {
        self.outcome.borrow().is_some()
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut all = self.flights.lock();
        if all.get(&self.key).is_some_and(|known| Arc::ptr_eq(&known.void, &self.void)) {
            all.remove(&self.key);
        }
        drop(all);
        if !self.has_landed() {
            self.land(Landed::Unshareable);
        }
    }
}

/// Waits for a fetch. As long as the receiver is kept, the fetch goes on.
pub async fn landed(flight: &mut watch::Receiver<Option<Landed>>) -> Landed {
    match flight.wait_for(Option::is_some).await {
        Ok(landed) => landed.clone().unwrap_or(Landed::Unshareable),
        Err(_dropped) => Landed::Unshareable,
    }
}
