//! The access log: one line a request, written when its response has ended.
//!
//! An [`Entry`] rides along with a request and, as a [`Ticket`](crate::net::body::Ticket), with the body
//! of its response; when it is dropped it formats its line and hands it to the writer, a thread of its
//! own. A request never waits for the disk: lines that the disk does not take in time are dropped and
//! counted.

mod date;
mod entry;
mod escape;
mod format;
mod outcome;
mod writer;

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

pub use entry::{Entry, Started};
pub use outcome::{CacheResult, NextHop, Outcome};
pub use writer::Counts;

use writer::Writer;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// Squid's native format.
    #[default]
    Squid,
    /// Apache's combined format.
    Combined,
    /// One JSON object a line.
    Json,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "squid" => Ok(Self::Squid),
            "combined" => Ok(Self::Combined),
            "json" => Ok(Self::Json),
            _ => Err(format!("must be squid, combined or json, found {text:?}")),
        }
    }
}

/// Where lines go, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// The file; lines are appended.
    pub path: PathBuf,
    /// How a line is written.
    pub format: Format,
}

/// An access log that is open.
#[derive(Debug, Clone)]
pub struct AccessLog {
    shared: Arc<Shared>,
}

/// What entries need of their log.
#[derive(Debug)]
struct Shared {
    format: Format,
    /// The name of the member that writes it.
    member: String,
    writer: Writer,
}

impl AccessLog {
    /// Starts the writer of a log. A file that cannot be opened is tried again with every batch.
    pub fn start(config: &LogConfig, member: &str) -> Self {
        let writer = Writer::start(&config.path);
        let shared = Shared { format: config.format, member: member.to_owned(), writer };
        Self { shared: Arc::new(shared) }
    }

    /// Opens the file anew, after all lines so far were written to the old one: for rotation by renaming.
    pub fn reopen(&self) {
        self.shared.writer.reopen();
    }

    /// Writes what is left, and ends the writer; lines that come later are dropped and counted. Blocks.
    pub fn close(&self) {
        self.shared.writer.close();
    }

    /// What was written, and what was not.
    pub fn counts(&self) -> Counts {
        self.shared.writer.counts()
    }
}

/// Opens a log file for appending; makes it if it is not there, readable by its owner and group only.
///
/// # Errors
/// Those of the file system.
pub fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path)
}
