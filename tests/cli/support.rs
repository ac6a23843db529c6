//! Real processes of the real binary.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use tempfile::TempDir;

/// The binary.
pub(crate) fn parray() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parray"));
    command.env_remove("PARRAY_LOG").env_remove("PARRAY_CONFIG").env_remove("PARRAY_DIR");
    command
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    parray().args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// What it printed.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What it complained of.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A process that is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts a server and waits for its first line, which tells where it listens.
    pub(crate) fn start(command: &mut Command) -> (Self, String) {
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self(child), line.trim().to_owned())
    }

    /// Most memory that it ever had in use, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok(); // it may have ended
        self.0.wait().ok();
    }
}

/// So many ports in a row that nobody uses just now, and that no connection is given for its own end.
pub(crate) fn free_ports(count: u16) -> u16 {
    static ASKED: AtomicU16 = AtomicU16::new(0);
    // Tests run in many processes at once: each begins somewhere else.
    let begin =
        std::process::id().wrapping_mul(97).wrapping_add(ASKED.fetch_add(131, Relaxed).into());
    let ports = (begin..).map(|number| 10_000 + u16::try_from(number % 20_000).unwrap());
    let free = |first: u16| {
        let mut all = (first..first + count).map(|port| TcpListener::bind(("127.0.0.1", port)));
        all.all(|bound| bound.is_ok())
    };
    ports.into_iter().find(|first| free(*first)).unwrap()
}

/// An array of processes: a master and members m1, m2, …; `*.test` leads to an origin.
#[derive(Debug)]
pub(crate) struct Processes {
    pub(crate) folder: TempDir,
    pub(crate) master_url: String,
    pub(crate) master: Running,
    pub(crate) members: Vec<Running>,
    pub(crate) addresses: Vec<SocketAddr>,
}

impl Processes {
    pub(crate) fn start(count: u16, origin: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        Self::start_in(folder, count, origin, &[])
    }

    /// The same with more lines in the members' settings.
    pub(crate) fn start_with(count: u16, origin: SocketAddr, settings: &str) -> Self {
        Self::start_all(TempDir::new().unwrap(), count, origin, &[], settings)
    }

    /// The same in a folder of the caller's, with further flags of the master.
    pub(crate) fn start_in(
        folder: TempDir,
        count: u16,
        origin: SocketAddr,
        flags: &[&str],
    ) -> Self {
        Self::start_all(folder, count, origin, flags, "")
    }

    /// All of that at once.
    pub(crate) fn start_all(
        folder: TempDir,
        count: u16,
        origin: SocketAddr,
        flags: &[&str],
        settings: &str,
    ) -> Self {
        let table = folder.path().join("parray.pat");
        let first = free_ports(count);
        write_table(&table, first, count);
        let mut command = parray();
        command
            .args([
                "master",
                "--log",
                "warn",
                "--listen",
                "127.0.0.1:0",
                "--address",
                "ip",
                "--table",
            ])
            .arg(&table)
            .args(flags);
        let (master, line) = Running::start(&mut command);
        let master_url = line.trim_start_matches("master listens on ").to_owned();
        let mut array =
            Self { folder, master_url, master, members: Vec::new(), addresses: Vec::new() };
        for i in 0..count {
            let address = SocketAddr::from(([127, 0, 0, 1], first + i));
            let state = array.folder.path().join(format!("m{}", i + 1));
            std::fs::create_dir_all(&state).unwrap();
            let member = array.start_member(&state, address, origin, settings);
            array.members.push(member);
            array.addresses.push(address);
        }
        array
    }

    fn start_member(
        &self,
        state: &Path,
        address: SocketAddr,
        origin: SocketAddr,
        more: &str,
    ) -> Running {
        let name = state.file_name().unwrap().to_str().unwrap();
        let config = state.with_extension("toml");
        let settings = format!(
            "name = \"{name}\"\nlisten = \"{address}\"\nmaster = \"{}\"\nstate = {:?}\n\
             [hosts]\n\"*.test\" = \"{origin}\"\n[access]\nconnect_ports = [443, {}]\n{more}",
            self.master_url,
            state.display().to_string(),
            origin.port(),
        );
        std::fs::write(&config, settings).unwrap();
        let (member, line) =
            Running::start(parray().args(["member", "--log", "warn", "--config"]).arg(&config));
        assert!(line.starts_with(&format!("member {name} listens on ")), "{line}");
        member
    }

    pub(crate) fn table_file(&self) -> String {
        self.folder.path().join("parray.pat").display().to_string()
    }

    /// Which member owns each URL, by `parray route`.
    pub(crate) fn owners(&self, urls: &[String]) -> Vec<String> {
        let mut arguments = vec!["route", "--json", "--table", self.master_url.as_str()];
        arguments.extend(urls.iter().map(String::as_str));
        let output = run(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let owner = |line: &str| {
            let explained: serde_json::Value = serde_json::from_str(line).unwrap();
            explained["ranking"][0]["name"].as_str().unwrap().to_owned()
        };
        stdout(&output).lines().map(owner).collect()
    }
}

fn write_table(path: &Path, first: u16, count: u16) {
    let shown = path.display().to_string();
    assert!(run(&["pat", "init", "--file", &shown, "--array-name", "processes"]).status.success());
    for i in 0..count {
        let member = format!("m{}:{}", i + 1, first + i);
        let output = run(&["pat", "add", "--file", &shown, &member, "--ip", "127.0.0.1"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
}
