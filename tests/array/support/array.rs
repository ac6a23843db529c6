//! A whole array in process: a master, members, names under `.test` that lead to an origin.

use std::net::SocketAddr;
use std::sync::Arc;

use parray::access::PortRange;
use parray::config::{MasterConfig, MemberConfig, file};
use parray::master::Master;
use parray::member::Member;
use parray::pac::PacOptions;
use parray::route::Router;
use pat::{Dialect, Header, Table};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::{Client, page};
use super::tls::Identity;

/// An array that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) folder: TempDir,
    pub(crate) master: SocketAddr,
    pub(crate) members: Vec<SocketAddr>,
    pub(crate) running: Vec<Member>,
    stops: Vec<CancellationToken>,
    master_stop: CancellationToken,
    planes: JoinSet<()>,
}

impl Array {
    /// A master and `count` members m1, m2, …; `*.test` leads to `origin`.
    pub(crate) async fn start(count: usize, origin: SocketAddr) -> Self {
        Self::start_with(count, origin, |_| {}).await
    }

    /// The same, and every member has this certificate.
    pub(crate) async fn start_tls(count: usize, origin: SocketAddr, identity: &Identity) -> Self {
        Self::start_with(count, origin, |settings| settings.tls = Some(identity.files())).await
    }

    /// The same, with the settings of every member adjusted.
    pub(crate) async fn start_with(
        count: usize,
        origin: SocketAddr,
        mut adjust: impl FnMut(&mut file::MemberFile),
    ) -> Self {
        let folder = TempDir::new().unwrap();
        let mut listeners = Vec::new();
        for _ in 0..=count {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        let addresses: Vec<SocketAddr> =
            listeners.iter().map(|l| l.local_addr().unwrap()).collect();
        let path = folder.path().join("parray.pat");
        std::fs::write(&path, table(&addresses[1..]).print(Dialect::Draft)).unwrap();
        let mut array = Self {
            folder,
            master: addresses[0],
            members: addresses[1..].to_vec(),
            running: Vec::new(),
            stops: Vec::new(),
            master_stop: CancellationToken::new(),
            planes: JoinSet::new(),
        };
        let mut listeners = listeners.into_iter();
        let config = MasterConfig {
            table: path,
            listen: array.master,
            token: None,
            pac: PacOptions::default(),
        };
        let master = Master::open(config).await.unwrap();
        array.planes.spawn(master.run(listeners.next().unwrap(), array.master_stop.clone()));
        for (i, listener) in listeners.enumerate() {
            let mut settings = settings(&format!("m{}", i + 1), origin);
            settings.master = Some(format!("http://{}", array.master));
            adjust(&mut settings);
            let stop = CancellationToken::new();
            let member = Member::new(MemberConfig::try_from(settings).unwrap(), stop.clone());
            array.running.push(member.clone());
            array.planes.spawn(member.run(listener));
            array.stops.push(stop);
        }
        array.settle().await;
        array
    }

    /// Waits until every member has the master's table.
    pub(crate) async fn settle(&self) {
        let current = page(self.master, "/pat").await;
        let wanted = current.header("etag").unwrap().to_owned();
        for member in self
            .members
            .iter()
            .zip(&self.stops)
            .filter(|(_, stop)| !stop.is_cancelled())
            .map(|(m, _)| m)
        {
            wait_for(*member, &wanted).await;
        }
    }

    /// What the members route by.
    pub(crate) async fn router(&self) -> Router {
        Router::new(Arc::new(page(self.master, "/pat").await.body.parse().unwrap()))
    }

    /// The owner of a URL, by name.
    pub(crate) async fn owner(&self, url: &str) -> String {
        let router = self.router().await;
        router.owner(&router.key(url)).unwrap().name.to_string()
    }

    /// The address of a member, by name.
    pub(crate) fn member(&self, name: &str) -> SocketAddr {
        self.members[name.trim_start_matches('m').parse::<usize>().unwrap() - 1]
    }

    /// Stops a member: its port is closed when this returns.
    pub(crate) async fn stop(&self, name: &str) {
        let at = name.trim_start_matches('m').parse::<usize>().unwrap() - 1;
        self.stops[at].cancel();
        while tokio::net::TcpStream::connect(self.members[at]).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    /// Stops the master.
    pub(crate) async fn stop_master(&self) {
        self.master_stop.cancel();
        while tokio::net::TcpStream::connect(self.master).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    /// Sends a JSON request to the master's API.
    pub(crate) async fn api(&self, method: &str, path: &str, body: &str) -> super::client::Reply {
        let text = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        super::client::exchange(self.master, &text).await
    }

    /// Ends everything and waits for it.
    pub(crate) async fn end(mut self) {
        self.master_stop.cancel();
        self.stops.iter().for_each(CancellationToken::cancel);
        while self.planes.join_next().await.is_some() {}
    }
}

/// Waits until a server publishes the table of this entity tag.
pub(crate) async fn wait_for(server: SocketAddr, wanted: &str) {
    let mut client = Client::connect(server).await;
    let mut seen = String::new();
    while seen != wanted {
        let validator =
            if seen.is_empty() { String::new() } else { format!("If-None-Match: {seen}\r\n") };
        client.send(&format!("GET /pat?wait=10 HTTP/1.1\r\nHost: a\r\n{validator}\r\n")).await;
        let reply = client.reply().await;
        match reply.status {
            200 | 304 => seen = reply.header("etag").unwrap().to_owned(),
            503 => tokio::task::yield_now().await,
            other => panic!("/pat answered {other}"),
        }
    }
}

/// Settings that suit a test: loopback may be reached, on every port.
pub(crate) fn settings(name: &str, origin: SocketAddr) -> file::MemberFile {
    let mut settings =
        file::MemberFile { name: Some(name.to_owned()), ..file::MemberFile::default() };
    settings.hosts.insert("*.test".to_owned(), origin.to_string());
    settings.destinations.allow = vec!["127.0.0.0/8".to_owned()];
    settings.access.connect_ports = Some(vec![PortRange::ALL]);
    settings.access.ports = Some(vec![PortRange::ALL]);
    settings
}

fn table(members: &[SocketAddr]) -> Table {
    let mut header = Header::new("test array".parse().unwrap());
    header.array_enabled = true;
    let member = |(i, address): (usize, &SocketAddr)| {
        let name = format!("m{}", i + 1).parse().unwrap();
        let mut member = pat::Member::new(name, address.port().try_into().unwrap());
        member.ip = Some(address.ip());
        member
    };
    Table::new(header, members.iter().enumerate().map(member).collect()).unwrap()
}
