//! What the system says of this process, by the names that Prometheus has for it.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

use crate::files::{Usage, usage};

/// Read when it is asked.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Ok(Usage { cpu, resident, open_files, most_open_files }) = usage() else {
            return Ok(());
        };
        let text = "User and system time of this process";
        let metric =
            encoder.encode_descriptor("cpu", text, Some(&Unit::Seconds), MetricType::Counter)?;
        ConstCounter::new(cpu.as_secs_f64()).encode(metric)?;
        for (name, text, unit, value) in [
            (
                "resident_memory",
                "Memory that it has, shared memory included",
                Some(&Unit::Bytes),
                resident,
            ),
            ("open_fds", "Files that it has open, sockets included", None, open_files),
            ("max_fds", "How many it may have open", None, most_open_files),
        ] {
            let metric = encoder.encode_descriptor(name, text, unit, MetricType::Gauge)?;
            ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX)).encode(metric)?;
        }
        Ok(())
    }
}
