//! The engine of a proxy array.

pub mod pac;
pub mod route;
