//! The names of the files on disk: `<3 hex digits>/<32 hex digits of the key>.<8 hex digits>`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::index::Entry;
use crate::cache::key::CacheKey;

/// Folders; each has a part of the files.
pub(super) const FOLDERS: usize = 4096;

/// The folder in which those of a key are.
pub(super) fn folder_of(key: CacheKey) -> usize {
    usize::try_from(key.0 >> 116).unwrap_or(0)
}

/// Where a file is that has its name.
pub(super) fn path(cache: &Path, key: CacheKey, id: u32) -> PathBuf {
    folder(cache, folder_of(key)).join(name(key, id))
}

/// Where a file is that is not finished.
pub(super) fn unfinished(cache: &Path, key: CacheKey, id: u32) -> PathBuf {
    cache.join("new").join(name(key, id))
}

fn folder(cache: &Path, place: usize) -> PathBuf {
    cache.join(format!("{place:03x}"))
}

fn name(key: CacheKey, id: u32) -> String {
    format!("{:032x}.{id:08x}", key.0)
}

fn read_name(name: &str) -> Option<(CacheKey, u32)> {
    let (key, id) = name.split_once('.')?;
    let key = u128::from_str_radix(key, 16).ok().filter(|_| key.len() == 32)?;
    Some((CacheKey(key), u32::from_str_radix(id, 16).ok()?))
}

/// What is in a folder, which may not be there.
///
/// # Errors
/// Those of the file system: then something may be there all the same.
pub(super) fn read_in(cache: &Path, place: usize) -> io::Result<HashMap<CacheKey, Vec<Entry>>> {
    let mut found: HashMap<CacheKey, Vec<Entry>> = HashMap::new();
    let files = match fs::read_dir(folder(cache, place)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        files => files?,
    };
    for file in files {
        let file = file?;
        let Some((key, id)) = file.file_name().to_str().and_then(read_name) else { continue };
        match file.metadata() {
            Ok(metadata) => found.entry(key).or_default().push(Entry { id, size: metadata.len() }),
            // Removed meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
