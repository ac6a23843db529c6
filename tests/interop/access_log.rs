//! The access log of a member that curl uses, rotated as logrotate does it.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::client::page;
use crate::lone::{lone_member, signal};
use crate::origin::Origin;
use crate::support::Processes;

/// The lines of a log about a page, once there are `count`.
fn lines_of(path: &Path, page: &str, count: usize) -> Vec<String> {
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<String> =
            text.lines().filter(|line| line.contains(page)).map(str::to_owned).collect();
        if lines.len() >= count {
            return lines;
        }
        std::thread::yield_now();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_log_is_left_alone_after_sigusr1() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let [log, old] = ["access.log", "access.log.1"].map(|name| folder.path().join(name));
    let settings = format!("[access_log]\npath = {:?}", log.display().to_string());
    let (member, proxy) = lone_member(folder.path(), origin.address, &settings);
    let curl = |page: &str| {
        let output = Command::new("curl")
            .args(["-sS", "--max-time", "20", "-A", "tester", "-x", &format!("http://{proxy}")])
            .arg(format!("http://u:secret@a.test{page}"))
            .output();
        assert!(output.unwrap().status.success());
    };
    curl("/first");
    assert_eq!(lines_of(&log, "/first", 1).len(), 1);
    std::fs::rename(&log, &old).unwrap();
    curl("/between");
    signal(&member, "USR1");
    while !log.exists() {
        std::thread::yield_now();
    }
    curl("/after");
    let after = lines_of(&log, "/after", 1);
    let fields: Vec<&str> = after[0].split_ascii_whitespace().collect();
    assert_eq!(fields[2..4], ["127.0.0.1", "TCP_MISS/200"]);
    assert_eq!(fields[4..], ["8", "GET", "http://a.test/after", "-", "HIER_DIRECT/a.test", "-"]);
    assert_eq!(lines_of(&old, "/between", 1).len(), 1);
    assert_eq!(std::fs::read_to_string(&log).unwrap().lines().count(), 1);
    assert!(!std::fs::read_to_string(&old).unwrap().contains("secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigusr1_to_every_parray_of_a_host_ends_none() {
    let origin = Origin::start().await;
    let array = Processes::start(1, origin.address);
    signal(&array.master, "USR1");
    signal(&array.members[0], "USR1");
    let master = array.master_url.trim_start_matches("http://").parse().unwrap();
    for server in [master, array.addresses[0]] {
        assert_eq!(page(server, "/healthz").await.status, 200);
    }
}
