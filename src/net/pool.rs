//! Connections to next hops, kept while they are worth it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::client::{Connection, Hearer, Outgoing, Reply, SendError, Uploading};
use super::stall::Timer;
use super::tunnel::End;
use super::workers;

/// How many idle connections are kept, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct PoolLimits {
    /// Idle connections to one address at most, for each worker. 0 keeps none.
    pub idle_per_address: usize,
    /// Idle connections in all, an equal share for each worker.
    pub idle_in_all: usize,
    /// How long an idle connection is kept; shorter than servers' usual 60 s, so that they seldom
    /// close one just as it is used.
    pub idle: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { idle_per_address: 128, idle_in_all: 4096, idle: Duration::from_secs(50) }
    }
}

/// Idle connections by address; each thread of [`workers`] has its own, as the runtime where a connection
/// was opened is the one that wakes who waits for it.
#[derive(Debug)]
pub struct Pool {
    /// By [`workers::here`].
    shelves: Vec<Mutex<Shelf>>,
    limits: PoolLimits,
    /// The tasks that send bodies whose responses have begun.
    tasks: TaskTracker,
}

/// The idle connections of one worker.
#[derive(Debug, Default)]
struct Shelf {
    by_address: HashMap<Arc<str>, Kept>,
    /// How many there are.
    count: usize,
}

/// The idle connections to one address.
#[derive(Debug)]
struct Kept {
    address: Arc<str>,
    idle: Vec<Idle>,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    /// An empty pool; bodies whose responses have begun are sent by tasks of `tasks`.
    pub fn new(limits: PoolLimits, tasks: TaskTracker) -> Arc<Self> {
        let shelves = (0..=workers::count()).map(|_| Mutex::default()).collect();
        Arc::new(Self { shelves, limits, tasks })
    }

    /// A connection that is there and ready, idle for less than `fresh` at most.
    ///
    /// A request that cannot be repeated wants a fresh one: its other end may be about to close it.
    pub fn checkout(self: &Arc<Self>, address: &str, fresh: Option<Duration>) -> Option<Lease> {
        let now = Instant::now();
        let longest = fresh.unwrap_or(self.limits.idle).min(self.limits.idle);
        let home = workers::here();
        let mut shelf = self.lock(home)?;
        let Shelf { by_address, count } = &mut *shelf;
        let Kept { address, idle } = by_address.get_mut(address)?;
        // The latest is the freshest; what was closed meanwhile goes.
        while let Some(Idle { connection, .. }) = idle.pop_if(|idle| now - idle.since < longest) {
            *count -= 1;
            if connection.is_idle() {
                let (address, pool) = (Arc::clone(address), Arc::clone(self));
                return Some(Lease { connection, address, pool, home, reused: true });
            }
        }
        None
    }

    /// Drops the idle connections to an address: its other end is not what it was.
    pub fn forget(&self, address: &str) {
        for mut shelf in self.all() {
            shelf.count -= shelf.by_address.remove(address).map_or(0, |kept| kept.idle.len());
        }
    }

    /// A new connection over a stream.
    pub fn open(self: &Arc<Self>, address: &str, stream: TcpStream) -> Lease {
        let (address, pool) = (address.into(), Arc::clone(self));
        let (connection, home) = (Connection::new(stream), workers::here());
        Lease { connection, address, pool, home, reused: false }
    }

    /// Drops what has been idle for too long; call it now and then.
    pub fn sweep(&self) {
        let now = Instant::now();
        for mut shelf in self.all() {
            shelf.by_address.retain(|_, Kept { idle, .. }| {
                idle.retain(|it| it.connection.is_idle() && now - it.since < self.limits.idle);
                !idle.is_empty()
            });
            shelf.count = shelf.by_address.values().map(|kept| kept.idle.len()).sum();
        }
    }

    /// Drops all idle connections; call it when no more requests follow.
    pub fn clear(&self) {
        self.all().for_each(|mut shelf| *shelf = Shelf::default());
    }

    /// Idle connections of one worker at most.
    fn share(&self) -> usize {
        self.limits.idle_in_all.div_ceil(self.shelves.len().saturating_sub(1).max(1))
    }

    fn all(&self) -> impl Iterator<Item = MutexGuard<'_, Shelf>> {
        self.shelves.iter().map(|shelf| shelf.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self, home: usize) -> Option<MutexGuard<'_, Shelf>> {
        Some(self.shelves.get(home)?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection in use by one request.
#[derive(Debug)]
pub struct Lease {
    connection: Connection,
    address: Arc<str>,
    pool: Arc<Pool>,
    /// The worker that opened it.
    home: usize,
    reused: bool,
}

impl Lease {
    /// Whether it served a request before: then its other end may have closed it unnoticed.
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    /// Sends a request and waits for the head of its response, of which `hearer` gets those that come before
    /// the last; `idle` limits how long the next hop may refuse to take any of the body.
    ///
    /// # Errors
    /// No response, or none that can be understood.
    pub async fn send(
        &mut self,
        request: Outgoing,
        hearer: Option<Hearer<'_>>,
        idle: Duration,
    ) -> Result<Reply, SendError> {
        self.connection.send(request, hearer, idle).await
    }

    /// What limits the waits for its server, one after another.
    pub fn timer(&mut self) -> &mut Timer {
        &mut self.connection.timer
    }

    /// Lets a body be sent in the background.
    pub fn upload(&mut self, uploading: Uploading) {
        self.connection.upload(uploading, &self.pool.tasks);
    }

    /// The connection below.
    pub(super) fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The stream, once it speaks another protocol.
    pub fn into_stream(self) -> Option<impl End> {
        self.connection.into_stream()
    }

    /// Keeps the connection for others; call it when the response's body has ended.
    pub fn give_back(self) {
        let Self { connection, address, pool, home, .. } = self;
        let Some(connection) = connection.rested() else { return };
        let Some(mut shelf) = pool.lock(home) else { return };
        let Shelf { by_address, count } = &mut *shelf;
        if *count >= pool.share() {
            return;
        }
        let Kept { idle, .. } = by_address
            .entry(address)
            .or_insert_with_key(|address| Kept { address: Arc::clone(address), idle: Vec::new() });
        if idle.len() >= pool.limits.idle_per_address {
            let before = idle.len();
            idle.retain(|idle| idle.connection.is_idle());
            *count -= before - idle.len();
        }
        if idle.len() < pool.limits.idle_per_address {
            idle.push(Idle { connection, since: Instant::now() });
            *count += 1;
        }
    }
}
