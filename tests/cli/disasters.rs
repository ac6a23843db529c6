//! A member is killed, the disk is full, the master is gone: requests go on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::client::{get, page};
use crate::load::{Plan, run};
use crate::origin::Origin;
use crate::support::{Processes, run as parray, stderr};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_member_costs_no_get() {
    let origin = Origin::start().await;
    let mut array = Processes::start(4, origin.address);
    let mut killed = array.members.pop().unwrap();
    let plan = Plan { rate: 400, length: Duration::from_secs(4), connections: 18 };
    let survivors = &array.addresses[..3];
    let load = run(survivors, plan);
    let kill = async {
        // Well into the load: the 300th request has arrived.
        while origin.arrived().len() < 300 {
            tokio::task::yield_now().await;
        }
        killed.kill();
    };
    let (outcome, ()) = tokio::join!(load, kill);
    assert_eq!((outcome.failed, outcome.closed), (0, 0), "{outcome:?}");
    let served_by_killed = origin
        .arrived()
        .iter()
        .filter(|request| request.via().last().is_some_and(|via| via == "m4"))
        .count();
    assert!(served_by_killed > 0, "the killed member served nothing before");
}

/// A small file system; unmounted when it is dropped.
pub(crate) struct SmallDisk(TempDir);

impl SmallDisk {
    /// A file system of a few KiB.
    fn mount() -> Self {
        Self::mount_with("size=128k")
    }

    /// One with these options.
    pub(crate) fn mount_with(options: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(mounted.success(), "this test mounts a small tmpfs, which needs root");
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Lets nobody open a file to write any more.
    pub(crate) fn make_read_only(&self) {
        let path = self.path().display().to_string();
        for arguments in
            [["--bind", path.as_str(), path.as_str()], ["-o", "remount,bind,ro", path.as_str()]]
        {
            assert!(Command::new("mount").args(arguments).status().unwrap().success());
        }
    }

    /// Takes it away, whoever uses it.
    pub(crate) fn take_away(&self) {
        assert!(Command::new("umount").arg("-l").arg(self.path()).status().unwrap().success());
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    fn fill(&self) {
        let full = std::fs::write(self.ballast(), vec![0; 1 << 20]);
        assert!(full.is_err(), "the disk took a mebibyte");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It may have been taken away, or mounted over itself.
        for _ in 0..2 {
            Command::new("umount").arg("-lq").arg(self.path()).status().ok();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_edits_and_costs_no_request() {
    let origin = Origin::start().await;
    let disk = SmallDisk::mount();
    let array = Processes::start_in(TempDir::new_in(disk.path()).unwrap(), 2, origin.address, &[]);
    let before = std::fs::read_to_string(array.table_file()).unwrap();
    disk.fill();
    let refused =
        parray(&["pat", "set", "--master", &array.master_url, "m1", "--load-factor", "7"]);
    assert_eq!(refused.status.code(), Some(74), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("table file cannot be written"), "{}", stderr(&refused));
    assert_eq!(std::fs::read_to_string(array.table_file()).unwrap(), before);
    for (i, address) in array.addresses.iter().cycle().take(10).enumerate() {
        assert_eq!(get(*address, &format!("http://a.test/{i}")).await.status, 200);
    }
    std::fs::remove_file(disk.ballast()).unwrap();
    let taken = parray(&["pat", "set", "--master", &array.master_url, "m1", "--load-factor", "7"]);
    assert!(taken.status.success(), "{}", stderr(&taken));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_on_a_full_disk_takes_new_tables_all_the_same() {
    let origin = Origin::start().await;
    let disk = SmallDisk::mount();
    let array = Processes::start(1, origin.address);
    let state = disk.path().join("m1");
    std::fs::create_dir(&state).unwrap();
    disk.fill();
    let listen = format!("127.0.0.1:{}", crate::support::free_ports(1));
    let mut command = crate::support::parray();
    command.args([
        "member",
        "--log",
        "error",
        "--name",
        "m9",
        "--listen",
        &listen,
        "--master",
        &array.master_url,
    ]);
    let (_member, _line) = crate::support::Running::start(command.arg("--state").arg(&state));
    let mut health = String::new();
    while !health.contains("\"not_kept\":1") {
        health = page(listen.parse().unwrap(), "/healthz").await.body;
    }
    assert!(health.contains("\"status\":\"ok\""), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_outlive_their_master_and_its_corrupted_table() {
    let origin = Origin::start().await;
    let mut array = Processes::start(3, origin.address);
    let urls: Vec<String> = (0..30).map(|i| format!("http://a.test/{i}")).collect();
    let owners = array.owners(&urls);
    // Every member has the table once it has passed something on.
    for address in &array.addresses {
        let mut table = page(*address, "/pat").await;
        while table.status != 200 {
            table = page(*address, "/pat").await;
        }
    }
    std::fs::write(array.table_file(), b"\xff\xfe garbage").unwrap();
    array.master.kill();
    for (i, (url, owner)) in urls.iter().zip(&owners).enumerate() {
        assert_eq!(get(array.addresses[i % 3], url).await.status, 200);
        assert_eq!(origin.last(&format!("/{i}")).via().last(), Some(owner));
    }
    let restarted = parray(&["master", "--check", "--table", &array.table_file()]);
    assert_eq!(restarted.status.code(), Some(65));
    assert!(
        stderr(&restarted).contains("text must be UTF-8, found byte 0xff"),
        "{}",
        stderr(&restarted)
    );
}
