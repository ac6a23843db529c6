//! What the tests of this suite share.

pub(crate) mod array;
pub(crate) mod caching;
pub(crate) mod client;
pub(crate) mod h2;
pub(crate) mod load;
pub(crate) mod node;
pub(crate) mod origin;
pub(crate) mod pages;
pub(crate) mod tables;
#[expect(dead_code, reason = "this suite uses a part of it")]
pub(crate) mod tls;
