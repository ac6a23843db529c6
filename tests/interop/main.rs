//! Other people's programs, as they come from Debian, beside ours.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic is the report"
)]

#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../array/support/client.rs"]
mod client;
#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../array/support/origin.rs"]
mod origin;
#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../cli/support.rs"]
mod support;
#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../array/support/tls.rs"]
mod tls;

mod access_log;
mod auth;
mod curl;
mod lone;
mod nghttp2;
mod pacparser;
mod squid;
