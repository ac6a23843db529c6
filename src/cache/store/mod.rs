//! Where responses are kept: memory in front, a disk behind.

pub mod codec;
pub mod disk;
mod folder;
pub mod growing;
mod index;
pub mod memory;
mod names;
mod patience;
pub mod reader;
pub mod record;
