//! Sets of ports.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// One port, or all from the first to the last; never port 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// All ports.
    pub const ALL: Self = Self { first: 1, last: u16::MAX };

    /// Ports that any program may listen on, as Squid's `Safe_ports` have them.
    pub const UNPRIVILEGED: Self = Self { first: 1025, last: u16::MAX };

    fn parse(text: &str) -> Option<Self> {
        let port = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|port| digits && *port > 0)
        };
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = Self { first: port(first.trim())?, last: port(last.trim())? };
        (range.first <= range.last).then_some(range)
    }
}

impl From<u16> for PortRange {
    fn from(port: u16) -> Self {
        Self { first: port, last: port }
    }
}

impl<'de> Deserialize<'de> for PortRange {
    /// A number, or a text like `1025-65535`.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Port;
        impl Visitor<'_> for Port {
            type Value = PortRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a port from 1 to 65535, or a range like \"1025-65535\"")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<PortRange, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<PortRange, E> {
                PortRange::parse(text)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        from.deserialize_any(Port)
    }
}

/// A set of ports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ports {
    /// Sorted, with gaps between them.
    ranges: Vec<PortRange>,
}

impl Ports {
    /// Whether a port is among them.
    pub fn contain(&self, port: u16) -> bool {
        let after = self.ranges.partition_point(|range| range.first <= port);
        self.ranges.get(..after).and_then(<[_]>::last).is_some_and(|range| port <= range.last)
    }
}

impl FromIterator<PortRange> for Ports {
    fn from_iter<T: IntoIterator<Item = PortRange>>(ranges: T) -> Self {
        let mut all: Vec<PortRange> = ranges.into_iter().collect();
        all.sort_unstable();
        let mut ranges: Vec<PortRange> = Vec::new();
        for range in all {
            match ranges.last_mut() {
                Some(before) if range.first <= before.last.saturating_add(1) => {
                    before.last = before.last.max(range.last);
                }
                _ => ranges.push(range),
            }
        }
        Self { ranges }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct File {
        ports: Vec<PortRange>,
    }

    #[test]
    fn ports_are_numbers_and_ranges() {
        let file: File =
            toml::from_str("ports = [80, \"443\", \"1025-65535\", \"100 - 200\", 150, 201]")
                .unwrap();
        let ports: Ports = file.ports.into_iter().collect();
        assert_eq!(ports.ranges.len(), 4);
        for (port, open) in [
            (80, true),
            (81, false),
            (150, true),
            (201, true),
            (202, false),
            (443, true),
            (1024, false),
            (65535, true),
            (0, false),
        ] {
            assert_eq!(ports.contain(port), open, "{port}");
        }
        assert!(!Ports::default().contain(80));
        assert!([PortRange::ALL].into_iter().collect::<Ports>().contain(1));
    }

    #[test]
    fn what_is_no_port_is_refused() {
        for text in
            ["0", "65536", "-1", "\"\"", "\"9-1\"", "\"0-5\"", "\"1-\"", "\"+80\"", "true", "1.5"]
        {
            assert!(toml::from_str::<File>(&format!("ports = [{text}]")).is_err(), "{text}");
        }
    }
}
