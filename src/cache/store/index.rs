//! Which files there are, by key: what has to go first when there is no room.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::memory::{PROVEN, shards};
use crate::cache::key::{CacheKey, KeyHash};

/// One file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Tells the files of one key apart.
    pub id: u32,
    /// Its size in bytes.
    pub size: u64,
}

/// The files of each key.
pub(super) type Index = Cache<CacheKey, Arc<[Entry]>, BySize, KeyHash, Evictions>;

/// The files of a key that has to go.
pub(super) type Evicted = (CacheKey, Arc<[Entry]>);

/// An index of at most `capacity` bytes of files; `evictions` is told what has to go.
///
/// # Errors
/// Those of the index: its settings do not fit.
pub(super) fn index(capacity: u64, evictions: Sender<Evicted>) -> io::Result<Index> {
    // An object must fit into one shard.
    let shards = shards((capacity >> 31).clamp(1, 16));
    let items = usize::try_from(capacity / 32_768).unwrap_or(usize::MAX).clamp(1024, 1 << 24);
    let options = OptionsBuilder::new()
        .shards(shards)
        .estimated_items_capacity(items)
        .weight_capacity(capacity)
        .hot_allocation(PROVEN)
        .build()
        .map_err(io::Error::other)?;
    let hasher = KeyHash::default();
    Ok(Cache::with_options(options, BySize, hasher, Evictions(evictions)))
}

/// A file takes its room on the disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct BySize;

impl Weighter<CacheKey, Arc<[Entry]>> for BySize {
    fn weight(&self, _: &CacheKey, entries: &Arc<[Entry]>) -> u64 {
        // A file takes whole blocks of the file system, and an inode.
        entries.iter().map(|entry| entry.size.next_multiple_of(4096) + 512).sum::<u64>().max(1)
    }
}

/// Tells what has to go.
#[derive(Debug, Clone)]
pub(super) struct Evictions(Sender<Evicted>);

impl Lifecycle<CacheKey, Arc<[Entry]>> for Evictions {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), key: CacheKey, entries: Arc<[Entry]>) {
        self.0.send((key, entries)).ok(); // the receiver lives as long as we do
    }
}
