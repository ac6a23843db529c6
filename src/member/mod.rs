//! The data plane: a forward proxy that passes each URL to the member that owns it.
//!
//! `request` is the life of a request, phase by phase: read it first. What decides is pure
//! (`admit`, `hop`, `course`, `poll`, `health`); what does I/O has no opinion
//! (`forward`, `tunnel`, `follow`).

mod admit;
mod cached;
mod certificate;
mod complete;
mod course;
mod fetch;
mod follow;
mod forward;
mod health;
mod hop;
mod manage;
mod max_forwards;
mod metrics;
mod own;
mod poll;
mod preflight;
mod record;
mod request;
mod respond;
mod snapshot;
mod stale;
mod stats;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::RateLimit;
use crate::access_log::AccessLog;
use crate::auth::Auth;
use crate::cache::{Cache, CacheSettings, OpenFiles};
use crate::config::MemberConfig;
use crate::files::{most_memory, most_open};
use crate::net::headers::Via;
use crate::net::pipe;
use crate::net::pool::{Pool, PoolLimits};
use crate::net::published::Published;
use crate::net::serve::{self, Listener};
use crate::net::workers::Workers;
use crate::site::Publisher;

pub use preflight::{Unusable, preflight};

use health::Health;
use request::Front;
use snapshot::Snapshot;
use stats::Stats;

/// One member.
#[derive(Debug, Clone)]
pub struct Member {
    plane: Arc<Plane>,
}

/// What the requests of a member share.
#[derive(Debug)]
struct Plane {
    config: MemberConfig,
    via: Via,
    current: Arc<Published<Snapshot>>,
    publisher: Publisher<Snapshot>,
    pool: Arc<Pool>,
    /// `None`: nothing is stored.
    cache: Option<Arc<Cache>>,
    health: Health,
    stats: Stats,
    access_log: Option<AccessLog>,
    auth: Option<Auth>,
    rate_limit: Option<RateLimit>,
    /// Connections to next hops and tunnels.
    tasks: TaskTracker,
    /// Asks for a poll now.
    poll_now: Notify,
    /// Asks for a look at the certificate now.
    look_now: Notify,
    shutdown: CancellationToken,
    /// Ends what did not drain.
    cut: CancellationToken,
}

impl Member {
    /// A member that will stop at `shutdown`. Starts from the last good table, if one was kept.
    pub fn new(config: MemberConfig, shutdown: CancellationToken) -> Self {
        let tasks = TaskTracker::new();
        let first = follow::last_good(&config).unwrap_or_default();
        let cache = cache_of(&config, &first);
        let current = Arc::new(Published::new(first));
        let access_log = config.access_log.as_ref();
        let access_log = access_log.map(|log| AccessLog::start(log, config.name.as_str()));
        let plane = Plane {
            cache,
            via: Via::new(config.name.as_str()),
            publisher: Publisher::new(Arc::clone(&current), shutdown.clone()),
            pool: Pool::new(PoolLimits::default(), tasks.clone()),
            health: Health::default(),
            stats: Stats::default(),
            access_log,
            auth: config.auth.clone().map(Auth::new),
            rate_limit: config.limits.client_requests.map(|(rate, n)| RateLimit::new(rate, n)),
            poll_now: Notify::new(),
            look_now: Notify::new(),
            config,
            current,
            tasks,
            shutdown,
            cut: CancellationToken::new(),
        };
        Self { plane: Arc::new(plane) }
    }

    /// Polls the master at once, whatever the time.
    pub fn poll_now(&self) {
        self.plane.poll_now.notify_one();
    }

    /// Looks at the files of the certificate at once.
    pub fn reload_certificate(&self) {
        self.plane.look_now.notify_one();
    }

    /// Opens the access log anew: after it was renamed, so that a new file begins. No line is lost.
    pub fn reopen_logs(&self) {
        if let Some(log) = &self.plane.access_log {
            log.reopen();
        }
    }

    /// Serves on the listener and follows the table until shutdown; then drains.
    pub async fn run(self, listener: TcpListener) {
        let started = Workers::start().map(Arc::new);
        let workers = started
            .inspect_err(
                |error| tracing::error!(%error, "one thread serves all: no more can be started"),
            )
            .ok();
        Box::pin(self.serve(listener, workers.clone())).await;
        if let Some(workers) = workers.and_then(Arc::into_inner) {
            workers.end().await;
        }
    }

    async fn serve(self, listener: TcpListener, workers: Option<Arc<Workers>>) {
        let plane = self.plane;
        let (shutdown, limits) = (plane.shutdown.clone(), plane.config.limits.serve);
        let follow = shutdown.run_until_cancelled(follow::follow(&plane));
        let certificate = shutdown.run_until_cancelled(certificate::follow(&plane));
        let housekeeping = shutdown.run_until_cancelled(housekeeping(&plane));
        if let Some(cache) = plane.cache.clone() {
            let stop = shutdown.clone();
            plane.tasks.spawn_blocking(move || cache.scan(|| stop.is_cancelled()));
        }
        let users = shutdown.run_until_cancelled(follow_users(&plane));
        let listener = Listener::new(listener, plane.config.tls.clone(), workers);
        let front = Arc::new(Front(Arc::clone(&plane)));
        let serving = serve::run(listener, front, limits, shutdown.clone());
        let overdue = async {
            shutdown.cancelled().await;
            tokio::time::sleep(limits.drain).await;
        };
        let drained = async {
            tokio::join!(serving, follow, certificate, housekeeping, users);
            plane.tasks.close();
            // Idle connections to next hops never end by themselves.
            plane.pool.clear();
            plane.tasks.wait().await;
        };
        tokio::pin!(drained);
        tokio::select! {
            () = drained.as_mut() => {}
            () = overdue => {
                tracing::warn!(open = plane.tasks.len(), "connections and tunnels are cut: they did not drain in time");
                plane.cut.cancel();
                // What is cut still tells the access log.
                tokio::time::timeout(CUT, drained).await.ok(); // nobody waits for the rest
            }
        }
        plane.close_log().await;
    }
}

/// How long connections may take to end once they are cut.
const CUT: Duration = Duration::from_secs(1);

/// How long the disk may take for the last lines of the access log.
const LAST_LINES: Duration = Duration::from_secs(5);

impl Plane {
    /// Writes the last lines of the access log.
    async fn close_log(&self) {
        let Some(log) = self.access_log.clone() else { return };
        let closing = self.tasks.spawn_blocking(move || log.close());
        if tokio::time::timeout(LAST_LINES, closing).await.is_err() {
            tracing::error!("the last lines of the access log are lost: the disk is too slow");
        }
    }
}

fn cache_of(config: &MemberConfig, first: &Snapshot) -> Option<Arc<Cache>> {
    Some(Cache::open(cache_settings(config, first)?, open_files(config)))
}

/// What the cache is made by: the configuration, and this member's line of the table.
fn cache_settings(config: &MemberConfig, snapshot: &Snapshot) -> Option<CacheSettings> {
    let (cache, listed) = (config.cache.as_ref()?, snapshot.cache_size());
    let most = most_memory() / 2;
    let settings = cache.settings(respond::token(&config.name), listed, most);
    if settings.disk.is_none() && listed.is_some_and(|listed| listed > most) {
        tracing::warn!(
            listed,
            used = settings.memory,
            "the table gives this member a larger cache than half of the memory: set `cache.folder`, or `cache.memory`"
        );
    }
    Some(settings)
}

/// Open files of either kind of the cache, at most: each takes some memory of the system's.
const MOST_FILES: u64 = 1 << 16;

/// How many files the cache may keep open: a part of what the system allows, most of which is for
/// connections.
fn open_files(config: &MemberConfig) -> OpenFiles {
    let most = most_open();
    let files =
        OpenFiles { on_disk: (most / 4).min(MOST_FILES), in_memory: (most / 8).min(MOST_FILES) };
    // Each connection may need one to a next hop.
    let wanted = config.limits.serve.connections.saturating_mul(2).saturating_add(pipe::OPEN_FILES);
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX);
    if most - files.on_disk - files.in_memory < wanted {
        tracing::warn!(
            limit = most,
            "fewer open files are allowed than `connections` may need: raise the limit, or lower `connections`"
        );
    }
    files
}

#[expect(clippy::infinite_loop, reason = "it ends where it is awaited, at shutdown")]
async fn housekeeping(plane: &Plane) {
    let mut every = tokio::time::interval(Duration::from_secs(15));
    loop {
        every.tick().await;
        plane.pool.sweep();
        if let Some(limit) = &plane.rate_limit {
            limit.sweep(Instant::now());
        }
    }
}

async fn follow_users(plane: &Plane) {
    if let Some(auth) = &plane.auth {
        auth.follow().await;
    }
}
