//! Configuration: TOML as people write it, and what the code gets.
//!
//! [`mod@file`] mirrors the TOML; [`MemberConfig`] and [`MasterConfig`] are checked and typed. The
//! command line fills the same mirror, so a flag and a line of the file go one way.

mod access;
mod cache;
pub mod file;
mod master;
mod member;
mod token;

pub use cache::{CacheConfig, CacheFile};
pub use file::ConfigError;
pub use master::MasterConfig;
pub use member::{MemberConfig, MemberLimits, TableSource};
pub use token::Token;
