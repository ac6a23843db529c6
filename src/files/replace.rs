//! A file is replaced as a whole or not at all.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// Writes a new file beside the old one, syncs it and renames it: a reader sees the old or the new
/// content, a crash leaves one of them, a full disk leaves the old one.
///
/// Keeps the permissions of a file that is there.
///
/// # Errors
/// Whatever the file system says; the old file is untouched then.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(content)?;
    let permissions = match std::fs::metadata(path) {
        Ok(old) => old.permissions(),
        Err(_none_yet) => readable_by_all(file.as_file())?,
    };
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    // The rename itself lasts only once the folder is synced; but it is done.
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::warn!(path = %path.display(), %error, "file is replaced, its folder is not synced");
    }
    Ok(())
}

#[cfg(unix)]
fn readable_by_all(file: &File) -> io::Result<std::fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    permissions.set_mode(0o644);
    Ok(permissions)
}

#[cfg(not(unix))]
fn readable_by_all(file: &File) -> io::Result<std::fs::Permissions> {
    Ok(file.metadata()?.permissions())
}
