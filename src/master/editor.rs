//! The one path for edits: precondition, apply, check, verify the PAC, persist, publish.
//!
//! An error anywhere leaves table, file and publication as they were.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pat::{EditError, ParseErrors, Table};
use tokio::sync::Mutex as AsyncMutex;
use tokio_util::task::TaskTracker;

use super::next::{Change, next_table};
use crate::files::{read_limited, replace};
use crate::net::etag::Digest;
use crate::net::published::Published;
use crate::pac::{GenerateError, PacOptions, VerifyError, sample_urls, verify};
use crate::site::Site;

/// Bytes of a table file at most: 100 000 members fit.
pub(super) const LARGEST_TABLE: u64 = 16 << 20;

/// URLs on which PAC and router must agree before a table is published.
const SAMPLE: usize = 64;

/// Edits one table file and publishes it. Clones edit the same file.
#[derive(Debug, Clone)]
pub struct Editor {
    state: Arc<State>,
    /// An edit that has begun is carried out, whether or not its client still waits.
    tasks: TaskTracker,
}

#[derive(Debug)]
struct State {
    path: PathBuf,
    options: PacOptions,
    published: Arc<Published<Site>>,
    /// One edit at a time. Digest of the file's bytes when they were last read or written; `None`
    /// while it cannot be read.
    disk: AsyncMutex<Option<Digest>>,
    /// Why the file as it is now is not what is published.
    refused: Mutex<Option<String>>,
}

/// Why a master does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The file is no valid table.
    #[error("{}", errors.in_file(path))]
    Table {
        /// The file.
        path: String,
        /// All that is wrong with it.
        errors: ParseErrors,
    },
    /// The table gives no PAC that could be published.
    #[error("{0}")]
    Publish(EditRejection),
}

/// Why an edit was not published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditRejection {
    /// The caller saw another table than the current one.
    #[error("the table has changed: its ConfigID is {config_id} now")]
    Stale {
        /// The current `ConfigID`.
        config_id: u32,
    },
    /// The edit does not fit the table.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The file has an edit that was refused; publishing would lose it.
    #[error("the table file has been edited by hand and was refused; mend or revert it first: {0}")]
    HandEdit(String),
    /// No PAC can be generated.
    #[error(transparent)]
    Pac(#[from] GenerateError),
    /// The PAC would send browsers elsewhere than the members.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The file could not be written.
    #[error("table file cannot be written: {0}")]
    Store(io::Error),
    /// The work was cut off.
    #[error("edit was not carried out: {0}")]
    Internal(String),
}

/// What became of an edit.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What is published now.
    pub site: Arc<Site>,
    /// Whether that is another table than before.
    pub changed: bool,
}

impl Editor {
    /// Reads the table file.
    ///
    /// # Errors
    /// A file that is no valid table, or whose PAC fails.
    pub async fn open(path: PathBuf, options: PacOptions) -> Result<Self, StartError> {
        let name = path.display().to_string();
        let read = read_limited(&path, LARGEST_TABLE);
        let bytes = read.map_err(|source| StartError::Read { path: name.clone(), source })?;
        let table =
            Table::parse(&bytes).map_err(|errors| StartError::Table { path: name, errors })?;
        let site = build(table, options.clone()).await.map_err(StartError::Publish)?;
        let state = State {
            path,
            options,
            published: Arc::new(Published::new(site)),
            disk: AsyncMutex::new(Some(Digest::of(&bytes))),
            refused: Mutex::new(None),
        };
        Ok(Self { state: Arc::new(state), tasks: TaskTracker::new() })
    }

    /// The table file.
    pub fn path(&self) -> &Path {
        &self.state.path
    }

    /// What is published now.
    pub fn site(&self) -> Arc<Site> {
        self.state.published.load()
    }

    /// Where it is published.
    pub fn published(&self) -> Arc<Published<Site>> {
        Arc::clone(&self.state.published)
    }

    /// Why the file as it is now is not what is published; `None` if it is.
    pub fn refused(&self) -> Option<String> {
        self.state.refused()
    }

    /// Carries out an edit. `stale` gets the current site's entity tag and says whether the caller's
    /// precondition fails.
    ///
    /// # Errors
    /// Why nothing was changed.
    ///
    /// # Cancel safety
    /// An edit that has begun is carried out all the same.
    pub async fn submit(
        &self,
        change: Change,
        stale: impl FnOnce(&str) -> bool + Send + 'static,
    ) -> Result<Outcome, EditRejection> {
        let state = Arc::clone(&self.state);
        let edit = self.tasks.spawn(async move { state.submit(change, stale).await });
        edit.await.map_err(|error| EditRejection::Internal(error.to_string()))?
    }

    /// Looks whether the file was edited by hand and takes the edit, or reports why not.
    pub async fn take_hand_edit(&self) {
        let mut disk = self.state.disk.lock().await;
        self.state.look_at_file(&mut disk).await;
    }
}

impl State {
    fn site(&self) -> Arc<Site> {
        self.published.load()
    }

    fn refused(&self) -> Option<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn submit(
        &self,
        change: Change,
        stale: impl FnOnce(&str) -> bool + Send,
    ) -> Result<Outcome, EditRejection> {
        let mut disk = self.disk.lock().await;
        // A hand edit that nobody has told of yet comes first.
        self.look_at_file(&mut disk).await;
        let current = self.site();
        if stale(current.etag()) {
            return Err(EditRejection::Stale { config_id: current.table().header().config_id.0 });
        }
        if let Some(why) = self.refused() {
            return Err(EditRejection::HandEdit(why));
        }
        let Some(table) = next_table(current.table(), change)? else {
            return Ok(Outcome { site: current, changed: false });
        };
        let site = build(table, self.options.clone()).await?;
        *disk = Some(self.store(&site).await?);
        Ok(self.publish(site))
    }

    async fn look_at_file(&self, disk: &mut Option<Digest>) {
        match self.try_hand_edit(disk).await {
            Ok(None) => {}
            Ok(Some(outcome)) => {
                self.refuse(None);
                let config_id = outcome.site.table().header().config_id.0;
                tracing::info!(
                    config_id,
                    changed = outcome.changed,
                    "edit of the table file taken"
                );
            }
            Err(why) => {
                let path = self.path.display();
                tracing::error!(%path, "table file refused, the last good table stays:\n{why}");
                self.refuse(Some(why));
            }
        }
    }

    async fn try_hand_edit(&self, disk: &mut Option<Digest>) -> Result<Option<Outcome>, String> {
        let name = self.path.display().to_string();
        let path = self.path.clone();
        let read = blocking(move || read_limited(&path, LARGEST_TABLE)).await;
        let bytes = match read.map_err(|error| error.to_string())? {
            Ok(bytes) => bytes,
            // Said once, not at every look.
            Err(_) if disk.is_none() => return Ok(None),
            Err(error) => {
                *disk = None;
                return Err(format!("{name}: {error}"));
            }
        };
        let digest = Some(Digest::of(&bytes));
        if digest == *disk {
            return Ok(None);
        }
        *disk = digest;
        let table = Table::parse(&bytes).map_err(|errors| errors.in_file(&name).to_string())?;
        let current = self.site();
        let in_file = table.header().config_id;
        let change = Change::FoundInFile(Box::new(table));
        let next = next_table(current.table(), change).map_err(|error| error.to_string())?;
        let Some(table) = next else {
            return Ok(Some(Outcome { site: current, changed: false }));
        };
        let renumbered = table.header().config_id != in_file;
        let site = build(table, self.options.clone()).await.map_err(|error| error.to_string())?;
        if renumbered {
            *disk = Some(self.store(&site).await.map_err(|error| error.to_string())?);
        }
        Ok(Some(self.publish(site)))
    }

    /// Writes the table file; the digest of what is in it then.
    async fn store(&self, site: &Site) -> Result<Digest, EditRejection> {
        let (path, bytes) = (self.path.clone(), site.pat().clone());
        let digest = Digest::of(&bytes);
        blocking(move || replace(&path, &bytes)).await?.map_err(EditRejection::Store)?;
        Ok(digest)
    }

    fn publish(&self, site: Site) -> Outcome {
        let config_id = site.table().header().config_id.0;
        for change in pat::diff(self.site().table(), site.table()) {
            tracing::info!(config_id, %change, "table changed");
        }
        self.published.publish(site);
        Outcome { site: self.site(), changed: true }
    }

    fn refuse(&self, why: Option<String>) {
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

/// Prints, generates and verifies, off the threads that serve.
async fn build(table: Table, options: PacOptions) -> Result<Site, EditRejection> {
    blocking(move || {
        let site = Site::of(Arc::new(table), &options)?;
        // Custom logic may answer as it likes; what is proven is the selection behind it.
        let plain = PacOptions { custom_logic: None, ..options };
        let pac = crate::pac::generate(site.router(), &plain)?;
        let seed = u64::from(site.table().header().config_id.0);
        verify(&pac, site.router(), &plain, &sample_urls(SAMPLE, seed))?;
        Ok(site)
    })
    .await?
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, EditRejection> {
    let join = tokio::task::spawn_blocking(work).await;
    join.map_err(|error| EditRejection::Internal(error.to_string()))
}
