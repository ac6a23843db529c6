//! One member with settings of a test's own.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::support::{Running, parray, run};

/// A member by itself, the only one of its table, with further settings; `*.test` leads to an origin.
pub(crate) fn lone_member(
    folder: &Path,
    origin: SocketAddr,
    settings: &str,
) -> (Running, SocketAddr) {
    let [table, config] = ["lone.pat", "lone.toml"].map(|name| folder.join(name));
    let shown = table.display().to_string();
    assert!(run(&["pat", "init", "--file", &shown, "--array-name", "lone"]).status.success());
    // Its name only: requests from loopback are those of clients.
    assert!(run(&["pat", "add", "--file", &shown, "m1:3128"]).status.success());
    let text = format!(
        "name = \"m1\"\nlisten = \"127.0.0.1:0\"\ntable = {shown:?}\n{settings}\n[hosts]\n\"*.test\" = \"{origin}\"\n"
    );
    std::fs::write(&config, text).unwrap();
    let mut command = parray();
    let (member, line) =
        Running::start(command.args(["member", "--log", "error", "--config"]).arg(&config));
    let address = line.trim_start_matches("member m1 listens on ").parse().unwrap();
    (member, address)
}

/// Sends a signal by its name.
pub(crate) fn signal(process: &Running, name: &str) {
    let id = process.0.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
}
