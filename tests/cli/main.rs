//! The command, as people and scripts run it.
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
#[path = "../array/support/h2.rs"]
mod h2;
#[path = "../array/support/load.rs"]
mod load;
#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../array/support/origin.rs"]
mod origin;
#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../array/support/tls.rs"]
mod tls;

mod cache;
mod check;
mod disasters;
mod floods;
mod help;
mod memory;
mod pac;
mod pac_check;
mod pac_corpus;
mod pac_diff;
mod pac_eval;
mod pac_helpers;
mod pac_test;
mod pac_verify;
mod pat;
mod pattern;
mod route;
mod store;
mod store_disk;
mod store_memory;
mod support;
mod up;
