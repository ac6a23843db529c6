//! Tells that a file may have changed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

/// How long to look away at most: some file systems (network mounts, replaced folders) tell nothing.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How long a file must be left alone before it is read: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(50);

/// Watches one file by its folder, so that a rename over it is seen, too.
#[derive(Debug)]
pub struct FileWatch {
    path: PathBuf,
    touched: Arc<Notify>,
    /// `None` where the system has no way to watch; then only the slow look is left.
    _watcher: Option<RecommendedWatcher>,
}

impl FileWatch {
    /// Starts to watch.
    pub fn new(path: &Path) -> Self {
        let touched = Arc::new(Notify::new());
        let watcher = Self::watcher(path, Arc::clone(&touched));
        if let Err(error) = &watcher {
            tracing::warn!(path = %path.display(), %error, "file is looked at every 5 s: it cannot be watched");
        }
        Self { path: path.to_owned(), touched, _watcher: watcher.ok() }
    }

    fn watcher(path: &Path, touched: Arc<Notify>) -> notify::Result<RecommendedWatcher> {
        let name = path.file_name().map(ToOwned::to_owned);
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or_else(|| Path::new("."));
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let ours = |event: &notify::Event| {
                    !event.kind.is_access()
                        && event.paths.iter().any(|path| path.file_name() == name.as_deref())
                };
                if event.as_ref().map_or(true, ours) {
                    touched.notify_one();
                }
            })?;
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns when the file may have changed; compare its content.
    ///
    /// # Cancel safety
    /// A change that was told while nobody waited is told to the next who waits.
    pub async fn changed(&self) {
        tokio::select! {
            () = self.touched.notified() => tokio::time::sleep(SETTLE).await,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// Those of the file system; a larger file is `FileTooLarge`.
pub fn read_limited(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::Read;
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(limit + 1).read_to_end(&mut content)?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("more than {limit} bytes"),
        ));
    }
    Ok(content)
}
