//! What the system gives this process: open files, memory.

use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::param::page_size;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::system::sysinfo;
use rustix::time::{ClockId, clock_gettime};

use super::read_limited;

/// Lets this process open as many files, sockets included, as the system lets it, and tells how many.
pub fn most_open() -> u64 {
    let given = getrlimit(Resource::Nofile);
    let all = Rlimit { current: given.maximum, maximum: given.maximum };
    match setrlimit(Resource::Nofile, all) {
        Ok(()) => given.maximum.unwrap_or(u64::MAX),
        Err(_refused) => given.current.unwrap_or(u64::MAX),
    }
}

/// Bytes of memory that there are, for all processes of this machine or of this container. Blocks.
pub fn most_memory() -> u64 {
    let info = sysinfo();
    let all = info.totalram.saturating_mul(info.mem_unit.into());
    // Of its own control group, as a container sees it.
    let limit = read_limited(Path::new("/sys/fs/cgroup/memory.max"), 64).ok();
    let limit = limit.and_then(|text| String::from_utf8(text).ok()?.trim().parse().ok());
    limit.map_or(all, |limit: u64| limit.min(all))
}

/// What this process uses.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// User and system time.
    pub cpu: Duration,
    /// Bytes of memory, shared memory included.
    pub resident: u64,
    /// Files that are open, sockets included.
    pub open_files: u64,
    /// How many may be.
    pub most_open_files: u64,
}

/// Asks the system. Blocks for as long as it takes to count the open files.
///
/// # Errors
/// `/proc` is not there.
pub fn usage() -> io::Result<Usage> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let cpu = Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    );
    // In pages: all, resident, …
    let pages = String::from_utf8(read_limited(Path::new("/proc/self/statm"), 1024)?);
    let resident = pages.ok().and_then(|pages| pages.split(' ').nth(1)?.parse::<u64>().ok());
    let page = u64::try_from(page_size()).unwrap_or(u64::MAX);
    // That of the folder itself is gone by then.
    let open_files = std::fs::read_dir("/proc/self/fd")?.count().saturating_sub(1);
    Ok(Usage {
        cpu,
        resident: resident.unwrap_or_default().saturating_mul(page),
        open_files: u64::try_from(open_files).unwrap_or(u64::MAX),
        most_open_files: getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_likely() {
        assert!(most_memory() > 16 << 20);
        let before = usage().unwrap();
        let _open = std::fs::File::open("/dev/null").unwrap();
        let Usage { cpu, resident, open_files, most_open_files } = usage().unwrap();
        assert!(cpu >= before.cpu && resident > 1 << 20 && resident < most_memory());
        assert!(open_files > 3 && open_files <= most_open_files);
    }
}
