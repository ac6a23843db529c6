//! A member keeps the last good table, whatever its master says or does not say.

use std::net::SocketAddr;

use parray::config::{MemberConfig, file};
use parray::member::Member;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::array::{Array, settings};
use crate::support::client::{get, page};
use crate::support::origin::Origin;

const TABLE: &str = include_str!("../data/tables/campus.pat");

/// A server that gives one prepared answer a request, in order.
struct Scripted {
    address: SocketAddr,
    answers: mpsc::UnboundedSender<String>,
    _serving: JoinSet<()>,
}

impl Scripted {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (answers, mut script) = mpsc::unbounded_channel::<String>();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                if stream.read(&mut request).await.unwrap_or(0) == 0 {
                    continue;
                }
                let Some(answer) = script.recv().await else {
                    return;
                };
                stream.write_all(answer.as_bytes()).await.ok();
            }
        });
        Self { address, answers, _serving: serving }
    }

    fn answer(&self, status: &str, body: &str) {
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close", body.len());
        self.answers.send(format!("{head}\r\n\r\n{body}")).unwrap();
    }
}

struct Running {
    member: Member,
    address: SocketAddr,
    _stop: tokio_util::sync::DropGuard,
    _planes: JoinSet<()>,
}

async fn start(settings: file::MemberFile) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let member = Member::new(MemberConfig::try_from(settings).unwrap(), stop.clone());
    let mut running = JoinSet::new();
    running.spawn(member.clone().run(listener));
    Running { member, address, _stop: stop.drop_guard(), _planes: running }
}

/// Polls again and again until the member's health says this.
async fn until(running: &Running, word: &str) -> String {
    loop {
        running.member.poll_now();
        let health = page(running.address, "/healthz").await.body;
        if health.contains(word) {
            return health;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_answers_are_counted_and_the_last_good_table_stays() {
    let master = Scripted::start().await;
    let mut config = settings("p1.campus.example.org", master.address);
    config.master = Some(format!("http://{}", master.address));
    let member = start(config).await;
    assert_eq!(page(member.address, "/pat").await.status, 503);
    master.answer("200 OK", TABLE);
    until(&member, "\"config_id\":7").await;
    let broken = TABLE.replace("UP 100", "UP -3");
    let newer = TABLE.replace("/1.0", "/2.0");
    for (status, body, counted) in [
        ("500 No", "", "\"failed\":1"),
        ("200 OK", "", "\"empty\":1"),
        ("200 OK", broken.as_str(), "\"malformed\":1"),
        ("200 OK", newer.as_str(), "\"too_new\":1"),
        ("200 OK", "<html>no table</html>", "\"malformed\":2"),
    ] {
        master.answer(status, body);
        let health = until(&member, counted).await;
        assert!(health.contains("\"config_id\":7"), "{health}");
    }
    // One of four is left: not believed at first sight, believed at the second.
    let lines: Vec<&str> = TABLE.lines().collect();
    let shrunken = lines[..lines.len() - 3].join("\n").replace("ConfigID: 7", "ConfigID: 8");
    master.answer("200 OK", &shrunken);
    let health = until(&member, "\"shrunken\":1").await;
    assert!(health.contains("\"config_id\":7"), "{health}");
    master.answer("200 OK", &shrunken);
    until(&member, "\"config_id\":8").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_starts_from_the_last_good_table_when_the_master_is_gone() {
    let folder = TempDir::new().unwrap();
    let master = Scripted::start().await;
    let mut config = settings("p1.campus.example.org", master.address);
    config.master = Some(format!("http://{}", master.address));
    config.state = Some(folder.path().to_owned());
    let first = start(config.clone()).await;
    master.answer("200 OK", TABLE);
    until(&first, "\"config_id\":7").await;
    while !folder.path().join("last-good.pat").exists() {
        tokio::task::yield_now().await;
    }
    drop((first, master));
    let second = start(config).await;
    assert_eq!(page(second.address, "/pat").await.body, TABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_can_follow_a_file_or_another_member() {
    let origin = Origin::start().await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("table.pat");
    std::fs::write(&path, TABLE).unwrap();
    let mut config = settings("p1.campus.example.org", origin.address);
    config.table = Some(path.clone());
    let first = start(config).await;
    let mut config = settings("p2.campus.example.org", origin.address);
    config.master = Some(format!("http://{}/pat", first.address));
    let second = start(config).await;
    for id in [7, 8] {
        std::fs::write(&path, TABLE.replace("ConfigID: 7", &format!("ConfigID: {id}"))).unwrap();
        until(&second, &format!("\"config_id\":{id}")).await;
    }
    std::fs::write(&path, "garbage").unwrap();
    let health = until(&first, "\"malformed\":1").await;
    assert!(health.contains("\"config_id\":8"), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn members_go_on_without_their_master() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    array.stop_master().await;
    for i in 0..20 {
        assert_eq!(get(array.members[i % 3], &format!("http://a.test/{i}")).await.status, 200);
    }
}
