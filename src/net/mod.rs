//! HTTP that both planes need: serve, connect, pool, bodies, tunnels, headers.
//!
//! HTTP/1.1 is ours, towards clients ([`serve`]) and towards servers ([`client`]), in the grammar of [`message`];
//! HTTP/2 is hyper's.

mod begun;
pub mod body;
pub mod client;
pub mod destination;
pub(crate) mod doze;
pub mod etag;
pub mod fetch;
pub mod frames;
pub mod guarded_frames;
pub mod headers;
pub mod interim;
pub mod joined;
pub mod message;
pub mod networks;
pub(crate) mod pipe;
pub mod pool;
pub mod published;
mod quota;
mod reads;
pub mod request_body;
pub mod resolve;
pub mod serve;
pub mod shared_body;
mod socket;
pub mod stall;
pub mod switch;
pub mod target;
pub mod tls;
pub mod translate;
pub mod tunnel;
mod turn;
pub mod workers;
