//! Files of state: replaced whole, and watched; files that are in memory only; and what the system gives.

mod given;
mod memory_file;
mod replace;
mod watch;

pub use given::{Usage, most_memory, most_open, usage};
pub use memory_file::{MemoryFile, MemoryFiles, Span, WORTH_A_FILE};
pub use replace::replace;
pub use watch::{FileWatch, read_limited};
