//! The engine of a proxy array.

pub mod blame;
pub mod config;
pub mod files;
pub mod master;
pub mod member;
pub mod net;
pub mod pac;
pub mod route;
pub mod site;
pub mod units;
