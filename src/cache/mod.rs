//! HTTP caching: what may be stored, what answers a request, and where it is kept.
//!
//! RFC 9111 (caching), RFC 9110 (validation, ranges), RFC 9211 (`Cache-Status`), RFC 5861 (stale
//! responses), RFC 8246 (`immutable`). What decides is pure: `control`, `freshness`, `vary`,
//! `storing`, `media_types`, `reuse`, `conditions`, `ranges`, `parts`, `invalidate`. What keeps is in [`store`].

pub mod answer;
pub mod bans;
pub mod conditions;
pub mod control;
pub mod date;
pub mod fill;
pub mod flights;
pub mod freshness;
pub mod invalidate;
pub mod key;
pub mod media_types;
pub mod moment;
pub mod parts;
pub mod ranges;
pub mod reuse;
pub mod status;
pub mod store;
pub mod stored;
pub mod storing;
pub mod targeted;
pub mod vary;

mod keeper;

pub use keeper::{Cache, CacheSettings, DiskSettings, OpenFiles};
