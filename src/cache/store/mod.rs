//! Where responses are kept: memory in front, a disk behind.

pub mod codec;
pub mod disk;
pub mod growing;
pub mod memory;
pub mod reader;
pub mod record;
