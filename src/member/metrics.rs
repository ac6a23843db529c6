//! `/metrics`, in the text format of `OpenMetrics` 1.0, which Prometheus reads.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::{Response, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::Plane;
use super::stats::Counter;
use crate::net::body::Body;
use crate::site::{HasSite, own_page};

/// The page.
pub(super) fn page(plane: &Arc<Plane>) -> Response<Body> {
    let mut registry = Registry::with_prefix("parray");
    registry.register_collector(Box::new(Scrape(Arc::clone(plane))));
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

/// Upper ends of the buckets of [`Durations`], in seconds.
const BUCKETS: [f64; 12] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, f64::INFINITY];

/// How long things took: a histogram whose counts nobody waits for.
#[derive(Debug, Default)]
pub(super) struct Durations {
    counts: [AtomicU64; BUCKETS.len()],
    microseconds: AtomicU64,
}

impl Durations {
    pub(super) fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BUCKETS.iter().position(|end| seconds <= *end);
        if let Some(count) = bucket.and_then(|bucket| self.counts.get(bucket)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(micros, Ordering::Relaxed);
    }

    /// Sum in seconds, count, and counts by bucket.
    fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = BUCKETS.into_iter().zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = Duration::from_micros(self.microseconds.load(Ordering::Relaxed)).as_secs_f64();
        (sum, count, buckets)
    }
}

/// What a member tells when it is asked: its own counters, read then.
#[derive(Debug)]
struct Scrape(Arc<Plane>);

/// Label, value.
type Row<'a> = (&'static str, &'a Counter);

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let plane = &*self.0;
        let mut page = Page { encoder: &mut encoder };
        page.info()?;
        requests(plane, &mut page)?;
        cache(plane, &mut page)?;
        table(plane, &mut page)
    }
}

struct Page<'a, 'e> {
    encoder: &'a mut DescriptorEncoder<'e>,
}

impl Page<'_, '_> {
    fn info(&mut self) -> fmt::Result {
        let text = "The version that runs";
        let mut metric = self.encoder.encode_descriptor("build", text, None, MetricType::Info)?;
        metric.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }

    fn counter(&mut self, name: &str, help: &str, counter: &Counter) -> fmt::Result {
        let counter = ConstCounter::new(counter.value());
        let metric = self.encoder.encode_descriptor(name, help, None, counter.metric_type())?;
        counter.encode(metric)
    }

    fn counters(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        rows: &[Row<'_>],
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (value, counter) in rows {
            let labels = [(label, *value)];
            ConstCounter::new(counter.value()).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauge(&mut self, name: &str, help: &str, unit: Option<&Unit>, value: u64) -> fmt::Result {
        let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
        let metric = self.encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
        gauge.encode(metric)
    }

    fn durations(&mut self, name: &str, help: &str, durations: &Durations) -> fmt::Result {
        let (sum, count, buckets) = durations.read();
        let mut metric = self.encoder.encode_descriptor(
            name,
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        metric.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
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
    page.counter("failures", "Requests that were answered with an error of ours", &stats.failures)?;
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

fn cache(plane: &Plane, page: &mut Page<'_, '_>) -> fmt::Result {
    let Some(cache) = &plane.cache else { return Ok(()) };
    let stats = &plane.stats;
    page.counter("cache_hits", "Requests that were answered from what is stored", &stats.hits)?;
    page.counter("cache_stale_hits", "Of these, with what was stale", &stats.stale_hits)?;
    page.counter("cache_misses", "Requests that what is stored could not answer", &stats.misses)?;
    page.counter("cache_validations", "Stored responses that were still good", &stats.validated)?;
    page.counter("cache_collapsed", "Requests that another one's fetch served", &stats.collapsed)?;
    page.counter("cache_stores", "Responses that were stored", &stats.stored)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_fall_into_the_first_bucket_that_holds_them() {
        let durations = Durations::default();
        for micros in [0, 500, 501, 3_000_000_000] {
            durations.observe(Duration::from_micros(micros));
        }
        let (sum, count, buckets) = durations.read();
        assert_eq!((sum, count), (3_000.001_001, 4));
        let counts: Vec<u64> = buckets.iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}
