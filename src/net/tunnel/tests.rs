//! What goes in on one side comes out on the other, or the tunnel ends.

use rustix::net::SendFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::TcpListener;
use tokio::time::sleep;

use super::*;
use crate::net::socket::poll_give;

const LIMIT: Duration = Duration::from_secs(5);

/// An end that is no socket, and may never be able to flush and to say goodbye.
#[derive(Debug)]
struct Plain(DuplexStream, bool);

impl End for Plain {
    fn socket(&self) -> Option<&TcpStream> {
        None
    }
}

impl AsyncRead for Plain {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Plain {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.1 { Poll::Pending } else { Pin::new(&mut self.0).poll_flush(cx) }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.1 { Poll::Pending } else { Pin::new(&mut self.0).poll_shutdown(cx) }
    }
}

/// An end and its far side, in memory.
fn plain() -> (Plain, DuplexStream) {
    let (near, far) = duplex(10_000);
    (Plain(near, false), far)
}

async fn socket() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

/// Sends all of it, and takes all that comes.
async fn exchange(far: impl AsyncRead + AsyncWrite + Unpin, send: &[u8]) -> Vec<u8> {
    let (mut read, mut write) = tokio::io::split(far);
    let mut got = Vec::new();
    let send = async {
        write.write_all(send).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let ((), read) = tokio::join!(send, read.read_to_end(&mut got));
    read.unwrap();
    got
}

async fn both_ways<C, S>(client: (impl End, C), server: (impl End, S))
where
    C: AsyncRead + AsyncWrite + Unpin,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (up, down) = (bytes(2_000_003), bytes(5_000_017));
    let carried = Carried::default();
    let (end, at_client, at_server) = tokio::join!(
        carry(client.0, server.0, LIMIT, &carried),
        exchange(client.1, &up),
        exchange(server.1, &down),
    );
    end.unwrap();
    assert!(at_server == up && at_client == down);
    let [sent, received] = [carried.sent, carried.received].map(AtomicU64::into_inner);
    assert_eq!((sent, received), (5_000_017, 2_000_003));
}

#[tokio::test]
async fn all_that_comes_on_one_side_goes_out_on_the_other() {
    both_ways(socket().await, socket().await).await;
    both_ways(plain(), socket().await).await;
    both_ways(socket().await, plain()).await;
    both_ways(plain(), plain()).await;
}

#[tokio::test]
async fn a_side_that_has_no_more_to_say_is_answered() {
    let ((near, mut client), (upstream, mut server)) = (socket().await, socket().await);
    let carried = Carried::default();
    let talk = async {
        client.write_all(b"ask").await.unwrap();
        client.shutdown().await.unwrap();
        let mut asked = String::new();
        server.read_to_string(&mut asked).await.unwrap();
        server.write_all(b"answer").await.unwrap();
        drop(server);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        (asked, answer)
    };
    let (end, (asked, answer)) = tokio::join!(carry(near, upstream, LIMIT, &carried), talk);
    assert_eq!((end.is_ok(), &*asked, &*answer), (true, "ask", "answer"));
}

#[tokio::test(start_paused = true)]
async fn sides_that_are_both_silent_are_given_up() {
    let ((near, mut client), (upstream, mut server)) = (plain(), plain());
    let (carried, began) = (Carried::default(), Instant::now());
    let talk = async {
        for side in [&mut client, &mut server] {
            sleep(LIMIT / 2).await;
            side.write_all(b"still here").await.unwrap();
        }
    };
    let (end, ()) = tokio::join!(carry(near, upstream, LIMIT, &carried), talk);
    assert_eq!(end.unwrap_err().to_string(), "both sides are silent");
    assert_eq!(began.elapsed(), 2 * LIMIT);
}

#[tokio::test(start_paused = true)]
async fn a_side_that_takes_nothing_is_given_up_whatever_it_says() {
    let ((near, mut client), (upstream, server)) = (plain(), plain());
    let (carried, began) = (Carried::default(), Instant::now());
    let (mut hears, mut speaks) = tokio::io::split(server);
    let speak = async {
        let flood = bytes(1_000_000);
        speaks.write_all(&flood).await.unwrap_err();
    };
    let chat = async {
        while client.write_all(b"more").await.is_ok() && hears.read(&mut [0; 4]).await.is_ok() {
            sleep(LIMIT / 4).await;
        }
    };
    let carry = async {
        let end = carry(near, upstream, LIMIT, &carried).await;
        assert_eq!(end.unwrap_err().to_string(), "one side takes nothing");
        assert_eq!(began.elapsed(), LIMIT);
    };
    tokio::join!(carry, async {
        tokio::select! { () = speak => (), () = chat => () }
    });
}

#[tokio::test(start_paused = true)]
async fn a_side_that_cannot_be_told_something_or_the_end_is_given_up_whatever_it_says() {
    for something in [&b""[..], b"hello"] {
        let ((mut near, mut client), (upstream, mut server)) = (plain(), plain());
        near.1 = true;
        let (carried, began) = (Carried::default(), Instant::now());
        let talk = async {
            if something.is_empty() {
                server.shutdown().await.unwrap();
            }
            server.write_all(something).await.unwrap();
            while client.write_all(b"more").await.is_ok() && server.read(&mut [0; 4]).await.is_ok()
            {
                sleep(LIMIT / 4).await;
            }
        };
        let carry = async {
            let end = carry(near, upstream, LIMIT, &carried).await;
            (end.unwrap_err().to_string(), began.elapsed())
        };
        let (end, ()) = tokio::join!(carry, talk);
        assert_eq!(end, ("one side takes nothing".into(), LIMIT), "{something:?}");
    }
}

#[tokio::test]
async fn what_is_on_its_way_arrives_though_the_other_way_has_failed() {
    let ((near, client), (upstream, mut server)) = (plain(), duplex(1 << 20));
    let answer = bytes(500_000);
    server.write_all(&answer).await.unwrap();
    drop(server);
    let carried = Carried::default();
    let carry = carry(near, Plain(upstream, false), LIMIT, &carried);
    let (end, got) = tokio::join!(carry, exchange(client, b"is anybody there?"));
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert!(got == answer);
}

#[tokio::test]
async fn urgent_data_do_not_stop_what_follows() {
    let ((near, mut client), (upstream, server)) = (socket().await, socket().await);
    let (some, carried) = (bytes(1_000_000), Carried::default());
    let speak = async {
        client.write_all(&some).await.unwrap();
        let urgent = || Ok(rustix::net::send(&client, b"!", SendFlags::OOB)?);
        assert_eq!(poll_fn(|cx| poll_give(&client, cx, urgent)).await.unwrap(), 1);
        client.write_all(&some).await.unwrap();
        client.shutdown().await.unwrap();
    };
    let (end, (), got) =
        tokio::join!(carry(near, upstream, LIMIT, &carried), speak, exchange(server, b""));
    assert!(end.is_ok());
    // What is urgent is no part of what is read.
    assert!(got == [&*some, &*some].concat(), "{}", got.len());
}

#[tokio::test]
async fn a_way_that_waits_holds_no_memory() {
    let ((mut near, mut client), (mut upstream, mut server)) = (plain(), plain());
    let carried = Carried::default();
    let mut way = Way::new(&carried.received);
    client.write_all(b"hello").await.unwrap();
    let polled = poll_fn(|cx| Poll::Ready(way.poll(&mut near, &mut upstream, cx))).await;
    assert!(polled.is_pending() && way.has_moved());
    assert_eq!(way.held.capacity(), 0);
    let mut got = [0; 5];
    server.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"hello");
}

#[tokio::test]
async fn where_one_side_is_reset_the_other_is_too() {
    for client_fails in [true, false] {
        let ((client, client_far), (server, server_far)) = (socket().await, socket().await);
        let (failing, mut other) =
            if client_fails { (client_far, server_far) } else { (server_far, client_far) };
        failing.set_zero_linger().unwrap();
        drop(failing);
        let carried = Carried::default();
        assert!(carry(client, server, LIMIT, &carried).await.is_err());
        let error = other.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }
}
