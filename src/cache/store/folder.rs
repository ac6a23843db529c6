//! The folder of a cache: whose it is.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use crate::cache::key::Secret;

/// Takes a folder, made if need be, with the secret of its keys. It is ours as long as the file is open.
///
/// # Errors
/// A folder that cannot be made, read or written, is used by another process, or has what is not a
/// cache's.
pub(super) fn claim(folder: &Path) -> io::Result<(File, Secret)> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if !folder.join("secret").exists() && holds_other_files(folder)? {
        // What is removed below must be ours.
        return Err(io::Error::other("folder is neither empty nor that of a cache"));
    }
    let lock = folder.join("lock");
    drop(File::options().create(true).truncate(false).write(true).open(&lock)?);
    // Held for reading only: who wants to make the disk read-only may.
    let lock = File::open(lock)?;
    lock.try_lock().map_err(|_taken| io::Error::other("another process uses this folder"))?;
    let secret = secret(&folder.join("secret"))?;
    let new = folder.join("new");
    if new.exists() {
        fs::remove_dir_all(&new)?; // left over from before
    }
    fs::create_dir(&new)?;
    Ok((lock, secret))
}

/// Whether a folder has anything but what file systems and an interrupted start leave there.
fn holds_other_files(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name != "lost+found" && name != "lock" {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The secret in a file, made at the first start.
fn secret(path: &Path) -> io::Result<Secret> {
    if let Ok(bytes) = fs::read(path)
        && let Ok(bytes) = <[u8; 16]>::try_from(bytes.as_slice())
    {
        return Ok(Secret(bytes));
    }
    let secret = Secret::random();
    crate::files::replace(path, &secret.0)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(secret)
}
