//! The cache and its disk: what is read in from there, and what is gone from there.

use std::sync::Arc;

use super::{Cache, READERS};
use crate::cache::key::CacheKey;
use crate::cache::store::codec;
use crate::cache::store::disk::{Disk, Swept};
use crate::cache::store::memory::{Resource, Stored, StoredBody};

impl Cache {
    /// What memory or disk have for a URL.
    pub async fn load(self: &Arc<Self>, key: CacheKey) -> Option<Arc<Resource>> {
        let disk = self.disk.as_ref();
        if let Some(found) = self.find(key) {
            if let Some(disk) = disk {
                // Its files are in use, though memory has their heads.
                disk.touch(key);
            }
            return Some(found);
        }
        let disk = disk.filter(|disk| disk.may_have(key))?;
        // One reads for all who want the same, and not too many at a time: each has files open.
        let place = usize::try_from(key.0 % READERS).unwrap_or(0);
        let _reading = self.reading.get(place)?.lock().await;
        if let Some(found) = self.find(key) {
            return Some(found);
        }
        let (cache, disk) = (Arc::clone(self), Arc::clone(disk));
        tokio::task::spawn_blocking(move || cache.read_in(key, &disk)).await.ok().flatten()
    }

    fn read_in(&self, key: CacheKey, disk: &Disk) -> Option<Arc<Resource>> {
        let last = self.last_purge(key);
        let mut found: Vec<Stored> = Vec::new();
        for (entry, opened) in disk.load(key) {
            let head = codec::decode(&opened.head, &self.terms);
            // What is void was purged while the disk could not be written.
            let Some(head) = head.filter(|head| !self.is_void(key, head)) else {
                disk.drop_entry(key, entry.id);
                continue;
            };
            let stored = Stored::new(head, StoredBody::File(opened.source));
            stored.file.set(entry.id).ok(); // it was empty
            found.push(stored);
        }
        // Of those of one moment the later file comes first.
        found.reverse();
        found.sort_by_key(|stored| std::cmp::Reverse(stored.head.exchange.received));
        let (mut resource, mut surplus) = (Resource::default(), Vec::new());
        for stored in found {
            let id = stored.file.get().copied();
            let read = self.read_body(stored);
            if !read.is_some_and(|stored| resource.add_older(Arc::new(stored), self.share())) {
                surplus.extend(id);
            }
        }
        let guard = self.lock(key);
        if self.last_purge(key) != last {
            return None;
        }
        // What came meanwhile is newer.
        for stored in self.memory.peek(&key).iter().flat_map(|newer| newer.variants.iter().rev()) {
            let (with, replaced) = resource.with(stored, self.share());
            resource = with;
            surplus.extend(replaced);
        }
        let resource = Arc::new(resource);
        let mut evicted = Vec::new();
        if !resource.variants.is_empty() {
            self.memory.insert_with_lifecycle(key, Arc::clone(&resource), &mut evicted);
        }
        drop(guard);
        drop(evicted);
        let ids: Vec<u32> =
            resource.variants.iter().filter_map(|stored| stored.file.get().copied()).collect();
        for id in surplus.into_iter().filter(|id| !ids.contains(id)) {
            disk.drop_entry(key, id);
        }
        for id in ids.into_iter().filter(|id| !disk.has(key, *id)) {
            // Evicted meanwhile.
            self.close(key, id);
        }
        (!resource.variants.is_empty()).then_some(resource)
    }

    /// The same with its body in memory, if that is where it is to be; `None` if it cannot be read.
    fn read_body(&self, stored: Stored) -> Option<Stored> {
        let StoredBody::File(source) = &stored.body else { return Some(stored) };
        let length = source.length.unwrap_or(0);
        if length > self.most_in_memory(&stored.head) {
            return Some(stored);
        }
        let bytes = source.read(0, length, u64::MAX).inspect_err(
            |error| tracing::warn!(url = %stored.head.url, %error, "stored response is dropped"),
        );
        let bytes = bytes.ok()?;
        let in_file = StoredBody::in_memory_file(std::slice::from_ref(&bytes), &self.files);
        Some(Stored { body: in_file.unwrap_or(StoredBody::Memory(bytes)), ..stored })
    }

    /// Gets to know all that is on disk, until `stop` says so. Blocks.
    pub fn scan(&self, stop: impl Fn() -> bool) {
        if let Some(disk) = &self.disk {
            disk.scan(stop);
            self.close_all(&disk.sweep());
        }
    }

    /// Forgets in memory what the disk had no room for: its open files would keep it.
    pub(in crate::cache) fn close_all(&self, swept: &[Swept]) {
        for Swept { key, id, .. } in swept {
            self.close(*key, *id);
        }
    }

    /// Forgets in memory what is in a file that is gone.
    pub(in crate::cache) fn close(&self, key: CacheKey, id: u32) {
        let guard = self.lock(key);
        let Some(resource) = self.memory.peek(&key) else { return };
        let is_open = |stored: &&Arc<Stored>| {
            matches!(stored.body, StoredBody::File(_)) && stored.file.get() == Some(&id)
        };
        let variants: Vec<_> =
            resource.variants.iter().filter(|stored| !is_open(stored)).map(Arc::clone).collect();
        if variants.is_empty() {
            self.memory.remove(&key);
        } else if variants.len() < resource.variants.len() {
            self.memory.insert(key, Arc::new(Resource { variants }));
        }
        // The last one to close a large file waits for the file system: not with the lock.
        drop(guard);
        drop(resource);
    }
}
