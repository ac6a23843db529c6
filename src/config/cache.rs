//! What a member stores, and where.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::header::HeaderName;
use serde::Deserialize;

use super::file::ConfigError;
use crate::cache::freshness::Heuristics;
use crate::cache::media_types::{MediaRange, MediaRangeError, MediaTypes};
use crate::cache::{CacheSettings, DiskSettings};
use crate::units::{Size, Span};

/// `[cache]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheFile {
    /// Whether anything is stored. Default true.
    pub enabled: Option<bool>,
    /// Bytes in memory. Default 256MB; without a folder, the cache size of this member's line in the
    /// table, but no more than half of the machine's memory.
    pub memory: Option<Size>,
    /// Folder for what is stored on disk; none: memory only.
    pub folder: Option<PathBuf>,
    /// Bytes in the folder. Default: the cache size of this member's line in the table, else 10GB.
    pub size: Option<Size>,
    /// Largest body that is kept in memory when there is a folder. Default 1MB.
    pub memory_object: Option<Size>,
    /// Largest body that is stored. Default 1GB; without a folder a 16th of the memory at most.
    pub max_object: Option<Size>,
    /// Media types of responses that are not stored, like `video/mp4` or `video/*`. Default: none.
    pub deny_types: Vec<String>,
    /// The only media types that are stored. Default: all.
    pub only_types: Vec<String>,
    /// How long a response without a lifetime counts as fresh, in percent of the time since its last
    /// modification. Default 10.
    pub heuristic_percent: Option<u32>,
    /// How long at most. Default 24h.
    pub heuristic_max: Option<Span>,
    /// How long errors like 404 are kept that say nothing of it. Default 0s: not at all.
    pub negative: Option<Span>,
    /// How long a stale response may be used when its origin cannot be reached. Default 24h.
    pub stale_if_error: Option<Span>,
    /// Names of fields that count here in the place of `Cache-Control`, the first first. Default: none.
    pub targets: Vec<String>,
}

/// What a member stores, and where.
#[derive(Debug, Clone)]
pub struct CacheConfig {
    memory: Option<u64>,
    folder: Option<PathBuf>,
    size: Option<u64>,
    memory_object: u64,
    max_object: u64,
    heuristics: Heuristics,
    stale_if_error: Duration,
    targets: Vec<HeaderName>,
    types: MediaTypes,
}

const MEMORY: u64 = 256 << 20;
const DISK: u64 = 10 << 30;

impl CacheFile {
    /// The checked settings; `None` if nothing is stored.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn config(self) -> Result<Option<CacheConfig>, ConfigError> {
        if self.enabled == Some(false) {
            return Ok(None);
        }
        let too_small = |key: &'static str, size: Option<Size>, least: u64| match size {
            Some(Size(bytes)) if bytes < least => Err(ConfigError::value(
                key,
                format!("must be {least} bytes or more, found {bytes}"),
            )),
            Some(_) | None => Ok(size.map(|size| size.0)),
        };
        if self.size.is_some() && self.folder.is_none() {
            return Err(ConfigError::Missing("cache.folder: cache.size is the size of a folder"));
        }
        let percent = self.heuristic_percent.unwrap_or(10);
        if percent > 100 {
            return Err(ConfigError::value(
                "cache.heuristic_percent",
                format!("must be 0 to 100, found {percent}"),
            ));
        }
        let span = |given: Option<Span>, default: Duration| given.map_or(default, |span| span.0);
        let target = |name: &String| {
            let wrong = |_unfit| {
                ConfigError::value(
                    "cache.targets",
                    format!("must be names of fields, found {name:?}"),
                )
            };
            name.parse::<HeaderName>().map_err(wrong)
        };
        let default = Heuristics::default();
        Ok(Some(CacheConfig {
            memory: too_small("cache.memory", self.memory, 1 << 20)?,
            folder: self.folder,
            size: too_small("cache.size", self.size, 16 << 20)?,
            memory_object: self.memory_object.map_or(1 << 20, |size| size.0),
            max_object: self.max_object.map_or(1 << 30, |size| size.0),
            heuristics: Heuristics {
                percent,
                longest: span(self.heuristic_max, default.longest),
                negative: span(self.negative, default.negative),
            },
            stale_if_error: span(self.stale_if_error, Duration::from_hours(24)),
            targets: self.targets.iter().map(target).collect::<Result<_, _>>()?,
            types: MediaTypes {
                denied: media_ranges("cache.deny_types", &self.deny_types)?,
                only: media_ranges("cache.only_types", &self.only_types)?,
            },
        }))
    }
}

fn media_ranges(key: &'static str, texts: &[String]) -> Result<Vec<MediaRange>, ConfigError> {
    let range = |text: &String| {
        text.parse().map_err(|error: MediaRangeError| ConfigError::value(key, error.to_string()))
    };
    texts.iter().map(range).collect()
}

impl CacheConfig {
    /// The folder for what is stored on disk.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// What the cache is made by; `listed` is the cache size of this member's line in the table, of which memory
    /// takes `most` at most: other makers' tables tell there how large a disk is.
    pub fn settings(&self, name: String, listed: Option<u64>, most: u64) -> CacheSettings {
        let disk = self.folder.as_ref().map(|folder| DiskSettings {
            folder: folder.clone(),
            capacity: self.size.or(listed).unwrap_or(DISK),
        });
        let without_disk = listed.filter(|_| disk.is_none()).map(|listed| listed.min(most));
        let memory = self.memory.or(without_disk).unwrap_or(MEMORY);
        CacheSettings {
            name,
            memory,
            memory_object: self.memory_object.min(memory / 8),
            max_object: self.max_object,
            disk,
            heuristics: self.heuristics,
            stale_if_error: self.stale_if_error,
            targets: self.targets.clone(),
            types: self.types.clone(),
        }
    }
}
