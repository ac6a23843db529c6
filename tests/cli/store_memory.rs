//! A body that many read while it comes takes little memory, however slow one of them is.

use std::net::SocketAddr;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::pattern::Storing;

const GIBIBYTE: u64 = 1 << 30;

const REQUEST: &[u8] =
    b"GET http://a.test/large HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

/// How much a member may grow by it.
const LIMIT_KIB: u64 = 64 * 1024;

/// An origin that gives a GiB to whoever asks, to be stored; how often it was asked.
async fn large_origin() -> (SocketAddr, JoinSet<()>, std::sync::Arc<std::sync::atomic::AtomicUsize>)
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&asked);
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            connections.spawn(async move {
                let request = stream.read(&mut [0; 4096]).await.unwrap();
                assert!(request > 0);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\nContent-Length: {GIBIBYTE}\r\n\r\n"
                );
                stream.write_all(head.as_bytes()).await.unwrap();
                for number in 0..GIBIBYTE / 65_536 {
                    if stream.write_all(&block(number)).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, serving, asked)
}

fn block(number: u64) -> Vec<u8> {
    number.to_le_bytes().repeat(65_536 / 8)
}

/// Reads all of an answer and compares it.
async fn read_all(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 200"));
    let mut got = vec![0; 65_536];
    for number in 0..GIBIBYTE / 65_536 {
        stream.read_exact(&mut got).await.unwrap();
        assert!(got == block(number), "block {number} is wrong");
    }
    assert_eq!(stream.read(&mut got).await.unwrap(), 0);
}

async fn ask(member: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(65_536).unwrap();
    let mut stream = socket.connect(member).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn one_gibibyte_for_a_slow_reader_and_others_takes_little_memory() {
    let (origin, _serving, asked) = large_origin().await;
    let folder = TempDir::new().unwrap();
    let cache = folder.path().join("cache");
    let member = Storing::start_in(folder, cache, origin, "max_object = \"2GB\"\n");
    let before = member.running.peak_kib();
    let slow = ask(member.address).await;
    let mut others = JoinSet::new();
    for _ in 0..3 {
        others.spawn(read_all(ask(member.address).await));
    }
    others.join_all().await;
    member.settled().await;
    let during = member.running.peak_kib();
    println!("{before} KiB before, {during} KiB at most while it was fetched");
    assert!(during - before < LIMIT_KIB, "{before} KiB, then {during} KiB");
    // Who was slow has lost nothing, and neither has who comes later.
    read_all(slow).await;
    let after = member.running.peak_kib();
    println!("{after} KiB at most when the slow one had it all");
    read_all(ask(member.address).await).await;
    let after = member.running.peak_kib();
    println!("{after} KiB at most when a later one had it, too");
    assert!(after - before < LIMIT_KIB, "{before} KiB, then {after} KiB");
    assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 1);
}
