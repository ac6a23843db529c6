//! Files of state: replaced whole, and watched; and how many may be open.

mod open;
mod replace;
mod watch;

pub use open::most_open;
pub use replace::replace;
pub use watch::{FileWatch, read_limited};
