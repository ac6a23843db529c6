//! Files that have no name and are on no disk: the kernel sends their bytes without a copy.
//!
//! `sendfile(2)` hands the pages of a file to a socket, where a write of the same bytes copies them first. Each
//! body has a file of its own: pages on their way to a client stay as they are when the file is closed.

use std::io;
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{MemfdFlags, fstat, memfd_create, sendfile};
use rustix::io::{Errno, pread, pwrite};

/// Bytes below which a copy costs less than a file does.
pub const WORTH_A_FILE: u64 = 32 << 10;

/// Bytes that are given to a socket by one call at most: other connections wait meanwhile.
const MOST_AT_ONCE: u64 = 1 << 20;

/// What the kernel takes for a file beside its pages, in bytes, about.
const OVERHEAD: u64 = 2 << 10;

/// What a file's pages may take, in bytes, for each byte in them: where pages are huge, it can be sixty.
const MOST_WASTE: u64 = 2;

/// How many memory files there may be at a time: each takes one of the files that may be open.
#[derive(Debug, Clone)]
pub struct MemoryFiles {
    left: Arc<AtomicU64>,
}

impl MemoryFiles {
    /// So many at most; none where the system does not send from them.
    pub fn new(most: u64) -> Self {
        let most = if can_be_sent().unwrap_or(false) { most } else { 0 };
        Self { left: Arc::new(AtomicU64::new(most)) }
    }

    /// A file of these bytes; `None` if there may be no more files, or the system gives none.
    pub fn create(&self, pieces: &[Bytes]) -> Option<MemoryFile> {
        let place = Place::take(&self.left)?;
        let (file, length) = create(pieces)
            .inspect_err(|error| tracing::debug!(%error, "memory file cannot be made"))
            .ok()?;
        let taken = u64::try_from(fstat(&file).ok()?.st_blocks).ok()?.saturating_mul(512);
        if taken > length.saturating_mul(MOST_WASTE).max(WORTH_A_FILE) {
            tracing::debug!(length, taken, "memory file takes too much memory");
            return None;
        }
        Some(MemoryFile { file, length, taken, _place: place })
    }
}

/// One of the files that there may be.
#[derive(Debug)]
struct Place(Arc<AtomicU64>);

impl Place {
    fn take(left: &Arc<AtomicU64>) -> Option<Self> {
        let less = |left: u64| left.checked_sub(1);
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok()?;
        Some(Self(Arc::clone(left)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether files are made and sent from: sandboxes may forbid either.
fn can_be_sent() -> io::Result<bool> {
    let (file, _length) = create(&[Bytes::from_static(b"x")])?;
    let (near, _far) = UnixStream::pair()?;
    Ok(sendfile(&near, &file, Some(&mut 0), 1)? == 1)
}

fn create(pieces: &[Bytes]) -> io::Result<(OwnedFd, u64)> {
    let name = "parray";
    let file = match memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::NOEXEC_SEAL) {
        // Before Linux 6.3.
        Err(Errno::INVAL) => memfd_create(name, MemfdFlags::CLOEXEC)?,
        made => made?,
    };
    let mut length = 0;
    for mut piece in pieces.iter().map(|piece| &**piece) {
        while !piece.is_empty() {
            let written = pwrite(&file, piece, length)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            length += u64::try_from(written).map_err(io::Error::other)?;
            piece = piece.get(written..).unwrap_or_default();
        }
    }
    Ok((file, length))
}

/// Bytes that never change, in a file of the kernel's.
#[derive(Debug)]
pub struct MemoryFile {
    file: OwnedFd,
    length: u64,
    /// Bytes of its pages.
    taken: u64,
    _place: Place,
}

impl MemoryFile {
    /// Its length in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What it takes in memory, in bytes, about.
    pub fn weight(&self) -> u64 {
        self.taken + OVERHEAD
    }

    fn read_at(&self, offset: u64, length: u64) -> io::Result<Bytes> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            let at = offset + u64::try_from(bytes.len()).map_err(io::Error::other)?;
            if pread(&self.file, spare_capacity(&mut bytes), at)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        bytes.truncate(length); // it may have had more room
        Ok(bytes.into())
    }
}

/// Bytes of a memory file, on their way.
#[derive(Debug, Clone)]
pub struct Span {
    file: Arc<MemoryFile>,
    range: Range<u64>,
}

impl Span {
    /// All of a file.
    pub fn all(file: &Arc<MemoryFile>) -> Self {
        Self { file: Arc::clone(file), range: 0..file.length }
    }

    /// A range of a file; `None` if the file ends before it.
    pub fn new(file: &Arc<MemoryFile>, range: Range<u64>) -> Option<Self> {
        let within = range.start <= range.end && range.end <= file.length;
        within.then(|| Self { file: Arc::clone(file), range })
    }

    /// Bytes that are left.
    pub fn left(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Takes the next bytes, `most` of them at most.
    ///
    /// # Errors
    /// Those of the kernel, which has none for as long as it has memory.
    pub fn read(&mut self, most: u64) -> io::Result<Bytes> {
        let length = self.left().min(most);
        let bytes = self.file.read_at(self.range.start, length)?;
        self.range.start += length;
        Ok(bytes)
    }

    /// Gives the next bytes to a socket, as many as it takes, and tells how many.
    ///
    /// # Errors
    /// Those of the socket: [`WouldBlock`](io::ErrorKind::WouldBlock) if it takes none now.
    pub fn send(&mut self, socket: impl AsFd) -> io::Result<usize> {
        let most = usize::try_from(self.left().min(MOST_AT_ONCE)).map_err(io::Error::other)?;
        let sent = sendfile(socket, &self.file.file, Some(&mut self.range.start), most)?;
        Ok(sent)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn pieces() -> (Vec<Bytes>, Vec<u8>) {
        let bytes: Vec<u8> = (0..200_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let pieces = bytes.chunks(70_001).map(Bytes::copy_from_slice).collect();
        (pieces, bytes)
    }

    #[test]
    fn what_was_written_is_read_whole_and_in_parts() {
        let (pieces, bytes) = pieces();
        let file = Arc::new(MemoryFiles::new(1).create(&pieces).unwrap());
        let mut all = Span::all(&file);
        assert_eq!((file.length(), all.left()), (200_000, 200_000));
        assert_eq!((all.read(u64::MAX).unwrap(), all.left()), (bytes.clone().into(), 0));
        assert!((200_000..220_000).contains(&file.weight()), "{}", file.weight());
        let mut span = Span::new(&file, 4000..150_000).unwrap();
        assert_eq!(span.read(96_000).unwrap(), bytes[4000..100_000]);
        assert_eq!(
            (span.left(), span.read(96_000).unwrap()),
            (50_000, Bytes::copy_from_slice(&bytes[100_000..150_000]))
        );
        assert_eq!((span.left(), span.read(1).unwrap().len()), (0, 0));
        assert!(Span::new(&file, 200_000..200_000).is_some());
        assert!(Span::new(&file, 199_999..200_001).is_none());
    }

    #[test]
    fn a_file_that_goes_makes_room_for_another() {
        let files = MemoryFiles::new(2);
        let (first, second) = (files.create(&[]).unwrap(), files.create(&[]).unwrap());
        assert!(files.create(&[]).is_none());
        drop(first);
        let third = files.create(&[]).unwrap();
        assert!(files.create(&[]).is_none());
        drop((second, third));
        assert!(files.create(&[]).is_some());
    }

    #[test]
    fn a_socket_gets_a_part_even_if_the_file_goes_before_it_is_read() {
        let (pieces, bytes) = pieces();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut reader = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (socket, _) = listener.accept().unwrap();
        let file = Arc::new(MemoryFiles::new(1).create(&pieces).unwrap());
        let mut span = Span::new(&file, 10_000..60_000).unwrap();
        while span.left() > 0 {
            assert!(span.send(&socket).unwrap() > 0);
        }
        assert_eq!(span.send(&socket).unwrap(), 0);
        drop((file, span, socket));
        // What takes its place in memory must not be seen.
        let _other = MemoryFiles::new(1).create(&[Bytes::from(vec![255; 200_000])]);
        let mut read = Vec::new();
        reader.read_to_end(&mut read).unwrap();
        assert!(read == bytes[10_000..60_000]);
    }
}
