//! What memory has no more, or not yet, and the disk has.

use std::sync::Arc;

use super::Cache;
use crate::cache::key::CacheKey;
use crate::cache::store::codec;
use crate::cache::store::disk::Disk;
use crate::cache::store::memory::{Resource, Stored, StoredBody};

impl Cache {
    /// What memory or disk have for a URL.
    pub async fn load(self: &Arc<Self>, key: CacheKey) -> Option<Arc<Resource>> {
        if let Some(found) = self.find(key) {
            return Some(found);
        }
        let disk = self.disk.as_ref().filter(|disk| disk.may_have(key))?;
        let (cache, disk) = (Arc::clone(self), Arc::clone(disk));
        tokio::task::spawn_blocking(move || cache.read_in(key, &disk)).await.ok().flatten()
    }

    fn read_in(&self, key: CacheKey, disk: &Disk) -> Option<Arc<Resource>> {
        let last = self.last_purge(key);
        let mut found: Vec<Arc<Stored>> = Vec::new();
        for (entry, opened) in disk.load(key) {
            let head = codec::decode(&opened.head, &self.terms);
            // What is void was purged while the disk could not be written.
            let Some(head) = head.filter(|head| !self.is_void(key, head)) else {
                disk.drop_entry(key, entry.id);
                continue;
            };
            let stored = Stored::new(head, StoredBody::File(opened.source));
            stored.file.set(entry.id).ok(); // it was empty
            found.push(Arc::new(stored));
        }
        found.sort_by_key(|stored| stored.head.exchange.received);
        let mut resource = Resource::default();
        for stored in found {
            let (with, replaced) = resource.with(&stored, self.share());
            for id in replaced {
                disk.drop_entry(key, id);
            }
            resource = with;
        }
        self.read_bodies(&mut resource, |id| disk.drop_entry(key, id));
        if resource.variants.is_empty() {
            return None;
        }
        let guard = self.lock(key);
        if self.last_purge(key) != last {
            return None;
        }
        let resource = Arc::new(resource);
        self.memory.insert(key, Arc::clone(&resource));
        drop(guard);
        Some(resource)
    }

    /// Reads bodies from their files into memory, as far as they are to be there; `lost` is told of files
    /// that cannot be read.
    fn read_bodies(&self, resource: &mut Resource, lost: impl Fn(u32)) {
        let mut room = self.share().memory;
        resource.variants.retain_mut(|stored| {
            let StoredBody::File(source) = &stored.body else { return true };
            let length = source.length.unwrap_or(0);
            if length > self.most_in_memory(&stored.head).min(room) {
                return true;
            }
            room -= length;
            match source.read(0, length, u64::MAX) {
                Ok(bytes) => {
                    let read = Stored::new(stored.head.clone(), StoredBody::Memory(bytes));
                    let file = stored.file.clone();
                    *stored = Arc::new(Stored { file, ..read });
                    true
                }
                Err(error) => {
                    tracing::warn!(url = %stored.head.url, %error, "stored response is dropped");
                    if let Some(id) = stored.file.get() {
                        lost(*id);
                    }
                    false
                }
            }
        });
    }
}
