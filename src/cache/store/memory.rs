//! Stored responses in memory.

use std::io;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::disk::{Disk, WRITE_AT_ONCE};
use super::growing::Growing;
use super::reader::BlockReader;
use super::record::{Source, Unfinished};
use crate::cache::key::{CacheKey, KeyHash};
use crate::cache::moment::Moment;
use crate::cache::stored::Head;
use crate::files::{MemoryFile, MemoryFiles, Span, WORTH_A_FILE};

/// A stored response.
#[derive(Debug)]
pub struct Stored {
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: StoredBody,
    /// Its file, once it is written: the same for all heads that its body gets.
    pub file: Arc<OnceLock<u32>>,
}

impl Stored {
    /// One that has no file yet.
    pub fn new(head: Head, body: StoredBody) -> Self {
        Self { head, body, file: Arc::default() }
    }

    /// The same body under another head.
    #[must_use]
    pub fn with_head(&self, head: Head) -> Self {
        Self { head, body: self.body.clone(), file: Arc::clone(&self.file) }
    }
}

/// Where the body of a stored response is.
#[derive(Debug, Clone)]
pub enum StoredBody {
    /// In memory.
    Memory(Bytes),
    /// In memory, where the kernel sends it from.
    MemoryFile(Arc<MemoryFile>),
    /// In a file.
    File(Source),
    /// On its way.
    Growing(Arc<Growing>),
}

impl StoredBody {
    /// In a memory file, if that is worth it and there is one.
    pub fn in_memory_file(pieces: &[Bytes], files: &MemoryFiles) -> Option<Self> {
        let length: usize = pieces.iter().map(Bytes::len).sum();
        let is_large = u64::try_from(length).is_ok_and(|length| length >= WORTH_A_FILE);
        let file = is_large.then(|| files.create(pieces)).flatten()?;
        Some(Self::MemoryFile(Arc::new(file)))
    }

    /// Writes one that is in memory to a file on disk, and tells its length.
    ///
    /// # Errors
    /// It is not in memory; and those of the file system.
    pub fn write_to(&self, on_disk: &Unfinished) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => on_disk.write(0, bytes)?,
            Self::MemoryFile(file) => {
                let mut span = Span::all(file);
                while span.left() > 0 {
                    let begins = file.length() - span.left();
                    on_disk.write(begins, &span.read(WRITE_AT_ONCE)?)?;
                }
            }
            Self::File(_) | Self::Growing(_) => return Err(io::ErrorKind::Unsupported.into()),
        }
        Ok(self.length().unwrap_or_default())
    }

    /// Its length, if it is known yet.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::Memory(bytes) => u64::try_from(bytes.len()).ok(),
            Self::MemoryFile(file) => Some(file.length()),
            Self::File(source) => source.length,
            Self::Growing(growing) => growing.total(),
        }
    }

    /// Whether it could not be read lately.
    pub fn is_condemned(&self) -> bool {
        match self {
            Self::File(source) => source.is_condemned(),
            Self::Memory(_) | Self::MemoryFile(_) | Self::Growing(_) => false,
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

/// What one URL may take, in bytes: with more, the oldest response goes. The newest stays, whatever it takes.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// In memory, as `by` weighs it.
    pub memory: u64,
    /// On disk.
    pub disk: u64,
    /// How memory is weighed.
    pub by: BySize,
}

impl Share {
    /// Of these responses, the newest first, how many stay.
    fn room_for(self, variants: &[Arc<Stored>], most: usize) -> usize {
        let (mut memory, mut disk) = (0, 0);
        let fitting = variants.iter().take(most).take_while(|stored| {
            memory += self.by.weigh(stored);
            disk += stored.body.length().unwrap_or_default();
            memory <= self.memory && disk <= self.disk
        });
        fitting.count().max(1)
    }
}

impl Resource {
    /// The same with one more response, and the files of those in whose place it comes.
    pub fn with(&self, stored: &Arc<Stored>, share: Share) -> (Self, Vec<u32>) {
        let same = |other: &Arc<Stored>| takes_the_place(&stored.head, &other.head);
        let mut replaced: Vec<u32> = self
            .variants
            .iter()
            .filter(|other| same(other))
            .filter_map(|other| other.file.get().copied())
            .collect();
        let kept = self.variants.iter().filter(|other| !same(other));
        let mut variants: Vec<_> = std::iter::once(stored).chain(kept).map(Arc::clone).collect();
        let most = if stored.head.part.is_some() { MOST_PARTS } else { MOST_VARIANTS };
        let most = share.room_for(&variants, most);
        replaced.extend(variants.iter().skip(most).filter_map(|other| other.file.get().copied()));
        variants.truncate(most);
        replaced.retain(|id| Some(id) != stored.file.get());
        (Self { variants }, replaced)
    }

    /// Whether it has this body, under whatever head.
    pub fn has_body_of(&self, stored: &Stored) -> bool {
        self.variants.iter().any(|other| Arc::ptr_eq(&other.file, &stored.file))
    }

    /// Whether it has something newer in whose place such a response must not come (RFC 9111, section 4: the most
    /// recent one is used). What is dated after `now` proves nothing: the clock was set back.
    pub fn outdates(&self, head: &Head, now: Moment) -> bool {
        let asked = head.exchange.requested;
        let is_newer =
            |other: &Head| asked < other.exchange.requested && other.exchange.requested <= now;
        self.variants.iter().any(|other| match (&other.head.part, &head.part) {
            // A part of the very whole that is there, too.
            (None, Some(_)) if are_of_one_whole(&other.head, head) => true,
            // What is being fetched whole is better than any part that came meanwhile.
            (Some(_), None) => false,
            _ => takes_the_place(head, &other.head) && is_newer(&other.head),
        })
    }

    /// Adds a response that is older than all others, if none takes its place and there is room.
    pub fn add_older(&mut self, stored: Arc<Stored>, share: Share) -> bool {
        if self.variants.iter().any(|newer| takes_the_place(&newer.head, &stored.head)) {
            return false;
        }
        self.variants.push(stored);
        let is_part = self.variants.first().is_some_and(|newest| newest.head.part.is_some());
        let most = if is_part { MOST_PARTS } else { MOST_VARIANTS };
        let stays = share.room_for(&self.variants, most) == self.variants.len();
        if !stays {
            self.variants.pop();
        }
        stays
    }
}

/// Whether a new response takes the place of an old one.
fn takes_the_place(new: &Head, old: &Head) -> bool {
    old.vary == new.vary && !are_parts_apart(old, new)
}

/// Whether two responses are, or are parts of, one whole for sure.
fn are_of_one_whole(one: &Head, other: &Head) -> bool {
    one.vary == other.vary && one.strong_tag().is_some() && one.strong_tag() == other.strong_tag()
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
    /// Dropped where no lock is held: the last to close a large file waits for the file system.
    type RequestState = Vec<Arc<Resource>>;

    fn on_evict(&self, out: &mut Self::RequestState, key: CacheKey, resource: Arc<Resource>) {
        if let Some(disk) = &self.0 {
            disk.touch(key);
        }
        out.push(resource);
    }
}

/// Weighs by size, about.
#[derive(Debug, Clone, Copy)]
pub struct BySize {
    /// What an open file counts as, in bytes: there may be only so many of them.
    pub open_file: u64,
}

impl BySize {
    fn weigh(self, stored: &Stored) -> u64 {
        let body = match &stored.body {
            StoredBody::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            StoredBody::MemoryFile(file) => file.weight(),
            StoredBody::File(_) => self.open_file,
            StoredBody::Growing(_) => 0,
        };
        stored.head.weight() + body
    }
}

impl Weighter<CacheKey, Arc<Resource>> for BySize {
    fn weight(&self, _: &CacheKey, resource: &Arc<Resource>) -> u64 {
        resource.variants.iter().map(|stored| self.weigh(stored)).sum::<u64>() + 256
    }
}

/// Responses in memory, by key.
pub type Memory = Cache<CacheKey, Arc<Resource>, BySize, KeyHash, TellDisk>;

/// What a resource weighs on average, about.
pub const USUAL_WEIGHT: u64 = 8192;

/// What part of the room is for what was asked for again. The rest lets in what is new: with less of
/// it a popularity that moves is followed too slowly (`benches/eviction.rs`).
pub(super) const PROVEN: f64 = 0.8;

/// So many shards, or as many fewer as it takes to have a power of two, which else is reached from below.
pub(super) fn shards(most: u64) -> usize {
    1 << most.max(1).ilog2()
}

/// A memory of `capacity` bytes for resources that weigh `usual` on average.
pub fn memory(capacity: u64, usual: u64, by: BySize, disk: Option<Arc<Disk>>) -> Memory {
    // The largest object must fit into one shard several times.
    let shards = shards((capacity >> 26).clamp(1, 16));
    let items = usize::try_from(capacity / usual.max(1)).unwrap_or(usize::MAX).clamp(64, 1 << 24);
    let options = OptionsBuilder::new()
        .shards(shards)
        .estimated_items_capacity(items)
        .weight_capacity(capacity)
        .hot_allocation(PROVEN)
        .build();
    match options {
        Ok(options) => Cache::with_options(options, by, KeyHash::default(), TellDisk(disk)),
        // All three numbers are given.
        Err(_incomplete) => Cache::with(items, capacity, by, KeyHash::default(), TellDisk(disk)),
    }
}

#[cfg(test)]
mod tests {
    use crate::cache::media_types::MediaTypes;
    use hyper::header::{CONTENT_RANGE, ETAG, HeaderValue};
    use hyper::{HeaderMap, StatusCode};

    use super::*;
    use crate::cache::freshness::{Exchange, Heuristics};
    use crate::cache::ranges::content_range;
    use crate::cache::stored::{Received, Terms};
    use crate::cache::vary::Vary;

    /// A part of 1000 bytes.
    fn part(number: u64, body: StoredBody) -> Arc<Stored> {
        let bytes = number * 1000..(number + 1) * 1000;
        let stored = Stored::new(head(Some(bytes), "\"1\"", 0), body);
        stored.file.set(u32::try_from(number).unwrap()).unwrap();
        Arc::new(stored)
    }

    fn head(part: Option<std::ops::Range<u64>>, tag: &'static str, requested: u64) -> Head {
        let mut headers = HeaderMap::new();
        let status = match part {
            Some(bytes) => {
                headers.insert(CONTENT_RANGE, content_range(&bytes, None));
                StatusCode::PARTIAL_CONTENT
            }
            None => StatusCode::OK,
        };
        headers.insert(ETAG, HeaderValue::from_static(tag));
        let exchange = Exchange { requested: Moment(requested), received: Moment(requested) };
        let vary = Vary::from_rows(Vec::new());
        let url = "http://a.test/";
        let terms = Terms {
            heuristics: Heuristics::default(),
            name: "m1".to_owned(),
            stale_if_error: std::time::Duration::ZERO,
            targets: Vec::new(),
            max_object: Arc::new(u64::MAX.into()),
            types: MediaTypes::default(),
        };
        Head::new(Received { url, status, headers, vary, exchange }, &terms)
    }

    #[test]
    fn the_newest_stays_but_for_a_whole_that_comes_after_its_parts() {
        let (one, other) = (Some(0..1000), Some(500..1500));
        for (there, comes, outdated) in [
            (head(None, "\"2\"", 20), head(None, "\"1\"", 10), true),
            (head(None, "\"2\"", 20), head(None, "\"1\"", 20), false),
            (head(None, "\"1\"", 10), head(None, "\"2\"", 20), false),
            // The clock was set back: it is 50 now.
            (head(None, "\"2\"", 60), head(None, "\"1\"", 10), false),
            (head(one.clone(), "\"2\"", 20), head(None, "\"1\"", 10), false),
            (head(None, "\"2\"", 20), head(one.clone(), "\"1\"", 10), true),
            (head(None, "\"1\"", 10), head(one.clone(), "\"2\"", 20), false),
            // It has that part.
            (head(None, "\"1\"", 10), head(one.clone(), "\"1\"", 20), true),
            (head(None, "W/\"1\"", 10), head(one.clone(), "W/\"1\"", 20), false),
            (head(one.clone(), "\"2\"", 20), head(other.clone(), "\"1\"", 10), true),
            (head(one, "\"1\"", 20), head(other, "\"1\"", 10), false),
        ] {
            let told = format!("{there:?}, {comes:?}");
            let there = Arc::new(Stored::new(there, StoredBody::Memory(Bytes::new())));
            let resource = Resource { variants: vec![there] };
            assert_eq!(resource.outdates(&comes, Moment(50)), outdated, "{told}");
        }
    }

    /// Those of a hundred parts that stay, and those that were told to go.
    fn filled(share: Share, body: &StoredBody) -> (Vec<u32>, Vec<u32>) {
        let (mut resource, mut gone) = (Resource::default(), Vec::new());
        for number in 0..100 {
            let (with, replaced) = resource.with(&part(number, body.clone()), share);
            resource = with;
            gone.extend(replaced);
        }
        (resource.variants.iter().map(|stored| *stored.file.get().unwrap()).collect(), gone)
    }

    #[test]
    fn one_url_has_its_share_of_memory_disk_and_open_files_and_the_newest_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = Arc::new(Unfinished::create(folder.path().join("x"), 0, 0).unwrap());
        let in_file = StoredBody::File(file.source().whole(1000));
        let in_memory = StoredBody::Memory(Bytes::from(vec![0; 1000]));
        let head = part(99, in_file.clone()).head.weight();
        let (by, all) = (BySize { open_file: 500 }, u64::MAX);
        for (share, body, stay) in [
            (Share { memory: 10 * (1000 + head), disk: all, by }, &in_memory, 10),
            (Share { memory: 10 * (500 + head), disk: all, by }, &in_file, 10),
            (Share { memory: all, disk: 10_500, by }, &in_file, 10),
            (Share { memory: all, disk: all, by }, &in_file, 100),
            (Share { memory: 0, disk: 0, by }, &in_file, 1),
        ] {
            let (stayed, gone) = filled(share, body);
            assert_eq!(stayed, (100 - stay..100).rev().collect::<Vec<_>>(), "{share:?}");
            assert_eq!(gone, (0..100 - stay).collect::<Vec<_>>(), "{share:?}");
        }
        // As many as there is room for, about: shards are filled unevenly.
        let memory = memory(1 << 20, 1000, BySize { open_file: 10_000 }, None);
        for key in 0..1000 {
            let variants = vec![part(0, in_file.clone())];
            memory.insert(CacheKey(key), Arc::new(Resource { variants }));
        }
        assert!((80..=105).contains(&memory.len()), "{}", memory.len());
    }
}
