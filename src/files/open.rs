//! How many files may be open at a time.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process open as many files, sockets included, as the system lets it, and tells how many.
pub fn most_open() -> u64 {
    let given = getrlimit(Resource::Nofile);
    let all = Rlimit { current: given.maximum, maximum: given.maximum };
    match setrlimit(Resource::Nofile, all) {
        Ok(()) => given.maximum.unwrap_or(u64::MAX),
        Err(_refused) => given.current.unwrap_or(u64::MAX),
    }
}
