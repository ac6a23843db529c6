//! What a cache is made by.

use std::path::PathBuf;
use std::time::Duration;

use hyper::header::HeaderName;

use crate::cache::freshness::Heuristics;
use crate::cache::media_types::MediaTypes;

/// What a cache is made by.
#[derive(Debug, Clone)]
pub struct CacheSettings {
    /// Its name in `Cache-Status`: a token or a quoted string.
    pub name: String,
    /// Bytes in memory.
    pub memory: u64,
    /// Largest body that is kept in memory.
    pub memory_object: u64,
    /// Largest body that is stored at all.
    pub max_object: u64,
    /// Where and how much on disk.
    pub disk: Option<DiskSettings>,
    /// Freshness where origins say nothing.
    pub heuristics: Heuristics,
    /// How long a stale response may be used if the origin cannot be reached.
    pub stale_if_error: Duration,
    /// Fields that count in the place of `Cache-Control` (RFC 9213), the first first.
    pub targets: Vec<HeaderName>,
    /// Media types that are stored.
    pub types: MediaTypes,
}

/// A folder for stored responses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskSettings {
    /// The folder; made if it is not there.
    pub folder: PathBuf,
    /// Bytes in it.
    pub capacity: u64,
}

/// How many files a cache may keep open at most.
#[derive(Debug, Clone, Copy)]
pub struct OpenFiles {
    /// Of those on disk, about.
    pub on_disk: u64,
    /// Of those in memory: bodies beyond are kept elsewhere in memory, and sending them takes longer.
    pub in_memory: u64,
}
