//! The engine of a proxy array.
#![cfg_attr(
    test,
    expect(
        clippy::unwrap_in_result,
        clippy::panic_in_result_fn,
        clippy::wildcard_enum_match_arm,
        clippy::float_cmp,
        reason = "in a test a panic is the report, and numbers are golden"
    )
)]

pub mod access;
pub mod access_log;
pub mod auth;
pub mod blame;
pub mod cache;
pub mod config;
pub mod files;
pub mod master;
pub mod member;
pub mod net;
pub mod pac;
pub mod route;
pub mod site;
pub mod units;
