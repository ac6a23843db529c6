//! Bodies that follow from their URLs, so that no wrong byte goes unseen: an origin that serves them,
//! a member that stores them, and a client that checks them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::origin::{Arrived, read_lines};
use crate::support::{Running, parray, run, stderr};

/// Numbers that look random, the same for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }
}

/// The body of `/<bytes>/<anything>`.
pub(crate) fn body(path: &str) -> Vec<u8> {
    let length: usize = path.split('/').nth(1).unwrap().parse().unwrap();
    let mut numbers = Numbers(
        path.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte))),
    );
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&numbers.next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// An origin of such bodies, fresh for a day; stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Patterns {
    pub(crate) address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Patterns {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream));
            }
        });
        Self { address, _serving: serving }
    }
}

async fn serve(stream: TcpStream) {
    let mut stream = BufStream::new(stream);
    while let Some(head) = read_lines(&mut stream).await {
        let path = Arrived { head, ..Arrived::default() }.path().to_owned();
        let bytes = body(&path);
        let head = format!(
            "HTTP/1.1 200 OK\r\nCache-Control: max-age=86400\r\nX-Path: {path}\r\nContent-Length: {}\r\n\r\n",
            bytes.len()
        );
        if stream.write_all(head.as_bytes()).await.is_err()
            || stream.write_all(&bytes).await.is_err()
            || stream.flush().await.is_err()
        {
            return;
        }
    }
}

/// What a client got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Got {
    /// All of it, out of what is stored.
    Hit,
    /// All of it, from the origin.
    Whole,
    /// A part: the connection ended.
    CutOff,
    /// No head.
    Nothing,
}

/// Asks a member for a path of `a.test`.
///
/// # Panics
/// If one byte of the answer is wrong.
pub(crate) async fn get(member: SocketAddr, path: &str) -> Got {
    let Ok(mut stream) = TcpStream::connect(member).await else { return Got::Nothing };
    let request =
        format!("GET http://a.test{path} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
    let mut all = Vec::new();
    if stream.write_all(request.as_bytes()).await.is_err() {
        return Got::Nothing;
    }
    stream.read_to_end(&mut all).await.ok(); // a reset is an end, too
    check(path, &all)
}

/// Compares an answer with what it must be.
pub(crate) fn check(path: &str, all: &[u8]) -> Got {
    let Some(end) = all.windows(4).position(|end| end == b"\r\n\r\n") else { return Got::Nothing };
    let head = std::str::from_utf8(&all[..end]).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200"), "{path}: {head}");
    assert!(head.contains(&format!("x-path: {path}\r\n")), "{path} got {head}");
    let (wanted, got) = (body(path), &all[end + 4..]);
    assert!(wanted.starts_with(got), "{path}: wrong bytes among {} of {head}", got.len());
    if got.len() < wanted.len() {
        return Got::CutOff;
    }
    if head.contains("cache-status: m1; hit") { Got::Hit } else { Got::Whole }
}

/// A member m1 that stores, alone in its table.
#[derive(Debug)]
pub(crate) struct Storing {
    folder: TempDir,
    pub(crate) cache: PathBuf,
    origin: SocketAddr,
    settings: String,
    pub(crate) running: Running,
    pub(crate) address: SocketAddr,
}

impl Storing {
    /// One that stores in a folder of its own.
    pub(crate) fn start(origin: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        let cache = folder.path().join("cache");
        Self::start_in(folder, cache, origin, "")
    }

    /// One that stores in `cache`, with more lines of that section.
    pub(crate) fn start_in(
        folder: TempDir,
        cache: PathBuf,
        origin: SocketAddr,
        more: &str,
    ) -> Self {
        let table = folder.path().join("parray.pat").display().to_string();
        for command in [
            vec!["pat", "init", "--file", &table, "--array-name", "lone"],
            vec!["pat", "add", "--file", &table, "m1:8080", "--ip", "127.0.0.1"],
        ] {
            let output = run(&command);
            assert!(output.status.success(), "{}", stderr(&output));
        }
        let settings = settings(&cache, more);
        let (running, address) = start(folder.path(), origin, &settings);
        Self { folder, cache, origin, settings, running, address }
    }

    /// SIGKILL, and a new process on the same folder.
    pub(crate) fn restart(&mut self) {
        self.running.kill();
        self.start_again();
    }

    /// A new process on the same folder, after the old one was killed.
    pub(crate) fn start_again(&mut self) {
        (self.running, self.address) = start(self.folder.path(), self.origin, &self.settings);
    }

    /// Other lines of the section, from the next start on.
    pub(crate) fn set(&mut self, more: &str) {
        self.settings = settings(&self.cache, more);
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// What it says of its cache.
    pub(crate) async fn statistics(&self) -> serde_json::Value {
        let page = crate::client::page(self.address, "/api/v1/cache").await;
        serde_json::from_str(&page.body).unwrap()
    }

    /// Waits until nothing is being fetched.
    pub(crate) async fn settled(&self) {
        while self.statistics().await["fetches"] != 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until what is stored for a path is on disk, too.
    pub(crate) async fn on_disk(&self, path: &str) {
        let document = serde_json::json!({ "url": format!("http://a.test{path}") }).to_string();
        let request = format!(
            "POST /api/v1/cache/look HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{document}",
            document.len()
        );
        loop {
            let reply = crate::client::exchange(self.address, &request).await;
            let found: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
            if found["stored"][0]["place"].as_str().is_some_and(|place| place.contains("disk")) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// The files of stored responses.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let folders = std::fs::read_dir(&self.cache).unwrap().map(|entry| entry.unwrap().path());
        let of_responses = folders.filter(|path| path.is_dir() && !path.ends_with("new"));
        let mut files: Vec<PathBuf> = of_responses
            .flat_map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()))
            .collect();
        files.sort();
        files
    }
}

fn settings(cache: &Path, more: &str) -> String {
    format!("folder = {:?}\n{more}", cache.display().to_string())
}

fn start(folder: &Path, origin: SocketAddr, settings: &str) -> (Running, SocketAddr) {
    let config = folder.join("member.toml");
    let text = format!(
        "name = \"m1\"\nlisten = \"127.0.0.1:0\"\ntable = {:?}\n\
         [hosts]\n\"*.test\" = \"{origin}\"\n[cache]\n{settings}",
        folder.join("parray.pat").display().to_string()
    );
    std::fs::write(&config, text).unwrap();
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let mut command = parray();
    command.args(["member", "--log", "warn", "--config"]).arg(&config).stderr(log);
    let (running, line) = Running::start(&mut command);
    (running, line.trim_start_matches("member m1 listens on ").parse().unwrap())
}
