//! What the tests of this suite share.

pub(crate) mod array;
pub(crate) mod client;
pub(crate) mod load;
pub(crate) mod node;
pub(crate) mod origin;
pub(crate) mod tables;
