//! Files of state: replaced whole, and watched; files that are in memory only; and how many may be open.

mod memory_file;
mod open;
mod replace;
mod watch;

pub use memory_file::{MemoryFile, MemoryFiles, Span, WORTH_A_FILE};
pub use open::most_open;
pub use replace::replace;
pub use watch::{FileWatch, read_limited};
