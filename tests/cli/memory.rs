//! Bodies stream: memory does not grow with them.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::Processes;

const GIGABYTE: u64 = 1_000_000_000;

/// Most that a member may use.
const LIMIT_KIB: u64 = 64 * 1024;

/// An origin that gives 5 GB to a GET and swallows what it is sent otherwise.
pub(crate) async fn large_origin() -> (SocketAddr, JoinSet<()>) {
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
    (address, serving)
}

async fn serve(mut stream: TcpStream) {
    let block = vec![b'x'; 1_000_000];
    let mut buffer = vec![0; 1 << 18];
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        head.extend_from_slice(&buffer[..read]);
    }
    if head.starts_with(b"GET") {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 5 * GIGABYTE);
        stream.write_all(answer.as_bytes()).await.unwrap();
        for _ in 0..5000 {
            if stream.write_all(&block).await.is_err() {
                return;
            }
        }
        return;
    }
    let end = head.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    let mut received = u64::try_from(head.len() - end).unwrap();
    while received < 5 * GIGABYTE {
        received += u64::try_from(stream.read(&mut buffer).await.unwrap()).unwrap();
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_gigabytes_pass_both_ways_in_64_mebibytes() {
    let (origin, _serving) = large_origin().await;
    let array = Processes::start(2, origin);
    let mut buffer = vec![0; 1 << 18];

    // One client asks and never reads: nobody buffers for it.
    let mut stalled = TcpStream::connect(array.addresses[0]).await.unwrap();
    stalled
        .write_all(b"GET http://a.test/large?stalled HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await
        .unwrap();

    let mut client = TcpStream::connect(array.addresses[0]).await.unwrap();
    client
        .write_all(b"GET http://a.test/large HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut received = 0;
    loop {
        let read = client.read(&mut buffer).await.unwrap();
        if read == 0 {
            break;
        }
        received += u64::try_from(read).unwrap();
    }
    assert!(received > 5 * GIGABYTE, "{received} bytes of 5 GB arrived");

    let mut client = TcpStream::connect(array.addresses[1]).await.unwrap();
    let head = format!(
        "PUT http://a.test/large HTTP/1.1\r\nHost: a.test\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        5 * GIGABYTE
    );
    client.write_all(head.as_bytes()).await.unwrap();
    let block = vec![b'x'; 1_000_000];
    for _ in 0..5000 {
        client.write_all(&block).await.unwrap();
    }
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    for member in &array.members {
        assert!(member.peak_kib() < LIMIT_KIB, "a member used {} KiB", member.peak_kib());
    }
}
