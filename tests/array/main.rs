//! Whole arrays in process, on loopback and port 0; and the rules of the tree.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "in a test a panic is the report"
)]

mod access;
mod access_log;
mod architecture;
mod auth;
mod caching;
mod caching_collapse;
mod caching_cut_off;
mod caching_large;
mod caching_parts;
mod caching_purge;
mod caching_ranges;
mod caching_rules;
mod caching_settings;
mod caching_updates;
mod caching_validation;
mod caching_writes;
mod failover;
mod following;
mod hot_reload;
mod http;
mod http2;
mod http2_frames;
mod http2_limits;
mod http2_malformed;
mod interim;
mod limits;
mod long_bodies;
mod master;
mod metrics;
mod pac_check;
mod pac_equivalence;
mod refusals;
mod routing;
mod support;
mod tls;
