//! Stored responses in memory.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::disk::Disk;
use super::growing::Growing;
use super::reader::BlockReader;
use super::record::Source;
use crate::cache::key::{CacheKey, KeyHash};
use crate::cache::stored::Head;

/// A stored response.
#[derive(Debug)]
pub struct Stored {
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: StoredBody,
    /// Its file, once it is written.
    pub file: OnceLock<u32>,
}

impl Stored {
    /// One that has no file yet.
    pub fn new(head: Head, body: StoredBody) -> Self {
        Self { head, body, file: OnceLock::new() }
    }

    /// The same body under another head.
    #[must_use]
    pub fn with_head(&self, head: Head) -> Self {
        Self { head, body: self.body.clone(), file: self.file.clone() }
    }
}

/// Where the body of a stored response is.
#[derive(Debug, Clone)]
pub enum StoredBody {
    /// In memory, in one piece.
    Memory(Bytes),
    /// In a file.
    File(Source),
    /// On its way.
    Growing(Arc<Growing>),
}

impl StoredBody {
    /// Its length, if it is known yet.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Memory(bytes) => u64::try_from(bytes.len()).ok(),
            Self::File(source) => source.length,
            Self::Growing(growing) => growing.total(),
        }
    }

    /// Whether it could not be read lately.
    pub fn is_condemned(&self) -> bool {
        match self {
            Self::File(source) => source.is_condemned(),
            Self::Memory(_) | Self::Growing(_) => false,
        }
    }

    /// A reader of a file's body.
    pub fn block_reader(source: &Source, range: Option<std::ops::Range<u64>>) -> BlockReader {
        BlockReader::new(source.clone(), range.unwrap_or_else(|| 0..source.length.unwrap_or(0)))
    }
}

/// All that is stored for one URL, newest first.
#[derive(Debug, Default)]
pub struct Resource {
    /// Responses that differ in what they were selected by, or in what part they are.
    pub variants: Vec<Arc<Stored>>,
}

/// Responses to one URL at most: more of them, and the oldest goes.
const MOST_VARIANTS: usize = 32;

/// The same where the newest is a part: one who reads a large body in ranges leaves many.
const MOST_PARTS: usize = 256;

impl Resource {
    /// The same with one more response, and the files of those in whose place it comes.
    pub fn with(&self, stored: &Arc<Stored>) -> (Self, Vec<u32>) {
        let same = |other: &Arc<Stored>| {
            other.head.vary == stored.head.vary && !are_parts_apart(&other.head, &stored.head)
        };
        let mut replaced: Vec<u32> = self
            .variants
            .iter()
            .filter(|other| same(other))
            .filter_map(|other| other.file.get().copied())
            .collect();
        let kept = self.variants.iter().filter(|other| !same(other));
        let mut variants: Vec<_> = std::iter::once(stored).chain(kept).map(Arc::clone).collect();
        let most = if stored.head.part.is_some() { MOST_PARTS } else { MOST_VARIANTS };
        replaced.extend(variants.iter().skip(most).filter_map(|other| other.file.get().copied()));
        variants.truncate(most);
        replaced.retain(|id| Some(id) != stored.file.get());
        (Self { variants }, replaced)
    }

    /// About how much memory it takes, in bytes.
    pub fn weight(&self) -> u64 {
        let weigh = |stored: &Arc<Stored>| {
            let body = match &stored.body {
                StoredBody::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                StoredBody::File(_) | StoredBody::Growing(_) => 0,
            };
            stored.head.weight() + body
        };
        self.variants.iter().map(weigh).sum::<u64>() + 256
    }
}

/// Whether an old and a new response are different parts of one whole: then both are kept.
fn are_parts_apart(old: &Head, new: &Head) -> bool {
    match (&old.part, &new.part) {
        (Some(old_part), Some(new_part)) => {
            // What lies within the newer one is of no more use.
            let (inner, outer) = (&old_part.bytes, &new_part.bytes);
            let within = outer.start <= inner.start && inner.end <= outer.end;
            !within && old.etag() == new.etag()
        }
        // A part beside the whole is of no use.
        (None | Some(_), None) | (None, Some(_)) => false,
    }
}

/// Tells what it evicts to the disk: what memory answered was wanted.
#[derive(Debug, Clone)]
pub struct TellDisk(pub Option<Arc<Disk>>);

impl Lifecycle<CacheKey, Arc<Resource>> for TellDisk {
    type RequestState = ();

    fn on_evict(&self, (): &mut (), key: CacheKey, _resource: Arc<Resource>) {
        if let Some(disk) = &self.0 {
            disk.touch(key);
        }
    }
}

/// Weighs by size.
#[derive(Debug, Clone, Copy)]
pub struct BySize;

impl Weighter<CacheKey, Arc<Resource>> for BySize {
    fn weight(&self, _: &CacheKey, resource: &Arc<Resource>) -> u64 {
        resource.weight()
    }
}

/// Responses in memory, by key.
pub type Memory = Cache<CacheKey, Arc<Resource>, BySize, KeyHash, TellDisk>;

/// What a resource weighs on average, about.
pub const USUAL_WEIGHT: u64 = 8192;

/// What part of the room is for what was asked for again. The rest lets in what is new: with less of
/// it a popularity that moves is followed too slowly (`benches/eviction.rs`).
pub(super) const PROVEN: f64 = 0.8;

/// A memory of `capacity` bytes for resources that weigh `usual` on average.
pub fn memory(capacity: u64, usual: u64, disk: Option<Arc<Disk>>) -> Memory {
    // The largest object must fit into one shard several times.
    let shards = usize::try_from((capacity >> 26).clamp(1, 16)).unwrap_or(1);
    let items = usize::try_from(capacity / usual.max(1)).unwrap_or(usize::MAX).clamp(64, 1 << 24);
    let options = OptionsBuilder::new()
        .shards(shards)
        .estimated_items_capacity(items)
        .weight_capacity(capacity)
        .hot_allocation(PROVEN)
        .build();
    match options {
        Ok(options) => Cache::with_options(options, BySize, KeyHash::default(), TellDisk(disk)),
        // All three numbers are given.
        Err(_incomplete) => {
            Cache::with(items, capacity, BySize, KeyHash::default(), TellDisk(disk))
        }
    }
}
