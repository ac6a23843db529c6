//! The disk of a cache fails: requests go on, out of memory and from the origin.

use tempfile::TempDir;

use crate::disasters::SmallDisk;
use crate::pattern::{Got, Patterns, Storing, get};
use crate::support::{run, stdout};

fn on(disk: &SmallDisk, origin: &Patterns) -> Storing {
    let cache = disk.path().join("cache");
    Storing::start_in(TempDir::new().unwrap(), cache, origin.address, "")
}

fn small(count: usize, what: &str) -> Vec<String> {
    (0..count).map(|i| format!("/{}/{what}-{i}", 100_000 + i)).collect()
}

/// Waits until the member has given its disk up, asking for this and that meanwhile.
async fn until_given_up(member: &Storing, what: &str) {
    let mut number = 0;
    while member.statistics().await["disk"]["state"] == "ok" {
        number += 1;
        let path = format!("/1000/{what}-until-{number}");
        assert!(matches!(get(member.address, &path).await, Got::Whole), "{path}");
    }
    assert!(member.log().contains("cache disk failed"), "{}", member.log());
    // The state comes before the line that tells of it.
    while !member.log().contains("cache disk is left alone, memory goes on") {
        member.statistics().await;
    }
    let url = format!("http://{}", member.address);
    let told = stdout(&run(&["cache", "stats", "--member", &url]));
    assert!(told.contains("failed, left alone"), "{told}");
}

/// Everything is served, and out of memory the second time.
async fn goes_on(member: &Storing, what: &str) {
    for path in small(10, what) {
        assert_eq!(get(member.address, &path).await, Got::Whole, "{path}");
        member.settled().await;
        assert_eq!(get(member.address, &path).await, Got::Hit, "{path}");
    }
    let large = format!("/3000001/{what}");
    for _ in 0..2 {
        // Where there never was a disk, memory takes larger ones.
        assert!(matches!(get(member.address, &large).await, Got::Hit | Got::Whole));
        member.settled().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_left_alone_and_memory_goes_on() {
    let origin = Patterns::start().await;
    let disk = SmallDisk::mount_with("size=4m");
    let member = on(&disk, &origin);
    let before = small(60, "before");
    for path in &before {
        assert_eq!(get(member.address, path).await, Got::Whole, "{path}");
    }
    until_given_up(&member, "full").await;
    for path in &before {
        assert_eq!(get(member.address, path).await, Got::Hit, "{path}");
    }
    goes_on(&member, "full").await;
    let unfinished = std::fs::read_dir(member.cache.join("new")).unwrap().count();
    assert_eq!(unfinished, 0, "what could not be finished takes no room");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_written_any_more_is_left_alone() {
    let origin = Patterns::start().await;
    let disk = SmallDisk::mount_with("size=64m");
    let member = on(&disk, &origin);
    for path in small(10, "before") {
        get(member.address, &path).await;
        member.on_disk(&path).await;
    }
    disk.make_read_only();
    until_given_up(&member, "read-only").await;
    for path in small(10, "before") {
        assert_eq!(get(member.address, &path).await, Got::Hit, "{path}");
    }
    goes_on(&member, "read-only").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_taken_away_costs_no_request() {
    let origin = Patterns::start().await;
    let disk = SmallDisk::mount_with("size=64m");
    let member = on(&disk, &origin);
    for path in small(10, "before") {
        get(member.address, &path).await;
        member.on_disk(&path).await;
    }
    disk.take_away();
    until_given_up(&member, "gone").await;
    goes_on(&member, "gone").await;
    for path in small(10, "before") {
        assert!(matches!(get(member.address, &path).await, Got::Hit | Got::Whole), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_cannot_be_written_at_the_start_is_done_without() {
    let origin = Patterns::start().await;
    let disk = SmallDisk::mount_with("size=64m,ro");
    let member = on(&disk, &origin);
    goes_on(&member, "start").await;
    assert!(member.log().contains("cache disk cannot be used, memory goes on"), "{}", member.log());
    assert!(member.statistics().await["disk"].is_null());
}
