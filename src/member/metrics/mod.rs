//! `/metrics`, in the text format of `OpenMetrics` 1.0, which Prometheus reads.

mod durations;
mod page;
mod process;

use std::fmt;
use std::sync::Arc;

use hyper::{Response, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::{Registry, Unit};

use self::page::Page;
use super::Plane;
use crate::access_log::Counts;
use crate::auth::AuthCounts;
use crate::blame::Cause;
use crate::net::body::Body;
use crate::site::{HasSite, own_page};

pub(super) use self::durations::Durations;

/// The page.
pub(super) fn page(plane: &Arc<Plane>) -> Response<Body> {
    let mut registry = Registry::default();
    registry
        .sub_registry_with_prefix("parray")
        .register_collector(Box::new(Scrape(Arc::clone(plane))));
    registry.sub_registry_with_prefix("process").register_collector(Box::new(process::Process));
    let mut text = String::with_capacity(8 << 10);
    match encode(&mut text, &registry) {
        Ok(()) => own_page(
            StatusCode::OK,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            text,
        ),
        Err(error) => own_page(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", error.to_string()),
    }
}

/// What a member tells when it is asked: its own counters, read then.
#[derive(Debug)]
struct Scrape(Arc<Plane>);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let plane = &*self.0;
        let mut page = Page { encoder: &mut encoder };
        page.info()?;
        requests(plane, &mut page)?;
        connections(plane, &mut page)?;
        cache(plane, &mut page)?;
        logs_and_users(plane, &mut page)?;
        table(plane, &mut page)
    }
}

fn requests(plane: &Plane, page: &mut Page<'_, '_>) -> fmt::Result {
    let stats = &plane.stats;
    page.counter("requests", "Requests for resources and tunnels of others", &stats.requests)?;
    page.counter(
        "sibling_requests",
        "Of these, passed on by another member",
        &stats.from_siblings,
    )?;
    page.counter(
        "foreign_table_requests",
        "Of these, by a member that routes by another table",
        &stats.foreign_table,
    )?;
    let [informational, success, redirection, client, server] = &stats.responses;
    page.counters(
        "responses",
        "Responses, by the class of their status; pages of the member's own included",
        "class",
        &[
            ("1xx", informational),
            ("2xx", success),
            ("3xx", redirection),
            ("4xx", client),
            ("5xx", server),
        ],
    )?;
    page.durations(
        "response_head",
        "Time from a request's head to that of its response",
        &stats.response_head,
    )?;
    page.counters(
        "upstream_requests",
        "Requests that were taken elsewhere",
        "to",
        &[("origin", &stats.to_origin), ("sibling", &stats.to_siblings)],
    )?;
    page.counter(
        "fallbacks",
        "Siblings that failed, so that the next was asked",
        &stats.fallbacks,
    )?;
    let failures = Cause::WORDS.map(|word| (word, stats.failures.of(word)));
    page.values(
        "failures",
        "Requests that were answered with an error of ours, by its type (RFC 9209)",
        "error",
        &failures,
    )?;
    page.counter(
        "unreadable_requests",
        "Requests that were refused before anything else, because they cannot be read",
        &stats.unreadable,
    )?;
    page.counters(
        "limited",
        "What a client's limits turned away",
        "what",
        &[("requests", &stats.too_often), ("connections", &stats.turned_away)],
    )
}

fn connections(plane: &Plane, page: &mut Page<'_, '_>) -> fmt::Result {
    let stats = &plane.stats;
    if let Some(seats) = stats.seats.get() {
        let (open, most) = seats.taken();
        page.gauge("connections", "Clients' connections, and requests over HTTP/2", None, open)?;
        page.gauge("connections_limit", "How many there may be", None, most)?;
    }
    let ended = stats.tunnels_ended.value();
    let begun = stats.tunnels.value();
    page.count("tunnels_opened", "Tunnels that were opened", begun)?;
    page.gauge("tunnels", "Tunnels that are open", None, begun.saturating_sub(ended))?;
    let down = u64::try_from(plane.health.down()).unwrap_or(u64::MAX);
    page.gauge("siblings_down", "Members that did not answer lately", None, down)
}

fn logs_and_users(plane: &Plane, page: &mut Page<'_, '_>) -> fmt::Result {
    if let Some(log) = &plane.access_log {
        let Counts { lines, dropped, failed } = log.counts();
        page.values(
            "access_log_lines",
            "Lines of the access log: written, dropped since the disk is too slow, lost since it fails",
            "result",
            &[("written", lines), ("dropped", dropped), ("failed", failed)],
        )?;
    }
    if let Some(auth) = &plane.auth {
        let AuthCounts { users, wrong, busy, computed, refused_files } = auth.counts();
        let users = u64::try_from(users).unwrap_or(u64::MAX);
        page.gauge("auth_users", "Users in the file of passwords", None, users)?;
        page.values(
            "auth_refusals",
            "Requests that were refused: a wrong name or password, or too many were being checked",
            "why",
            &[("wrong", wrong), ("busy", busy)],
        )?;
        page.count("auth_computations", "Passwords that were computed", computed)?;
        page.count("auth_refused_files", "Files of users that could not be used", refused_files)?;
    }
    let stats = &plane.stats;
    page.counters(
        "certificates",
        "Changed certificates",
        "result",
        &[("used", &stats.certificates), ("refused", &stats.certificates_refused)],
    )
}

fn cache(plane: &Plane, page: &mut Page<'_, '_>) -> fmt::Result {
    let Some(cache) = &plane.cache else { return Ok(()) };
    let stats = &plane.stats;
    page.counter("cache_hits", "Requests that were answered from what is stored", &stats.hits)?;
    page.counter("cache_stale_hits", "Of these, with what was stale", &stats.stale_hits)?;
    page.counter("cache_misses", "Requests that what is stored could not answer", &stats.misses)?;
    page.counter("cache_validations", "Stored responses that were still good", &stats.validated)?;
    page.counter("cache_collapsed", "Requests that another one's fetch served", &stats.collapsed)?;
    page.counter("cache_stores", "Responses of which the storing has begun", &stats.stored)?;
    let bytes = Some(&Unit::Bytes);
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (used, capacity) = cache.memory_use();
    page.gauge("cache_memory", "What is stored in memory", bytes, used)?;
    page.gauge("cache_memory_capacity", "What may be", bytes, capacity)?;
    page.gauge("cache_memory_urls", "URLs in memory", None, count(cache.memory_len()))?;
    page.gauge(
        "cache_fetches",
        "Fetches under way that others may join",
        None,
        count(cache.flights.len()),
    )?;
    page.gauge("cache_bans", "Bans in force", None, count(cache.bans()))?;
    let Some(disk) = cache.disk() else { return Ok(()) };
    page.gauge(
        "cache_disk",
        "What is stored on disk, as far as it was read in",
        bytes,
        disk.used(),
    )?;
    page.gauge("cache_disk_capacity", "What may be", bytes, disk.capacity())?;
    page.gauge(
        "cache_disk_urls",
        "URLs on disk, as far as they were read in",
        None,
        count(disk.len()),
    )?;
    page.gauge(
        "cache_disk_usable",
        "0 while a failed disk is left alone",
        None,
        u64::from(!disk.is_resting()),
    )
}

fn table(plane: &Plane, page: &mut Page<'_, '_>) -> fmt::Result {
    let stats = &plane.stats;
    page.counter("tables", "Tables that were put to use", &stats.tables)?;
    page.counter("tables_not_kept", "Of these, not kept on disk", &stats.not_kept)?;
    page.counters(
        "polls",
        "Polls that brought no table",
        "result",
        &[
            ("unchanged", &stats.polls_unchanged),
            ("failed", &stats.polls_failed),
            ("empty", &stats.polls_empty),
            ("malformed", &stats.polls_malformed),
            ("too_new", &stats.polls_too_new),
            ("shrunken", &stats.polls_shrunken),
        ],
    )?;
    let snapshot = plane.current.load();
    let Some(site) = snapshot.site() else { return Ok(()) };
    let header = site.table().header();
    let members = u64::try_from(site.table().members().len()).unwrap_or(u64::MAX);
    let listed = snapshot.ready().is_some_and(|ready| ready.me.is_some());
    page.gauge("table_config_id", "ConfigID of the table in use", None, header.config_id.0.into())?;
    page.gauge(
        "table_enabled",
        "0 if members do not route",
        None,
        u64::from(header.array_enabled),
    )?;
    page.gauge("table_members", "Members of the table in use", None, members)?;
    page.gauge("table_listed", "0 if this member is not in it", None, u64::from(listed))
}
