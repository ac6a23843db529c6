//! Messages of HTTP/1.1, from bytes and to bytes: pure.
//!
//! RFC 9112. The grammar of heads is httparse's; where a message ends, and what is refused rather than
//! guessed, is decided here. Nothing here knows a socket.

pub mod decode;
pub mod encode;
mod lines;
pub mod request;
pub mod response;
