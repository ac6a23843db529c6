//! What the tests of this suite share.

pub(crate) mod node;
pub(crate) mod tables;
