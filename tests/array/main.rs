//! Whole arrays in process, on loopback and port 0; and the rules of the tree.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in a test a panic is the report"
)]

mod architecture;
mod pac_equivalence;
mod support;
