//! Files of state: replaced whole, and watched.

mod replace;
mod watch;

pub use replace::replace;
pub use watch::{FileWatch, read_limited};
