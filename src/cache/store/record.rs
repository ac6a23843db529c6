//! The file of one stored response.
//!
//! ```text
//! "parray1\n"  u32 length of the head   u32 room for the head   u64 hash of the head
//! head, padded to its room
//! blocks of the body: at most 65 536 bytes, then the u64 hash of block and number
//! u64 length of the body   u64 hash of that
//! ```
//!
//! Integers are little-endian, hashes XXH3 with the low half of the key as seed: no byte is used
//! before its hash was compared, so a file that was cut off, torn or mixed up is a miss. A file gets
//! its name when it is whole; until then it lies in `new/`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

/// Bytes of the body in one block.
pub const BLOCK: u64 = 1 << 16;

const MAGIC: &[u8; 8] = b"parray1\n";
const PREFIX: u64 = 24;
const TRAILER: u64 = 16;
/// Heads beyond this are not stored, nor believed.
const LONGEST_HEAD: u32 = 1 << 20;

/// The bytes of a head and its body's place.
#[derive(Debug)]
pub struct Opened {
    /// The head, as it was given.
    pub head: Vec<u8>,
    /// Where the body is.
    pub source: Source,
}

/// The body in a file.
#[derive(Debug, Clone)]
pub struct Source {
    file: Arc<File>,
    seed: u64,
    begins: u64,
    /// Its length, if it is whole.
    pub length: Option<u64>,
    /// Something of it could not be read: none of its copies is used any more.
    damaged: Arc<AtomicBool>,
}

/// A file that is being written.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    file: Arc<File>,
    seed: u64,
    begins: u64,
}

impl Unfinished {
    /// Starts a file at a path, with room for a head that is given at the end.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(path: PathBuf, seed: u64, head_length: usize) -> io::Result<Self> {
        let file =
            File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        let room = room_for(head_length)?;
        Ok(Self { path, file: Arc::new(file), seed, begins: PREFIX + u64::from(room) })
    }

    /// Writes bytes of the body at `offset`, a multiple of [`BLOCK`]; all but the last call write whole blocks.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let block = usize::try_from(BLOCK).unwrap_or(usize::MAX);
        let mut out = Vec::with_capacity(bytes.len() + (bytes.len() / block + 1) * 8);
        for (number, block) in (offset / BLOCK..).zip(bytes.chunks(block)) {
            out.extend_from_slice(block);
            out.extend_from_slice(&hash_block(self.seed, number, block).to_le_bytes());
        }
        self.file.write_all_at(&out, self.begins + offset / BLOCK * (BLOCK + 8))
    }

    /// Ends the file with its head and gives it its name. The head must be no longer than was said.
    ///
    /// # Errors
    /// Those of the file system; and a head that does not fit.
    pub fn finish(self: &Arc<Self>, head: &[u8], length: u64, name: &Path) -> io::Result<u64> {
        let room = self.begins - PREFIX;
        self.file.write_all_at(&head_bytes(head, room, self.seed)?, 0)?;
        let end = self.begins + length + length.div_ceil(BLOCK) * 8;
        let mut trailer = length.to_le_bytes().to_vec();
        trailer
            .extend_from_slice(&xxh3_64_with_seed(&length.to_le_bytes(), self.seed).to_le_bytes());
        self.file.write_all_at(&trailer, end)?;
        fs::rename(&self.path, name)?;
        Ok(end + TRAILER)
    }

    /// Its body as far as it was written.
    pub fn source(&self) -> Source {
        Source {
            file: Arc::clone(&self.file),
            seed: self.seed,
            begins: self.begins,
            length: None,
            damaged: Arc::default(),
        }
    }

    /// Removes it.
    pub fn abandon(&self) {
        fs::remove_file(&self.path).ok(); // what stays is swept at the next start
    }
}

/// Opens a stored response; `None` if it is not whole.
///
/// # Errors
/// Those of the file system.
pub fn open(path: &Path, seed: u64) -> io::Result<Option<Opened>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut prefix = [0; 24];
    if size < PREFIX + TRAILER {
        return Ok(None);
    }
    file.read_exact_at(&mut prefix, 0)?;
    let Some((length, room, hash)) = read_prefix(&prefix) else { return Ok(None) };
    let begins = PREFIX + u64::from(room);
    if size < begins + TRAILER {
        return Ok(None);
    }
    let mut head = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read_exact_at(&mut head, PREFIX)?;
    let mut trailer = [0; 16];
    file.read_exact_at(&mut trailer, size - TRAILER)?;
    let [body_length, said] = split(trailer);
    let computed = xxh3_64_with_seed(&body_length.to_le_bytes(), seed);
    let blocks = body_length.div_ceil(BLOCK).checked_mul(8);
    let expected = blocks.and_then(|hashes| {
        begins.checked_add(body_length)?.checked_add(hashes)?.checked_add(TRAILER)
    });
    if xxh3_64_with_seed(&head, seed) != hash || said != computed || expected != Some(size) {
        return Ok(None);
    }
    let (file, length, damaged) = (Arc::new(file), Some(body_length), Arc::default());
    let source = Source { file, seed, begins, length, damaged };
    Ok(Some(Opened { head, source }))
}

/// Replaces the head of a stored response in place, if the new one fits. Half of it written, the file
/// is a miss.
///
/// # Errors
/// Those of the file system.
pub fn replace_head(path: &Path, seed: u64, head: &[u8]) -> io::Result<bool> {
    let file = File::options().read(true).write(true).open(path)?;
    let mut prefix = [0; 24];
    file.read_exact_at(&mut prefix, 0)?;
    let Some((_, room, _)) = read_prefix(&prefix) else { return Ok(false) };
    if u64::try_from(head.len()).unwrap_or(u64::MAX) > u64::from(room) {
        return Ok(false);
    }
    file.write_all_at(&head_bytes(head, u64::from(room), seed)?, 0)?;
    Ok(true)
}

impl Source {
    /// It cannot be read any more.
    pub fn condemn(&self) {
        self.damaged.store(true, Ordering::Relaxed);
    }

    /// Whether something of it could not be read.
    pub fn is_condemned(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// The same, whole and `length` long.
    #[must_use]
    pub fn whole(self, length: u64) -> Self {
        Self { length: Some(length), ..self }
    }

    /// Reads whole blocks from the one that `offset` lies in, up to `most` of them, and returns what
    /// begins at `offset`.
    ///
    /// # Errors
    /// Those of the file system; `InvalidData` for bytes that are not what was written.
    pub fn read(&self, offset: u64, end: u64, most: u64) -> io::Result<Bytes> {
        let first = offset / BLOCK;
        let limit = self.length.unwrap_or(end).min(end);
        let last = limit.div_ceil(BLOCK).min(first + most);
        let until = (last * BLOCK).min(self.length.unwrap_or(u64::MAX));
        let begins = first * BLOCK;
        let raw = usize::try_from(until.saturating_sub(begins) + (last - first) * 8)
            .map_err(io::Error::other)?;
        let mut buffer = vec![0; raw];
        self.file.read_exact_at(&mut buffer, self.begins + first * (BLOCK + 8))?;
        let stride = usize::try_from(BLOCK + 8).unwrap_or(usize::MAX);
        let mut out = Vec::with_capacity(raw);
        for (number, chunk) in (first..).zip(buffer.chunks(stride)) {
            let (data, hash) =
                chunk.split_at_checked(chunk.len().saturating_sub(8)).unwrap_or_default();
            if hash != hash_block(self.seed, number, data).to_le_bytes() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "stored body is damaged"));
            }
            out.extend_from_slice(data);
        }
        let bytes = Bytes::from(out);
        let from = usize::try_from(offset - begins).unwrap_or(usize::MAX).min(bytes.len());
        let to = usize::try_from(limit - begins).unwrap_or(usize::MAX).min(bytes.len());
        Ok(bytes.slice(from..to.max(from)))
    }
}

fn room_for(head_length: usize) -> io::Result<u32> {
    // Some room to grow: a 304 may bring longer fields.
    let room = (head_length + 512).next_multiple_of(512);
    u32::try_from(room)
        .ok()
        .filter(|room| *room <= LONGEST_HEAD)
        .ok_or_else(|| io::Error::other("head is too long"))
}

fn head_bytes(head: &[u8], room: u64, seed: u64) -> io::Result<Vec<u8>> {
    let too_long = || io::Error::other("head is longer than its room");
    let length = u32::try_from(head.len()).map_err(|_long| too_long())?;
    let room = u32::try_from(room).map_err(|_long| too_long())?;
    if length > room {
        return Err(too_long());
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&room.to_le_bytes());
    bytes.extend_from_slice(&xxh3_64_with_seed(head, seed).to_le_bytes());
    bytes.extend_from_slice(head);
    bytes.resize(usize::try_from(PREFIX + u64::from(room)).map_err(io::Error::other)?, 0);
    Ok(bytes)
}

fn read_prefix(prefix: &[u8; 24]) -> Option<(u32, u32, u64)> {
    let (magic, rest) = prefix.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (room, rest) = rest.split_first_chunk::<4>()?;
    let (hash, _) = rest.split_first_chunk::<8>()?;
    let (length, room) = (u32::from_le_bytes(*length), u32::from_le_bytes(*room));
    let valid = magic == MAGIC && length <= room && room <= LONGEST_HEAD;
    valid.then(|| (length, room, u64::from_le_bytes(*hash)))
}

fn split(trailer: [u8; 16]) -> [u64; 2] {
    let value = u128::from_le_bytes(trailer);
    let low = u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0);
    let high = u64::try_from(value >> 64).unwrap_or(0);
    [low, high]
}

fn hash_block(seed: u64, number: u64, block: &[u8]) -> u64 {
    let mut hasher = Xxh3::with_seed(seed);
    hasher.update(block);
    hasher.update(&number.to_le_bytes());
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, body: &[u8]) -> PathBuf {
        let name = folder.join("done");
        let file = Arc::new(Unfinished::create(folder.join("new"), 7, 3).unwrap());
        file.write(0, body).unwrap();
        file.finish(b"abc", u64::try_from(body.len()).unwrap(), &name).unwrap();
        name
    }

    #[test]
    fn what_was_written_is_read_whole_and_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let body: Vec<u8> = (0..200_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let opened = open(&written(folder.path(), &body), 7).unwrap().unwrap();
        assert_eq!(
            (opened.head.as_slice(), opened.source.length),
            (b"abc".as_slice(), Some(200_000))
        );
        for (from, to) in
            [(0, 200_000), (0, 1), (65_535, 65_537), (131_072, 200_000), (199_999, 200_000)]
        {
            let mut got = Vec::new();
            while from + got.len() < to {
                let at = u64::try_from(from + got.len()).unwrap();
                got.extend_from_slice(
                    &opened.source.read(at, u64::try_from(to).unwrap(), 2).unwrap(),
                );
            }
            assert_eq!(got, body[from..to], "{from}..{to}");
        }
    }

    #[test]
    fn an_empty_body_is_a_body() {
        let folder = tempfile::tempdir().unwrap();
        let opened = open(&written(folder.path(), b""), 7).unwrap().unwrap();
        assert_eq!(opened.source.length, Some(0));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "half a file is what this is about")]
    fn no_damaged_byte_is_ever_read() {
        let folder = tempfile::tempdir().unwrap();
        let body = vec![7; 70_000];
        let path = written(folder.path(), &body);
        let good = fs::read(&path).unwrap();
        // The padding of the head means nothing; everything else does.
        let padding = 24 + 3..24 + 1024;
        for place in (0..good.len())
            .step_by(97)
            .chain(good.len() - 24..good.len())
            .filter(|i| !padding.contains(i))
        {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            let read = open(&path, 7)
                .unwrap()
                .map(|opened| (opened.head, opened.source.read(0, 70_000, 9)));
            assert!(read.is_none_or(|(_, body)| body.is_err()), "{place}");
        }
        for length in [0, 10, 24, 500, 1100, 70_000, good.len() - 1] {
            fs::write(&path, &good[..length]).unwrap();
            assert!(open(&path, 7).unwrap().is_none(), "{length}");
        }
        fs::write(&path, &good).unwrap();
        assert!(open(&path, 8).unwrap().is_none(), "under another key");
    }

    #[test]
    fn a_head_is_replaced_in_place_if_it_fits() {
        let folder = tempfile::tempdir().unwrap();
        let path = written(folder.path(), b"body");
        assert!(replace_head(&path, 7, b"longer head").unwrap());
        let opened = open(&path, 7).unwrap().unwrap();
        assert_eq!(opened.head, b"longer head");
        assert_eq!(opened.source.read(0, 4, 1).unwrap(), "body".as_bytes());
        assert!(!replace_head(&path, 7, &[b'x'; 2000]).unwrap());
    }
}
