//! HTTP that both planes need: serve, connect, pool, bodies, headers.
//!
//! Towards clients parsing and framing are hyper's; [`framing`] refuses beforehand what hyper would
//! forgive. Towards servers they are [`client`]'s.

pub mod body;
pub mod client;
pub mod destination;
mod doze;
pub mod etag;
pub mod fetch;
pub mod frames;
pub mod framing;
pub mod guarded;
pub mod guarded_frames;
pub mod headers;
pub mod interim;
pub mod joined;
pub mod networks;
pub mod pool;
pub mod published;
mod quota;
pub mod resolve;
pub mod serve;
pub mod target;
pub mod tls;
pub mod translate;
mod turn;
pub mod workers;
