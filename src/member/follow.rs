//! Keeps a member's table current: asks the master or watches a file, swaps, keeps the last good one.

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{ETAG, HeaderValue, IF_NONE_MATCH, USER_AGENT};
use hyper::{Request, StatusCode, Uri};
use pat::{ParseErrors, Table};
use tokio::time::Instant;

use super::poll::{Outcome, Pace, Verdict, judge};
use super::snapshot::Snapshot;
use super::{Plane, cache_settings};
use crate::config::{MemberConfig, TableSource};
use crate::files::{FileWatch, read_limited, replace};
use crate::net::body::Body;
use crate::net::etag::Digest;
use crate::net::fetch::{Answer, FetchError, FetchLimits, fetch};
use crate::site::HasSite;

/// How long the master is asked to hold an answer that would say "unchanged".
const WAIT: Duration = Duration::from_secs(30);

/// Bytes of a table at most: 100 000 members fit.
const LARGEST: usize = 16 << 20;

/// The table that was kept, ready; `None` if there is none that is good.
pub(super) fn last_good(config: &MemberConfig) -> Option<Snapshot> {
    let path = kept_at(config)?;
    let bytes = read_limited(&path, u64::try_from(LARGEST).ok()?).ok()?;
    match Table::parse(&bytes) {
        Ok(table) => {
            tracing::info!(config_id = %table.header().config_id, "starting from the last good table");
            Snapshot::of(Arc::new(table), config).ok()
        }
        Err(errors) => {
            let name = path.display().to_string();
            tracing::warn!("kept table is not used:\n{}", errors.in_file(&name));
            None
        }
    }
}

fn kept_at(config: &MemberConfig) -> Option<PathBuf> {
    matches!(config.source, TableSource::Master(_))
        .then_some(config.state.as_ref()?.join("last-good.pat"))
}

/// Follows the table for ever.
pub(super) async fn follow(plane: &Plane) {
    match &plane.config.source {
        TableSource::Master(url) => follow_master(plane, url).await,
        TableSource::File(path) => follow_file(plane, path.clone()).await,
    }
}

async fn follow_file(plane: &Plane, path: PathBuf) {
    let watch = FileWatch::new(&path);
    let mut last = None;
    loop {
        let read = read_limited(watch.path(), u64::try_from(LARGEST).unwrap_or(u64::MAX));
        let seen = read.as_ref().map_or(None, |bytes| Some(Digest::of(bytes)));
        if last != Some(seen) {
            last = Some(seen);
            let name = path.display().to_string();
            match read
                .map_err(|error| error.to_string())
                .and_then(|bytes| parse(plane, &name, &bytes))
            {
                Ok(table) => drop(swap(plane, table).await),
                Err(why) => {
                    tracing::error!("table file is not used, the last good table stays:\n{why}");
                }
            }
        }
        tokio::select! {
            () = watch.changed() => {}
            () = plane.poll_now.notified() => last = None,
        }
    }
}

async fn follow_master(plane: &Plane, url: &Uri) {
    let mut pace = Pace::default();
    let mut poller = Poller { plane, url, etag: None, held: None, waited: false };
    loop {
        let outcome = poller.poll().await;
        let snapshot = plane.current.load();
        let list_ttl = snapshot
            .site()
            .map_or(Duration::from_mins(1), |site| site.table().header().list_ttl.as_duration());
        let pause = pace.next(outcome, list_ttl, poller.waited, jitter());
        tracing::trace!(?outcome, ?pause, "polled");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = plane.poll_now.notified() => {}
        }
    }
}

struct Poller<'a> {
    plane: &'a Plane,
    url: &'a Uri,
    /// Of the answer whose table is in use.
    etag: Option<HeaderValue>,
    held: Option<Digest>,
    /// Whether the master holds its answers.
    waited: bool,
}

impl Poller<'_> {
    async fn poll(&mut self) -> Outcome {
        let asked = Instant::now();
        let outcome = self.ask_and_consider().await;
        // Who says that he waits, and does not, is not asked in a loop.
        self.waited &= outcome == Outcome::Replaced || asked.elapsed() > WAIT / 2;
        outcome
    }

    async fn ask_and_consider(&mut self) -> Outcome {
        match self.ask().await {
            Ok(answer) => {
                let wait = answer
                    .headers
                    .get("preference-applied")
                    .is_some_and(|v| v.as_bytes().starts_with(b"wait"));
                self.waited = wait;
                match answer.status {
                    StatusCode::NOT_MODIFIED if self.etag.is_some() => {
                        self.plane.stats.polls_unchanged.add();
                        Outcome::Unchanged
                    }
                    StatusCode::OK => self.consider(&answer).await,
                    status => self.failed(&format!("master answered {status}")),
                }
            }
            Err(error) => self.failed(&error.to_string()),
        }
    }

    fn failed(&mut self, why: &str) -> Outcome {
        self.waited = false;
        self.plane.stats.polls_failed.add();
        tracing::warn!(master = %self.url, error = why, "poll failed, the last good table stays");
        Outcome::Failed
    }

    async fn ask(&self) -> Result<Answer, FetchError> {
        let separator = if self.url.query().is_some() { '&' } else { '?' };
        let waiting: Result<Uri, _> =
            format!("{}{separator}wait={}", self.url, WAIT.as_secs()).parse();
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = waiting.unwrap_or_else(|_unfit| self.url.clone());
        request.headers_mut().insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("parray/", env!("CARGO_PKG_VERSION"))),
        );
        if let Some(etag) = &self.etag {
            request.headers_mut().insert(IF_NONE_MATCH, etag.clone());
        }
        let limits = FetchLimits {
            connect: self.plane.config.limits.connect,
            answer: WAIT + Duration::from_secs(10),
            body: LARGEST,
        };
        fetch(request, limits).await
    }

    async fn consider(&mut self, answer: &Answer) -> Outcome {
        let table = match parse(self.plane, &self.url.to_string(), &answer.body) {
            Ok(table) => table,
            Err(why) => {
                self.waited = false;
                tracing::warn!(master = %self.url, "polled table is not used, the last good table stays:\n{why}");
                return Outcome::Failed;
            }
        };
        let snapshot = self.plane.current.load();
        let digest = Digest::of(table.print(pat::Dialect::Draft).as_bytes());
        let current = snapshot.site().map(|site| (&**site.table(), site.digest()));
        match judge(current, &table, digest, self.held) {
            Verdict::Same => {
                self.etag = answer.headers.get(ETAG).cloned();
                self.plane.stats.polls_unchanged.add();
                Outcome::Unchanged
            }
            Verdict::Take => {
                self.held = None;
                if !swap(self.plane, table).await {
                    return Outcome::Failed;
                }
                self.etag = answer.headers.get(ETAG).cloned();
                keep(self.plane).await;
                Outcome::Replaced
            }
            Verdict::Hold => {
                self.plane.stats.polls_shrunken.add();
                tracing::warn!(
                    members = table.members().len(),
                    "table lost most of its members; it is taken if it is seen again"
                );
                self.held = Some(digest);
                Outcome::Held
            }
        }
    }
}

/// Reads a table and counts why it cannot be.
fn parse(plane: &Plane, name: &str, bytes: &[u8]) -> Result<Table, String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        plane.stats.polls_empty.add();
        return Err(format!("{name}: empty"));
    }
    Table::parse(bytes).map_err(|errors: ParseErrors| {
        let counter = if errors.is_version_too_new() {
            &plane.stats.polls_too_new
        } else {
            &plane.stats.polls_malformed
        };
        counter.add();
        errors.in_file(name).to_string()
    })
}

/// The one place where a table is replaced; whether it was.
async fn swap(plane: &Plane, table: Table) -> bool {
    let before = plane.current.load();
    if let Some(site) = before.site() {
        for change in pat::diff(site.table(), &table) {
            tracing::info!(config_id = table.header().config_id.0, %change, "table changed");
        }
    }
    let config_id = table.header().config_id.0;
    let config = plane.config.clone();
    // Printing and generating take milliseconds that are not the requests'.
    let made = tokio::task::spawn_blocking(move || Snapshot::of(Arc::new(table), &config)).await;
    let snapshot = match made
        .map_err(|error| error.to_string())
        .and_then(|made| made.map_err(|error| error.to_string()))
    {
        Ok(snapshot) => snapshot,
        Err(error) => {
            plane.stats.polls_failed.add();
            tracing::error!(error, config_id, "table cannot be used, the one in use stays");
            return false;
        }
    };
    if let Some(ready) = snapshot.ready() {
        plane.health.keep(&ready.siblings);
        if ready.me.is_none() {
            tracing::warn!(name = %plane.config.name, config_id, "this member is not in the table: it owns no URL");
        }
    }
    if let (Some(cache), Some(settings)) = (&plane.cache, cache_settings(&plane.config, &snapshot))
    {
        cache.resize(&settings);
    }
    plane.current.publish(snapshot);
    plane.stats.tables.add();
    tracing::info!(config_id, "table replaced");
    true
}

/// Keeps the table for the next start; a full disk costs no request.
async fn keep(plane: &Plane) {
    let snapshot = plane.current.load();
    let (Some(path), Some(site)) = (kept_at(&plane.config), snapshot.site()) else { return };
    let (bytes, shown) = (site.pat().clone(), path.display().to_string());
    let kept = tokio::task::spawn_blocking(move || replace(&path, &bytes)).await;
    if let Err(error) = kept.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
        plane.stats.not_kept.add();
        tracing::warn!(path = shown, %error, "last good table is not kept on disk");
    }
}

/// A number from 0 to 1 that differs between members.
fn jitter() -> f64 {
    let [a, b, ..] = RandomState::new().hash_one(0_u8).to_le_bytes();
    f64::from(u16::from_le_bytes([a, b])) / f64::from(u16::MAX)
}
