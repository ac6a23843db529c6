//! What can be known before a start: whether the files and folders that are named can be used.

use std::io;
use std::path::{Path, PathBuf};

use crate::config::{MemberConfig, TableSource};

/// A file or folder that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{what} {}: {error}", path.display())]
pub struct Unusable {
    /// What it is for: a setting.
    what: &'static str,
    path: PathBuf,
    error: io::Error,
}

/// Looks at what a member would use, and leaves nothing behind but the folder of its state. What a
/// [`MemberConfig`] is made of has been opened already. Blocks.
///
/// # Errors
/// The first that cannot be used.
pub fn preflight(config: &MemberConfig) -> Result<(), Unusable> {
    let check = |what, path: &Path, result: io::Result<()>| {
        result.map_err(|error| Unusable { what, path: path.to_owned(), error })
    };
    if let Some(folder) = &config.state {
        let made = std::fs::create_dir_all(folder).and_then(|()| writable(folder));
        check("state", folder, made)?;
    }
    if let TableSource::File(path) = &config.source {
        check("table", path, std::fs::File::open(path).map(drop))?;
    }
    if let Some(folder) = config.cache.as_ref().and_then(|cache| cache.folder()) {
        check("cache.folder", folder, writable(folder))?;
    }
    Ok(())
}

/// Whether files can be made in a folder; if it is not there yet, in the one that it will be made in.
fn writable(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match folder.parent() {
        Some(parent) if !folder.try_exists()? => writable(parent),
        Some(_) | None => tempfile::tempfile_in(folder).map(drop),
    }
}
