//! Stored responses on disk: one file each, found by name.
//!
//! What the index in memory does not know yet, a look into one small folder tells. So a member serves
//! at once after its start, while the rest is being read in.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(test)]
mod tests;

use super::folder::claim;
use super::index::{Evicted, Index, index};
use super::names::{self, FOLDERS, folder_of};
use super::patience::Patience;
use super::record::{self, BLOCK, Opened, Unfinished};
use crate::cache::key::{CacheKey, Secret};

pub use super::index::Entry;

/// Keys whose files one write removes, at most.
const SOME: usize = 64;

/// What became of the files of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// There was one.
    pub any: bool,
    /// None is left.
    pub gone: bool,
}

/// A file that had to go.
#[derive(Debug, Clone, Copy)]
pub struct Swept {
    /// What it was for.
    pub key: CacheKey,
    /// What told it apart.
    pub id: u32,
    /// Whether it is gone; if not, it is tried again.
    pub gone: bool,
}

/// A file that has no name yet.
#[derive(Debug)]
pub struct NewFile {
    key: CacheKey,
    /// What will tell it apart.
    pub id: u32,
    /// What is written to.
    pub file: Arc<Unfinished>,
}

/// A folder of stored responses.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    index: Index,
    /// Which folders the index knows.
    known: Vec<AtomicBool>,
    /// One for each folder: changes of one key do not cross.
    locks: Vec<Mutex<()>>,
    evicted: Mutex<Receiver<Evicted>>,
    /// For what could not be removed.
    later: Sender<Evicted>,
    next_id: AtomicU32,
    patience: Patience,
    /// Nobody else uses the folder as long as this is open.
    _lock: File,
}

impl Disk {
    /// Opens a folder, made if need be, that may hold `capacity` bytes; with the secret of its keys.
    ///
    /// # Errors
    /// A folder that cannot be made, read or written.
    pub fn open(folder: &Path, capacity: u64) -> io::Result<(Self, Secret)> {
        let (lock, secret) = claim(folder)?;
        let (later, evicted) = channel();
        let index = index(capacity, later.clone())?;
        let disk = Self {
            folder: folder.to_owned(),
            index,
            known: (0..FOLDERS).map(|_| AtomicBool::new(false)).collect(),
            locks: (0..FOLDERS).map(|_| Mutex::new(())).collect(),
            evicted: Mutex::new(evicted),
            later,
            next_id: AtomicU32::new(Secret::random().low()),
            patience: Patience::new(),
            _lock: lock,
        };
        Ok((disk, secret))
    }

    /// The capacity in bytes.
    pub fn capacity(&self) -> u64 {
        self.index.capacity()
    }

    /// The capacity of a part of the index, which all files of a key must fit into.
    pub fn shard_capacity(&self) -> u64 {
        self.index.shard_capacity()
    }

    /// Changes the capacity; the files of what has to go are removed with the next ones.
    pub fn set_capacity(&self, capacity: u64) {
        self.index.set_capacity(capacity);
    }

    /// Bytes in use, as far as the index knows.
    pub fn used(&self) -> u64 {
        self.index.weight()
    }

    /// Resources that the index knows.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether the index knows none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Whether the disk has failed lately and is left alone.
    pub fn is_resting(&self) -> bool {
        self.patience.is_over()
    }

    /// Tells the index that a key is wanted, though memory answered it.
    pub fn touch(&self, key: CacheKey) {
        self.index.get(&key);
    }

    /// Whether there may be something; without a look at the disk.
    pub fn may_have(&self, key: CacheKey) -> bool {
        !self.is_resting() && self.may_still_have(key)
    }

    /// The same, of a disk that may have failed lately: for what is to be forgotten.
    pub fn may_still_have(&self, key: CacheKey) -> bool {
        self.index.contains_key(&key) || !self.is_known(key)
    }

    /// Whether the index has this file.
    pub fn has(&self, key: CacheKey, id: u32) -> bool {
        self.index.peek(&key).is_some_and(|entries| entries.iter().any(|entry| entry.id == id))
    }

    /// Opens all that is stored for a key. Blocks.
    pub fn load(&self, key: CacheKey) -> Vec<(Entry, Opened)> {
        if self.is_resting() {
            return Vec::new();
        }
        self.know(folder_of(key));
        let Some(entries) = self.index.get(&key) else { return Vec::new() };
        let mut found = Vec::new();
        for entry in entries.iter() {
            match record::open(&self.path(key, entry.id), seed(key)) {
                Ok(Some(opened)) => found.push((*entry, opened)),
                // Damaged, or gone.
                Ok(None) => self.drop_entry(key, entry.id),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.drop_entry(key, entry.id);
                }
                Err(error) => self.failed(&error),
            }
        }
        found
    }

    /// Starts the file of a new response. Blocks.
    ///
    /// # Errors
    /// Those of the file system, and a disk that is left alone.
    pub fn create(&self, key: CacheKey, head_length: usize) -> io::Result<NewFile> {
        if self.is_resting() {
            return Err(io::Error::other("the disk has failed lately"));
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let path = names::unfinished(&self.folder, key, id);
        let created = Unfinished::create(path, seed(key), head_length);
        created
            .map(|file| NewFile { key, id, file: Arc::new(file) })
            .inspect_err(|error| self.failed(error))
    }

    /// Names a finished file, in the place of those of `replaced`. Blocks.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(
        &self,
        new: &NewFile,
        head: &[u8],
        length: u64,
        replaced: &[u32],
    ) -> io::Result<()> {
        let NewFile { key, id, .. } = *new;
        if !self.know(folder_of(key)) {
            return Err(io::Error::other("the folder cannot be read"));
        }
        let size = self.name(new, head, length).inspect_err(|error| self.failed(error))?;
        self.patience.succeeded();
        self.change(key, |entries| {
            let gone: Vec<u32> =
                entries.iter().map(|entry| entry.id).filter(|id| replaced.contains(id)).collect();
            entries.retain(|other| !gone.contains(&other.id) && other.id != id);
            entries.push(Entry { id, size });
            gone
        });
        Ok(())
    }

    fn name(&self, new: &NewFile, head: &[u8], length: u64) -> io::Result<u64> {
        let path = self.path(new.key, new.id);
        match new.file.finish(head, length, &path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().unwrap_or(&self.folder);
                fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                new.file.finish(head, length, &path)
            }
            result => result,
        }
    }

    /// Replaces the head of a stored response; the response goes if it does not fit. On a disk that
    /// cannot be written the old head stays: by that the response is stale the sooner. Blocks.
    /// Tells whether the file is still there.
    pub fn replace_head(&self, key: CacheKey, id: u32, head: &[u8]) -> bool {
        if self.is_resting() {
            return true;
        }
        match record::replace_head(&self.path(key, id), seed(key), head) {
            Ok(true) => return true,
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.failed(&error);
                return true;
            }
            Ok(false) | Err(_) => self.drop_entry(key, id),
        }
        false
    }

    /// Removes one response. Blocks.
    pub fn drop_entry(&self, key: CacheKey, id: u32) {
        self.change(key, |entries| {
            entries.retain(|entry| entry.id != id);
            vec![id]
        });
    }

    /// Removes some of a key. Blocks.
    pub fn drop_entries(&self, key: CacheKey, ids: &[u32]) {
        for id in ids {
            self.drop_entry(key, *id);
        }
    }

    /// Removes all of a key but some, though the disk may have failed lately. Blocks.
    pub fn keep_only(&self, key: CacheKey, ids: &[u32]) {
        self.know(folder_of(key));
        self.change(key, |entries| {
            let gone = entries.iter().map(|entry| entry.id).filter(|id| !ids.contains(id));
            let gone: Vec<u32> = gone.collect();
            entries.retain(|entry| ids.contains(&entry.id));
            gone
        });
    }

    /// Removes all of a key, though the disk may have failed lately. Blocks.
    pub fn remove(&self, key: CacheKey) -> Removed {
        let known = self.know(folder_of(key));
        let mut any = false;
        let gone = self.change(key, |entries| {
            let gone: Vec<u32> = entries.drain(..).map(|entry| entry.id).collect();
            any = !gone.is_empty();
            gone
        });
        Removed { any, gone: known && gone }
    }

    /// Reads in what is there, folder by folder, until all is known or `stop` says so. Blocks.
    pub fn scan(&self, stop: impl Fn() -> bool) {
        for place in 0..FOLDERS {
            if stop() || self.is_resting() {
                return;
            }
            self.know(place);
        }
    }

    /// Removes all files of what was evicted, and tells which. Blocks, if need be for long.
    pub fn sweep(&self) -> Vec<Swept> {
        // Held to the end: who sweeps next must know of all.
        let evicted = self.evicted.lock().unwrap_or_else(PoisonError::into_inner);
        self.unlink_all(evicted.try_iter().collect())
    }

    /// The same for a few of them, if nobody else is at it.
    pub fn sweep_some(&self) -> Vec<Swept> {
        let due = self.evicted.try_lock().map(|evicted| evicted.try_iter().take(SOME).collect());
        self.unlink_all(due.unwrap_or_default())
    }

    fn unlink_all(&self, due: Vec<Evicted>) -> Vec<Swept> {
        let mut swept = Vec::new();
        for (key, entries) in due {
            let Some(lock) = self.locks.get(folder_of(key)) else { continue };
            let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
            // What was only replaced may still be there.
            let kept = self.index.peek(&key);
            let is_kept = |entry: &Entry| {
                kept.as_ref().is_some_and(|kept| kept.iter().any(|other| other.id == entry.id))
            };
            for Entry { id, .. } in entries.iter().filter(|entry| !is_kept(entry)).copied() {
                swept.push(Swept { key, id, gone: self.unlink(key, id) });
            }
            drop(guard);
        }
        swept
    }

    /// A read or a write failed: too many of them, and the disk is left alone for a while.
    pub fn failed(&self, error: &io::Error) {
        self.patience.failed(error, &self.folder);
    }

    /// Edits what the index has for a key, and removes the files that `edit` returns; tells whether all
    /// of them are gone.
    fn change(&self, key: CacheKey, edit: impl FnOnce(&mut Vec<Entry>) -> Vec<u32>) -> bool {
        let place = folder_of(key);
        let Some(lock) = self.locks.get(place) else { return true };
        let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = self.index.get(&key).map(|entries| entries.to_vec()).unwrap_or_default();
        let gone = edit(&mut entries);
        if entries.is_empty() {
            self.index.remove(&key);
        } else {
            self.index.insert(key, entries.into());
        }
        drop(guard);
        let mut all = true;
        for id in gone {
            all &= self.unlink(key, id);
        }
        all
    }

    /// Removes a file; one that cannot be removed now is tried again later. Tells whether it is gone.
    fn unlink(&self, key: CacheKey, id: u32) -> bool {
        match fs::remove_file(self.path(key, id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.failed(&error);
                self.later.send((key, [Entry { id, size: 0 }].into())).ok(); // the receiver is ours
                false
            }
            _ => true,
        }
    }

    fn is_known(&self, key: CacheKey) -> bool {
        self.known.get(folder_of(key)).is_none_or(|known| known.load(Ordering::Acquire))
    }

    /// Reads in one folder, if that was not done before; whether all in it is known now.
    fn know(&self, place: usize) -> bool {
        let (Some(known), Some(lock)) = (self.known.get(place), self.locks.get(place)) else {
            return true;
        };
        if known.load(Ordering::Acquire) {
            return true;
        }
        let guard = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if known.load(Ordering::Acquire) {
            return true;
        }
        let found = match names::read_in(&self.folder, place) {
            Ok(found) => found,
            Err(error) => {
                drop(guard);
                self.failed(&error);
                return false;
            }
        };
        for (key, entries) in found {
            self.index.insert(key, entries.into());
        }
        known.store(true, Ordering::Release);
        drop(guard);
        true
    }

    fn path(&self, key: CacheKey, id: u32) -> PathBuf {
        names::path(&self.folder, key, id)
    }
}

fn seed(key: CacheKey) -> u64 {
    u64::try_from(key.0 & u128::from(u64::MAX)).unwrap_or(0)
}

/// Blocks of the body that are written at once.
pub const WRITE_AT_ONCE: u64 = 8 * BLOCK;
