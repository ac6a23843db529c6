//! The engine of a proxy array.

pub mod route;
