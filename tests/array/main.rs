//! Whole arrays in process, on loopback and port 0; and the rules of the tree.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic is the report"
)]

mod access;
mod access_log;
mod architecture;
mod auth;
mod caching_rules;
mod failover;
mod following;
mod hot_reload;
mod http;
mod http2;
mod http2_limits;
mod http2_malformed;
mod limits;
mod master;
mod pac_equivalence;
mod refusals;
mod routing;
mod support;
mod tls;
