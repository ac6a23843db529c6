//! How metrics are written.

use std::fmt;

use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use super::durations::Durations;
use crate::member::stats::Counter;

/// Label, value.
pub(super) type Row<'a> = (&'static str, &'a Counter);

/// A page that is being written.
pub(super) struct Page<'a, 'e> {
    pub(super) encoder: &'a mut DescriptorEncoder<'e>,
}

impl Page<'_, '_> {
    pub(super) fn info(&mut self) -> fmt::Result {
        let text = "The version that runs";
        let mut metric = self.encoder.encode_descriptor("build", text, None, MetricType::Info)?;
        metric.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }

    pub(super) fn counter(&mut self, name: &str, help: &str, counter: &Counter) -> fmt::Result {
        self.count(name, help, counter.value())
    }

    pub(super) fn count(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        let metric = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(count).encode(metric)
    }

    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        rows: &[Row<'_>],
    ) -> fmt::Result {
        let rows: Vec<_> = rows.iter().map(|(value, counter)| (*value, counter.value())).collect();
        self.values(name, help, label, &rows)
    }

    /// Values of one name, told apart by a label.
    pub(super) fn values(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        rows: &[(&'static str, u64)],
    ) -> fmt::Result {
        let mut metric = self.encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (value, count) in rows {
            let labels = [(label, *value)];
            ConstCounter::new(*count).encode(metric.encode_family(&labels)?)?;
        }
        Ok(())
    }

    pub(super) fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: u64,
    ) -> fmt::Result {
        let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
        let metric = self.encoder.encode_descriptor(name, help, unit, gauge.metric_type())?;
        gauge.encode(metric)
    }

    pub(super) fn durations(
        &mut self,
        name: &str,
        help: &str,
        durations: &Durations,
    ) -> fmt::Result {
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
