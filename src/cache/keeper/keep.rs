//! What is kept: in memory, and from there on disk.

use std::sync::{Arc, MutexGuard};

use bytes::Bytes;

use super::{Cache, Purge, set_length};
use crate::cache::key::CacheKey;
use crate::cache::moment::Moment;
use crate::cache::store::codec;
use crate::cache::store::disk::Disk;
use crate::cache::store::memory::{Resource, Stored, StoredBody};
use crate::cache::stored::Head;

impl Cache {
    /// Keeps a response in memory. Returns the files in whose place it comes; `None` if it is void, or there is
    /// a newer one.
    pub fn insert(&self, key: CacheKey, stored: &Arc<Stored>) -> Option<Vec<u32>> {
        let guard = self.lock(key);
        let old = self.memory.peek(&key).unwrap_or_default();
        let keeps = !self.is_void(key, &stored.head) && !old.outdates(&stored.head, Moment::now());
        keeps.then(|| self.put(key, guard, &old, stored))
    }

    fn put(
        &self,
        key: CacheKey,
        guard: Option<MutexGuard<'_, ()>>,
        old: &Resource,
        stored: &Arc<Stored>,
    ) -> Vec<u32> {
        let (resource, replaced) = old.with(stored, self.share());
        let mut evicted = Vec::new();
        self.memory.insert_with_lifecycle(key, Arc::new(resource), &mut evicted);
        drop(guard);
        drop(evicted);
        replaced
    }

    /// Keeps a whole body in memory, and writes it to disk in the background.
    pub fn keep(self: &Arc<Self>, key: CacheKey, mut head: Head, pieces: &[Bytes]) {
        set_length(&mut head, pieces.iter().map(Bytes::len).sum());
        head.compact();
        let last = self.last_purge(key);
        // Else a copy: a piece may hold on to all that was read with it.
        let body = StoredBody::in_memory_file(pieces, &self.files)
            .unwrap_or_else(|| StoredBody::Memory(pieces.concat().into()));
        let stored = Arc::new(Stored::new(head, body));
        let Some(replaced) = self.insert(key, &stored) else { return };
        let Some(disk) = self.disk.clone() else { return };
        // A disk that is slow must not be given more and more; one that has failed is given nothing.
        let turn = (!disk.is_resting()).then(|| Arc::clone(&self.writes).try_acquire_owned().ok());
        let cache = Arc::clone(self);
        let Some(turn) = turn.flatten() else {
            if disk.may_still_have(key) {
                // It must not come back when memory has no room for what took its place.
                tokio::task::spawn_blocking(move || disk.keep_only(key, &cache.files_of(key)));
            }
            return;
        };
        tokio::task::spawn_blocking(move || {
            cache.write(&disk, key, &stored, (last, &replaced));
            drop(turn);
        });
    }

    /// Puts a new head in the place of an old one, the body staying. `None` if the old one is void, or something
    /// newer has taken its place.
    pub fn refresh(
        self: &Arc<Self>,
        key: CacheKey,
        old: &Stored,
        head: Head,
    ) -> Option<Arc<Stored>> {
        let guard = self.lock(key);
        let there = self.memory.peek(&key).unwrap_or_default();
        let is_void = self.is_void(key, &old.head) || self.is_void(key, &head);
        if is_void || !there.has_body_of(old) && there.outdates(&old.head, Moment::now()) {
            return None;
        }
        let stored = Arc::new(old.with_head(head));
        let replaced = self.put(key, guard, &there, &stored);
        if let Some(disk) = self.disk.clone() {
            let turn = Arc::clone(&self.writes).try_acquire_owned().ok();
            if turn.is_none() && replaced.is_empty() {
                // The disk is slow. By its old head the response is stale the sooner.
                return Some(stored);
            }
            let (cache, refreshed) = (Arc::clone(self), Arc::clone(&stored));
            tokio::task::spawn_blocking(move || {
                if let Some(id) = refreshed.file.get().filter(|_| turn.is_some())
                    && !disk.replace_head(key, *id, &codec::encode(&refreshed.head))
                {
                    cache.close(key, *id);
                }
                disk.drop_entries(key, &replaced);
            });
        }
        Some(stored)
    }

    /// Writes what memory has; what it was told about `last` must still hold when it is written. Blocks.
    fn write(
        &self,
        disk: &Disk,
        key: CacheKey,
        stored: &Arc<Stored>,
        (last, replaced): (Option<Purge>, &[u32]),
    ) {
        let head = codec::encode(&stored.head);
        let written = disk.create(key, head.len()).and_then(|new| {
            let written = stored.body.write_to(&new.file).inspect_err(|error| disk.failed(error));
            let finished = written.and_then(|length| disk.finish(&new, &head, length, replaced));
            // Half a file only takes room.
            finished.inspect_err(|_| new.file.abandon())?;
            Ok(new.id)
        });
        match written {
            Ok(id) => {
                stored.file.set(id).ok(); // it was empty
                let void = self.last_purge(key) != last || self.is_void(key, &stored.head);
                if void || !self.has(key, stored) {
                    // Purged or replaced while it was written.
                    disk.drop_entry(key, id);
                }
                self.close_all(&disk.sweep_some());
            }
            Err(error) => {
                disk.drop_entries(key, replaced);
                tracing::debug!(%error, "response is kept in memory only");
            }
        }
    }

    /// Whether memory still has this body, or nothing any more: then it was evicted.
    fn has(&self, key: CacheKey, stored: &Stored) -> bool {
        let _settled = self.lock(key);
        self.memory.peek(&key).is_none_or(|resource| resource.has_body_of(stored))
    }

    /// The files of what memory has for a key.
    fn files_of(&self, key: CacheKey) -> Vec<u32> {
        let _settled = self.lock(key);
        let resource = self.memory.peek(&key).unwrap_or_default();
        resource.variants.iter().filter_map(|stored| stored.file.get().copied()).collect()
    }
}
