//! The cache as members use it: find, keep, forget.

mod keep;
mod on_disk;
mod settings;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::cache::bans::{Bans, Pattern, PatternError};
use crate::cache::flights::Flights;
use crate::cache::key::{CacheKey, Secret};
use crate::cache::moment::Moment;
use crate::cache::parts::fit_together;
use crate::cache::store::disk::{Disk, Removed, Swept};
use crate::cache::store::growing::WINDOW;
use crate::cache::store::memory::{BySize, Memory, Resource, Share, Stored, USUAL_WEIGHT, memory};
use crate::cache::stored::{Head, Terms};
use crate::files::MemoryFiles;

pub use self::settings::{CacheSettings, DiskSettings, OpenFiles};

/// A cache.
#[derive(Debug)]
pub struct Cache {
    /// By what it decides.
    pub terms: Terms,
    /// Largest body that is kept in memory.
    memory_object: AtomicU64,
    /// Bytes in memory as they were asked for: shards may make it a few more.
    size: AtomicU64,
    /// How memory is weighed.
    by: BySize,
    /// Where larger bodies in memory are.
    files: MemoryFiles,
    /// Fetches under way.
    pub flights: Arc<Flights>,
    secret: Secret,
    memory: Memory,
    disk: Option<Arc<Disk>>,
    bans: Bans,
    bans_file: Option<PathBuf>,
    /// Keys whose last response could not be shared: asked for one by one, until then.
    passes: quick_cache::sync::Cache<CacheKey, Moment>,
    /// When URLs were purged: what was asked for before is not kept.
    purged: quick_cache::sync::Cache<CacheKey, Purge>,
    purges: AtomicU64,
    /// KiB that bodies on their way may take in memory.
    room: Arc<Semaphore>,
    /// Changes of one key do not cross.
    locks: Vec<Mutex<()>>,
    /// Files that are written behind, at a time.
    writes: Arc<Semaphore>,
    /// The file of rules is written by one at a time.
    banning: Mutex<()>,
    /// Who reads in from disk.
    reading: Vec<tokio::sync::Mutex<()>>,
}

/// When a URL was purged, and by which purge of all: milliseconds are long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cache) struct Purge {
    at: Moment,
    number: u64,
}

/// How long a URL counts as one whose responses cannot be shared.
const PASS: Duration = Duration::from_mins(2);

/// Locks for changes.
const LOCKS: usize = 256;

/// Responses that wait for the disk at most, or are being written: others are in memory only. All disk work and all
/// names share threads.
const WRITES: usize = 64;

/// URLs that are read in from disk at a time, at most.
const READERS: u128 = 32;

impl Cache {
    /// Opens a cache. A disk that cannot be used is done without, and said so.
    pub fn open(settings: CacheSettings, open: OpenFiles) -> Arc<Self> {
        let opened = settings.disk.as_ref().and_then(|at| {
            let opened = Disk::open(&at.folder, at.capacity);
            opened
                .inspect_err(|error| {
                    tracing::error!(folder = %at.folder.display(), %error, "cache disk cannot be used, memory goes on");
                })
                .ok()
        });
        let (disk, secret) = match opened {
            Some((disk, secret)) => (Some(Arc::new(disk)), secret),
            None => (None, Secret::random()),
        };
        let bans_file = disk.as_ref().and(settings.disk.as_ref()).map(|at| at.folder.join("bans"));
        let bans = bans_file.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let by = BySize { open_file: settings.memory / open.on_disk.max(1) };
        let memory = memory(settings.memory, USUAL_WEIGHT, by, disk.clone());
        let (memory_object, max_object) = largest(&settings, &memory, disk.is_some());
        Arc::new(Self {
            terms: Terms {
                heuristics: settings.heuristics,
                name: settings.name,
                stale_if_error: settings.stale_if_error,
                targets: settings.targets,
                types: settings.types,
                max_object: Arc::new(max_object.into()),
            },
            memory_object: memory_object.into(),
            size: settings.memory.into(),
            by,
            files: MemoryFiles::new(open.in_memory),
            flights: Arc::default(),
            secret,
            memory,
            disk,
            bans: bans.as_deref().map(Bans::from_text).unwrap_or_default(),
            bans_file,
            room: Arc::new(Semaphore::new(kib(settings.memory / 2))),
            passes: quick_cache::sync::Cache::new(1 << 16),
            purged: quick_cache::sync::Cache::new(1 << 16),
            purges: AtomicU64::new(0),
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
            writes: Arc::new(Semaphore::new(WRITES)),
            banning: Mutex::new(()),
            reading: (0..READERS).map(|_| tokio::sync::Mutex::new(())).collect(),
        })
    }

    /// The key of a normalised URL.
    pub fn key(&self, url: &str) -> CacheKey {
        CacheKey::of(url, &self.secret)
    }

    /// The disk, if there is one.
    pub fn disk(&self) -> Option<&Arc<Disk>> {
        self.disk.as_ref()
    }

    /// Bytes in memory, and how many may be.
    pub fn memory_use(&self) -> (u64, u64) {
        (self.memory.weight(), self.memory.capacity())
    }

    /// Resources in memory.
    pub fn memory_len(&self) -> usize {
        self.memory.len()
    }

    /// The largest body of such a response that is kept in memory. With a disk, parts have less: there may be
    /// many of one whole.
    pub(in crate::cache) fn most_in_memory(&self, head: &Head) -> u64 {
        let has_disk = self.disk.as_ref().is_some_and(|disk| !disk.is_resting());
        let most = self.memory_object.load(Ordering::Relaxed);
        if has_disk && head.part.is_some() { most / 8 } else { most }
    }

    /// The largest body that is stored.
    pub(in crate::cache) fn max_object(&self) -> u64 {
        self.terms.max_object.load(Ordering::Relaxed)
    }

    /// What one URL may take: what does not fit into a shard of memory or index is not kept at all.
    fn share(&self) -> Share {
        Share {
            memory: self.memory.shard_capacity() / 2,
            disk: self.disk.as_ref().map_or(u64::MAX, |disk| disk.shard_capacity() / 2),
            by: self.by,
        }
    }

    /// Changes how much is kept, where that is another number than before.
    pub fn resize(self: &Arc<Self>, settings: &CacheSettings) {
        let before = self.size.swap(settings.memory, Ordering::Relaxed);
        if settings.memory != before {
            self.memory.set_capacity(settings.memory);
            let (room, had) = (kib(settings.memory / 2), kib(before / 2));
            self.room.add_permits(room.saturating_sub(had));
            // What is in use is not taken back.
            self.room.forget_permits(had.saturating_sub(room));
            let (memory_object, max_object) = largest(settings, &self.memory, self.disk.is_some());
            self.memory_object.store(memory_object, Ordering::Relaxed);
            self.terms.max_object.store(max_object, Ordering::Relaxed);
        }
        if let (Some(disk), Some(at)) = (&self.disk, &settings.disk)
            && at.capacity != disk.capacity()
        {
            disk.set_capacity(at.capacity);
            let (cache, disk) = (Arc::clone(self), Arc::clone(disk));
            tokio::task::spawn_blocking(move || cache.close_all(&disk.sweep()));
        }
    }

    /// What memory has for a URL.
    pub fn find(&self, key: CacheKey) -> Option<Arc<Resource>> {
        self.memory.get(&key)
    }

    /// Whether the disk may have what memory has not.
    pub fn may_be_on_disk(&self, key: CacheKey) -> bool {
        self.disk.as_ref().is_some_and(|disk| disk.may_have(key))
    }

    fn lock(&self, key: CacheKey) -> Option<MutexGuard<'_, ()>> {
        let place = usize::try_from(key.0 % 256).unwrap_or(0);
        Some(self.locks.get(place)?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The stored response that a request selects: for its URL, not banned, and varying by nothing in
    /// which the request differs. Whole ones come before parts.
    pub fn select<'a>(
        &self,
        resource: &'a Resource,
        url: &str,
        request: &HeaderMap,
    ) -> Option<&'a Arc<Stored>> {
        let mut fitting = self.fitting(resource, url, request);
        let first = fitting.next()?;
        if first.head.part.is_none() {
            return Some(first);
        }
        let asked = crate::cache::ranges::asked(request);
        let serves = |stored: &&Arc<Stored>| match (&stored.head.part, asked) {
            (None, _) => true,
            (Some(part), Some(asked)) => part.serve(asked).is_some(),
            (Some(_), None) => false,
        };
        std::iter::once(first).chain(fitting).find(serves).or(Some(first))
    }

    /// The stored parts of the whole that `one` is a part of and that such a request may get, newest first.
    pub fn parts(&self, resource: &Resource, one: &Head, request: &HeaderMap) -> Vec<Arc<Stored>> {
        let fitting = self.fitting(resource, &one.url, request);
        fitting.filter(|stored| fit_together(&stored.head, one)).map(Arc::clone).collect()
    }

    fn fitting<'a>(
        &self,
        resource: &'a Resource,
        url: &str,
        request: &HeaderMap,
    ) -> impl Iterator<Item = &'a Arc<Stored>> {
        resource.variants.iter().filter(move |stored| {
            *stored.head.url == *url
                && stored.head.vary.matches(request)
                && !stored.body.is_condemned()
                && !self.bans.bans(&stored.head)
        })
    }

    /// When a request counts as sent that is sent now: later than all that was purged or banned before it,
    /// however short a millisecond is.
    pub fn asked_at(&self, key: CacheKey) -> Moment {
        let purged = self.last_purge(key).map(|purge| purge.at);
        let void = purged.max(self.bans.newest());
        void.map_or_else(Moment::now, |void| Moment::now().max(void.next()))
    }

    /// Whether a response was asked for before its URL was purged, or is banned.
    pub fn is_void(&self, key: CacheKey, head: &Head) -> bool {
        self.is_purged(key, head) || self.bans.bans(head)
    }

    fn is_purged(&self, key: CacheKey, head: &Head) -> bool {
        self.last_purge(key).is_some_and(|purge| head.exchange.requested <= purge.at)
    }

    /// The last purge of a key: another one later tells that it was purged meanwhile.
    pub(in crate::cache) fn last_purge(&self, key: CacheKey) -> Option<Purge> {
        // Most caches are never told to forget.
        let any = self.purges.load(Ordering::Acquire) > 0;
        any.then(|| self.purged.get(&key)).flatten()
    }

    /// Forgets all that is stored for a URL, and what is being fetched for it.
    pub async fn forget(self: &Arc<Self>, url: &str) -> Removed {
        let key = self.key(url);
        let any = self.void(key);
        match self.disk.clone().filter(|disk| disk.may_still_have(key)) {
            Some(disk) => {
                let removing = tokio::task::spawn_blocking(move || disk.remove(key)).await;
                let removed = removing.unwrap_or(Removed { any: false, gone: false });
                Removed { any: any || removed.any, ..removed }
            }
            None => Removed { any, gone: true },
        }
    }

    /// The same; and what was evicted before, but may still be there, is removed as well, so that nothing
    /// comes back at the next start.
    pub async fn purge(self: &Arc<Self>, url: &str) -> Removed {
        let (key, removed) = (self.key(url), self.forget(url).await);
        let Some(disk) = self.disk.clone() else { return removed };
        let cache = Arc::clone(self);
        let swept = tokio::task::spawn_blocking(move || {
            let swept = disk.sweep();
            cache.close_all(&swept);
            swept
        });
        let left = |swept: Vec<Swept>| swept.iter().any(|swept| swept.key == key && !swept.gone);
        let gone = removed.gone && !swept.await.map_or(true, left);
        Removed { gone, ..removed }
    }

    /// Nothing that was asked for before now is used again; whether memory had something.
    fn void(&self, key: CacheKey) -> bool {
        let guard = self.lock(key);
        // What was asked for since the last one counts as later than that.
        let last = self.purged.get(&key).map(|purge| purge.at.next());
        let at = last.map_or_else(Moment::now, |last| Moment::now().max(last));
        self.purged.insert(key, Purge { at, number: self.purges.fetch_add(1, Ordering::AcqRel) });
        drop(guard);
        self.flights.void(key);
        self.passes.remove(&key);
        self.remove(key)
    }

    fn remove(&self, key: CacheKey) -> bool {
        let guard = self.lock(key);
        let removed = self.memory.remove(&key);
        // To let go of what is large takes its time: not with the lock.
        drop(guard);
        removed.is_some()
    }

    /// Makes everything void that matches and was stored before now. Tells whether the disk keeps that,
    /// or has nothing that it is about. Blocks.
    ///
    /// # Errors
    /// A pattern that is none.
    pub fn ban(&self, pattern: Pattern) -> Result<bool, PatternError> {
        let everything = pattern == Pattern::All;
        let _one_by_one = self.banning.lock().unwrap_or_else(PoisonError::into_inner);
        self.bans.add(pattern, Moment::now())?;
        if everything {
            self.memory.clear();
        }
        if let Some(path) = &self.bans_file
            && let Err(error) = crate::files::replace(path, self.bans.to_text().as_bytes())
        {
            tracing::error!(%error, "ban is not kept on disk: what it voids comes back at the next start");
            return Ok(false);
        }
        Ok(true)
    }

    /// Whether a stored response is not banned.
    pub fn is_valid(&self, head: &Head) -> bool {
        !self.bans.bans(head)
    }

    /// Rules in force.
    pub fn bans(&self) -> usize {
        self.bans.len()
    }

    /// Room in memory for a body on its way, as far as it is known; `None` if there is none: then it is
    /// passed on unstored.
    pub fn reserve(&self, head: &Head) -> Option<OwnedSemaphorePermit> {
        let length = head.length().unwrap_or(UNKNOWN).min(self.most_room());
        Arc::clone(&self.room).try_acquire_many_owned(permits(length)).ok()
    }

    /// Room for a body that has grown to `length`; false if there is none.
    pub fn reserve_more(&self, room: &mut OwnedSemaphorePermit, length: u64) -> bool {
        let wanted = permits(length.min(self.most_room()));
        let more = usize::try_from(wanted).unwrap_or(usize::MAX).saturating_sub(room.num_permits());
        if more == 0 {
            return true;
        }
        // Some in advance, so that this is seldom asked.
        let more = permits(UNKNOWN).max(u32::try_from(more).unwrap_or(u32::MAX));
        let Ok(more) = Arc::clone(&self.room).try_acquire_many_owned(more) else { return false };
        room.merge(more);
        true
    }

    /// What a body takes in memory at most: a large one has its window, and what is being written.
    fn most_room(&self) -> u64 {
        self.memory_object.load(Ordering::Relaxed).max(4 * WINDOW)
    }

    /// The response to this URL cannot be shared: the next ones do not wait for each other.
    pub fn pass(&self, key: CacheKey, now: Moment) {
        // Most are known by the response before: that need not be noted anew each time.
        if self.passes.get(&key).is_none_or(|until| until < now + PASS / 2) {
            self.passes.insert(key, now + PASS);
        }
    }

    /// Whether the last response could not be shared.
    pub fn is_pass(&self, key: CacheKey, now: Moment) -> bool {
        self.passes.get(&key).is_some_and(|until| now < until)
    }

    /// The next response may be shared after all.
    pub fn unpass(&self, key: CacheKey) {
        self.passes.remove(&key);
    }
}

/// The largest body that is kept in memory, and the largest that is stored at all.
fn largest(settings: &CacheSettings, memory: &Memory, has_disk: bool) -> (u64, u64) {
    if has_disk {
        return (settings.memory_object, settings.max_object);
    }
    let most = (settings.memory / 16).min(memory.shard_capacity() / 2);
    let largest = settings.max_object.min(most);
    (largest, largest)
}

/// What is reserved for a body of unknown length at first.
const UNKNOWN: u64 = 64 << 10;

fn permits(bytes: u64) -> u32 {
    u32::try_from(kib(bytes)).unwrap_or(u32::MAX)
}

fn kib(bytes: u64) -> usize {
    usize::try_from(bytes / 1024 + 1).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS)
}

/// Says how long a body is, where that may be said (RFC 9110, section 8.6).
pub(in crate::cache) fn set_length(head: &mut Head, length: usize) {
    if head.status != hyper::StatusCode::NO_CONTENT {
        head.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}
