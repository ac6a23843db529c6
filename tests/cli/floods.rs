//! Floods of a real member: its memory stays small, and others are served meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::client::get;
use crate::h2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, Raw, block, frame, request,
};
use crate::memory::large_origin;
use crate::origin::Origin;
use crate::support::Processes;
use crate::tls::Identity;

/// Most that a member may use under a flood.
const LIMIT_KIB: u64 = 64 * 1024;

/// How long anybody else may wait for an answer meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client that asks again and again until it is told to stop, and is always answered.
struct Bystander {
    stop: Arc<AtomicBool>,
    asking: JoinSet<u32>,
}

impl Bystander {
    fn start(member: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let mut asking = JoinSet::new();
        asking.spawn(async move {
            let mut answered = 0;
            while !stopped.load(Ordering::Relaxed) {
                let reply = tokio::time::timeout(PATIENCE, get(member, "http://a.test/bystander"));
                assert_eq!(reply.await.unwrap().status, 200);
                answered += 1;
            }
            answered
        });
        Self { stop, asking }
    }

    /// How often it was answered.
    async fn end(mut self) -> u32 {
        self.stop.store(true, Ordering::Relaxed);
        self.asking.join_next().await.unwrap().unwrap()
    }
}

async fn start() -> (Origin, Arc<Identity>, Processes) {
    let (origin, identity) = (Origin::start().await, Arc::new(Identity::new()));
    let array = Processes::start_with(1, origin.address, &identity.settings());
    (origin, identity, array)
}

/// Runs so many attackers at a time, each of them so often.
async fn attack<A, F>(at_once: u32, times: u32, attacker: A)
where
    A: Fn(u32) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let mut attackers = JoinSet::new();
    for number in 0..at_once {
        let attacker = attacker.clone();
        attackers.spawn(async move {
            for time in 0..times {
                attacker(number * times + time).await;
            }
        });
    }
    while let Some(ended) = attackers.join_next().await {
        ended.unwrap();
    }
}

fn check(what: &str, member: &crate::support::Running, answered: u32) {
    let peak = member.peak_kib();
    assert!(peak < LIMIT_KIB, "{what}: the member used {peak} KiB");
    assert!(answered > 0, "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rapid_resets_take_little_memory_and_few_reach_an_origin() {
    let (origin, identity, array) = start().await;
    let member = array.addresses[0];
    let bystander = Bystander::start(member);
    let head = Arc::new(block(&request("GET", "/reset")));
    let client = Arc::clone(&identity);
    attack(10, 10, move |_| {
        let (identity, head) = (Arc::clone(&client), Arc::clone(&head));
        async move {
            let mut client = Raw::connect(&identity, member).await;
            for batch in 0..200 {
                let streams = (0..100).map(|i| (batch * 100 + i) * 2 + 1);
                let frames = streams.flat_map(|stream| {
                    let open = frame(HEADERS, END_HEADERS | END_STREAM, stream, &head);
                    [open, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
                });
                if !client.send(&frames.collect::<Vec<_>>()).await {
                    return;
                }
            }
            // All of it fits into the buffers of the sockets; then the end is there to be read.
            tokio::time::timeout(PATIENCE, client.rest()).await.unwrap();
        }
    })
    .await;
    check("rapid resets", &array.members[0], bystander.end().await);
    let passed = origin.arrived().iter().filter(|request| request.path() == "/reset").count();
    assert!(passed < 100 * 250, "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_without_end_take_little_memory() {
    let (_origin, identity, array) = start().await;
    let member = array.addresses[0];
    let bystander = Bystander::start(member);
    let client = Arc::clone(&identity);
    attack(20, 10, move |number| {
        let identity = Arc::clone(&client);
        async move {
            let mut client = Raw::connect(&identity, member).await;
            // One field that never ends, many fields, many frames of nothing, one field again and again.
            let first = [block(&request("GET", "/endless")), vec![0x40, 1, b'x', 0]].concat();
            let rest = match number % 4 {
                0 => vec![b'y'; 16_000],
                1 => block(&vec![("x", "y"); 2000]),
                2 => Vec::new(),
                _ => vec![0xbe; 16_000],
            };
            let mut more = client.frame(HEADERS, 0, 1, &first).await;
            while more {
                more = client.frame(CONTINUATION, 0, 1, &rest).await;
            }
        }
    })
    .await;
    check("heads without end", &array.members[0], bystander.end().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_that_take_nothing_hold_little_memory() {
    let identity = Arc::new(Identity::new());
    let (origin, _serving) = large_origin().await;
    let array = Processes::start_with(1, origin, &identity.settings());
    let member = array.addresses[0];
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = Raw::connect(&identity, member).await;
        for i in 0..100 {
            client.get(i * 2 + 1, "/large").await;
        }
        // Each stream gives what its window takes, and then no more.
        let mut heads = 0;
        while heads < 100 {
            let frame = client.next().await.unwrap();
            assert_ne!(frame.kind, RST_STREAM);
            heads += u32::from(frame.kind == HEADERS);
        }
        clients.push(client);
    }
    let peak = array.members[0].peak_kib();
    assert!(peak < 2 * LIMIT_KIB, "the member used {peak} KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_nobody_takes_are_not_held() {
    let (_origin, identity, array) = start().await;
    let member = array.addresses[0];
    let bystander = Bystander::start(member);
    let client = Arc::clone(&identity);
    attack(10, 1, move |_| {
        let identity = Arc::clone(&client);
        async move {
            let mut client = Raw::connect(&identity, member).await;
            // To an origin that never reads: as much as the windows let through.
            for i in 0..100 {
                client.head(i * 2 + 1, &request("POST", "/silent"), false).await;
            }
            for _ in 0..10 {
                for i in 0..100 {
                    client.frame(DATA, 0, i * 2 + 1, &[b'x'; 4000]).await;
                }
            }
        }
    })
    .await;
    check("bodies", &array.members[0], bystander.end().await);
}

/// Connections of the next test; `PARRAY_CONNECTIONS` makes it another number.
fn connections() -> u32 {
    std::env::var("PARRAY_CONNECTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_come_and_go_leave_nothing() {
    let (_origin, identity, array) = start().await;
    let member = array.addresses[0];
    let bystander = Bystander::start(member);
    let client = Arc::clone(&identity);
    attack(50, connections() / 50, move |number| {
        let identity = Arc::clone(&client);
        async move {
            // Nothing said, half a handshake, a request that nobody waits for.
            match number % 10 {
                0 => {
                    let mut client = Raw::connect(&identity, member).await;
                    client.get(1, "/gone").await;
                }
                1..5 => {
                    let mut stream = TcpStream::connect(member).await.unwrap();
                    stream.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
                }
                _ => drop(TcpStream::connect(member).await.unwrap()),
            }
        }
    })
    .await;
    check("connections", &array.members[0], bystander.end().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_send_slowly_take_little_memory_and_are_let_go() {
    let origin = Origin::start().await;
    let limits = "[limits]\nheader = \"2s\"\nidle = \"2s\"\n";
    let array = Processes::start_with(1, origin.address, limits);
    let member = array.addresses[0];
    let bystander = Bystander::start(member);
    let mut slow = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(member).await.unwrap();
        let begun = if number % 4 == 0 {
            "POST http://a.test/up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000\r\n\r\n0123"
        } else {
            "GET http://a.test/slow HTTP/1.1\r\nHost: a.te"
        };
        stream.write_all(begun.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    for mut stream in slow {
        // An answer that tells why, or just the end.
        let mut said = Vec::new();
        let ended = stream.read_to_end(&mut said);
        drop(tokio::time::timeout(2 * PATIENCE, ended).await.unwrap());
    }
    check("slow clients", &array.members[0], bystander.end().await);
}
