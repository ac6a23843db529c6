//! The crate `pat` from outside: reading, writing, checking, editing and comparing tables.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod check;
mod csv;
mod diff;
mod edit;
mod errors;
mod golden;
mod patch;
mod roundtrip;
mod support;
mod values;
