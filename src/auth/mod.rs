//! Users and their passwords: Basic authentication (RFC 7617) against a file of Apache's `htpasswd`.
//!
//! Hashes of passwords are slow on purpose, and a request must not be. So a verdict is kept for some
//! minutes; what has to be computed is computed on threads beside the runtime's, a few at the same time,
//! and a client that asks for more of it than its share is turned away.

mod basic;
mod htpasswd;
mod turns;
mod verdicts;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::HeaderMap;
use tokio::time::Instant;

use crate::files::{FileWatch, read_limited};
use crate::net::etag::Digest;
use crate::net::published::Published;

pub use htpasswd::{HtpasswdError, HtpasswdErrorKind, Users};

use basic::Credentials;
use turns::Turns;
use verdicts::{Key, Verdicts};

/// Bytes of a file of users at most: 100 000 users fit.
const LARGEST: u64 = 16 << 20;

/// Who may use a member.
#[derive(Clone)]
pub struct AuthConfig {
    path: PathBuf,
    realm: String,
    users: Arc<Users>,
    key: Key,
}

/// Why users cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The file cannot be read.
    #[error("{path}: {why}")]
    Read {
        /// Which file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// A line cannot be used.
    #[error(transparent)]
    Line(#[from] HtpasswdError),
    /// The realm cannot stand between quotes.
    #[error("realm must be printable ASCII without quotes and backslashes, found {0:?}")]
    Realm(String),
    /// The system has no random numbers.
    #[error("there are no random numbers to be had: {0}")]
    Random(String),
}

/// Why a request does not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// It has no credentials, or none of the kind that is asked for.
    Missing,
    /// The user or the password is wrong.
    Wrong,
    /// Too many passwords are being checked, in all or for this client.
    Busy,
}

/// What was counted since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthCounts {
    /// Users that there are now.
    pub users: usize,
    /// Requests with a wrong user or password.
    pub wrong: u64,
    /// Requests that were turned away because too many passwords were being checked.
    pub busy: u64,
    /// Passwords that were computed: their verdict was not known.
    pub computed: u64,
    /// Times that the file had changed and could not be used.
    pub refused_files: u64,
}

/// Lets users in.
#[derive(Debug)]
pub struct Auth {
    config: AuthConfig,
    users: Published<Arc<Users>>,
    verdicts: Verdicts,
    turns: Turns,
    wrong: AtomicU64,
    busy: AtomicU64,
    computed: AtomicU64,
    refused_files: AtomicU64,
}

impl AuthConfig {
    /// Reads the users.
    ///
    /// # Errors
    /// A file that cannot be read, its first line that cannot be used, or a realm that cannot be said.
    pub fn read(path: &Path, realm: &str) -> Result<Self, AuthError> {
        let sayable = |byte| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~');
        if realm.is_empty() || !realm.bytes().all(sayable) {
            return Err(AuthError::Realm(realm.chars().take(80).collect()));
        }
        let (users, _) = read(path)?;
        let key = Key::random().map_err(AuthError::Random)?;
        Ok(Self { path: path.to_owned(), realm: realm.to_owned(), users: Arc::new(users), key })
    }

    /// What a client is asked with: the value of `Proxy-Authenticate` (RFC 7617, section 2).
    pub fn challenge(&self) -> String {
        format!("Basic realm=\"{}\", charset=\"UTF-8\"", self.realm)
    }
}

impl fmt::Debug for AuthConfig {
    /// Shows no key, and no hashes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, realm, users, key: _ } = self;
        let mut fields = f.debug_struct("AuthConfig");
        fields.field("path", path).field("realm", realm).field("users", &users.len());
        fields.finish_non_exhaustive()
    }
}

impl Auth {
    /// Begins with the users that were read.
    pub fn new(config: AuthConfig) -> Self {
        Self {
            users: Published::new(Arc::clone(&config.users)),
            verdicts: Verdicts::new(config.key.clone()),
            turns: Turns::default(),
            wrong: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            computed: AtomicU64::new(0),
            refused_files: AtomicU64::new(0),
            config,
        }
    }

    /// The user whose name and password a request has.
    ///
    /// # Errors
    /// Why it does not pass.
    pub async fn check(&self, headers: &HeaderMap, client: IpAddr) -> Result<Arc<str>, Denial> {
        let credentials = Credentials::of(headers).ok_or(Denial::Missing)?;
        let users = self.users.load();
        let checked = users.find(&self.config.key, credentials.user());
        let id = self.verdicts.id(&credentials, checked.hash);
        let verdict = match self.verdicts.find(id, Instant::now()) {
            Some(verdict) => verdict,
            None => self.compute(id, &credentials, &checked, client).await?,
        };
        let user = checked.user.filter(|_| verdict).map(Arc::clone);
        user.ok_or_else(|| {
            self.wrong.fetch_add(1, Ordering::Relaxed);
            Denial::Wrong
        })
    }

    async fn compute(
        &self,
        id: u128,
        credentials: &Credentials,
        checked: &htpasswd::Checked<'_>,
        client: IpAddr,
    ) -> Result<bool, Denial> {
        let Some(hash) = checked.hash else {
            return Ok(false); // there is no user at all
        };
        let turn = self.turns.take(client).await.inspect_err(|_| {
            self.busy.fetch_add(1, Ordering::Relaxed);
        })?;
        // Who waited before may have asked the same.
        if let Some(verdict) = self.verdicts.find(id, Instant::now()) {
            return Ok(verdict);
        }
        self.computed.fetch_add(1, Ordering::Relaxed);
        let (hash, password) = (Arc::clone(hash), credentials.password().to_vec());
        // The turn ends with the computation, though its client may have left before.
        let computing = tokio::task::spawn_blocking(move || {
            let verdict = hash.verify(&password);
            drop(turn);
            verdict
        });
        let verdict = computing.await.unwrap_or(false) && checked.user.is_some();
        self.verdicts.keep(id, verdict, Instant::now());
        Ok(verdict)
    }

    /// Follows the file for ever: a new file that cannot be used leaves the old users in place.
    #[expect(clippy::infinite_loop, reason = "it ends where it is awaited, at shutdown")]
    pub async fn follow(&self) {
        let watch = FileWatch::new(&self.config.path);
        let mut last = self.config.users.digest();
        loop {
            watch.changed().await;
            match read(watch.path()) {
                Ok((_, seen)) if Some(seen) == last => {}
                Ok((users, seen)) => {
                    last = Some(seen);
                    tracing::info!(users = users.len(), "users replaced");
                    self.users.publish(Arc::new(users));
                }
                Err(error) => {
                    let seen = read_limited(watch.path(), LARGEST).ok().map(|b| Digest::of(&b));
                    if seen != last {
                        last = seen;
                        self.refused_files.fetch_add(1, Ordering::Relaxed);
                        tracing::error!(%error, "file of users is not used, the last good one stays");
                    }
                }
            }
        }
    }

    /// What was counted.
    pub fn counts(&self) -> AuthCounts {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        AuthCounts {
            users: self.users.load().len(),
            wrong: value(&self.wrong),
            busy: value(&self.busy),
            computed: value(&self.computed),
            refused_files: value(&self.refused_files),
        }
    }
}

fn read(path: &Path) -> Result<(Users, Digest), AuthError> {
    let name = path.display().to_string();
    let bytes = read_limited(path, LARGEST)
        .map_err(|error| AuthError::Read { path: name.clone(), why: error.to_string() })?;
    Ok((Users::parse(&bytes, &name)?, Digest::of(&bytes)))
}
