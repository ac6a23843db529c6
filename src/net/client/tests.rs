//! Long bodies from a server, as whoever sends them on without reading them takes them.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use hyper::body::Body as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

use super::download::UpstreamBody;
use crate::net::body::{Body, BodyError, Ticket};
use crate::net::message::decode::BodyLength;
use crate::net::pipe::Pipe;
use crate::net::pool::{Pool, PoolLimits};
use crate::net::request_body::RequestBody;
use crate::net::shared_body::SharedBody;

const LENGTH: usize = 3_000_123;
const SILENCE: Duration = Duration::from_secs(5);
const ADDRESS: &str = "a.test:80";

#[derive(Debug)]
struct Told(Sender<(u64, bool)>);

impl Ticket for Told {
    fn ended(&mut self, bytes: u64, whole: bool) {
        self.0.send((bytes, whole)).unwrap();
    }
}

/// A body of `LENGTH` bytes whose head is read, and whoever takes it.
struct Taker {
    body: Body,
    pipe: Pipe,
    /// Where all of it goes, and what comes there.
    to: TcpStream,
    all: JoinHandle<Vec<u8>>,
    /// Bytes that were piped, and that were read.
    piped: usize,
    read: usize,
    pool: Arc<Pool>,
    told: Receiver<(u64, bool)>,
}

impl Taker {
    async fn new() -> (TcpStream, Self) {
        let (near, server) = pair().await;
        let pool = Pool::new(PoolLimits::default(), TaskTracker::new());
        let lease = pool.open(ADDRESS, near);
        let request = SharedBody::new(RequestBody::empty(), SILENCE);
        let length = BodyLength::Exactly(LENGTH.try_into().unwrap());
        let (tell, told) = channel();
        let body = UpstreamBody::receive(lease, (length, true), SILENCE, &request)
            .with_ticket(Box::new(Told(tell)));
        let (to, mut far) = pair().await;
        let all = TaskTracker::new().spawn(async move {
            let mut all = Vec::new();
            far.read_to_end(&mut all).await.unwrap();
            all
        });
        let pipe = Pipe::take().unwrap();
        (server, Self { body, pipe, to, all, piped: 0, read: 0, pool, told })
    }

    /// Takes what comes, until so many bytes are there or nothing more comes.
    async fn take(&mut self, bytes: usize) -> Result<(), BodyError> {
        while self.piped + self.read < bytes && !self.body.is_end_stream() {
            if self.body.is_worth_a_pipe() {
                let filled = poll_fn(|cx| self.body.poll_pipe(&mut self.pipe, cx)).await;
                let filled = usize::try_from(filled.expect("it is allowed")?).unwrap();
                assert_eq!(filled, self.pipe.held());
                self.piped += filled;
                while self.pipe.held() > 0 {
                    poll_fn(|cx| self.pipe.poll_drain(&self.to, cx)).await.unwrap();
                }
            } else {
                let frame = poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx)).await;
                let data = frame.unwrap()?.into_data().unwrap();
                self.read += data.len();
                self.to.write_all(&data).await.unwrap();
            }
        }
        Ok(())
    }

    /// What was taken, what its ticket was told, and whether another request may have the connection.
    async fn end(self) -> (Vec<u8>, (u64, bool), bool) {
        drop((self.body, self.to));
        let told = self.told.recv().unwrap();
        (self.all.await.unwrap(), told, self.pool.checkout(ADDRESS, None).is_some())
    }
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

fn bytes() -> Vec<u8> {
    (0..LENGTH).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

#[tokio::test]
async fn a_long_body_is_piped_once_it_comes_fast_and_its_connection_is_kept() {
    let (mut server, mut taker) = Taker::new().await;
    let bytes = bytes();
    let (sent, taken) = tokio::join!(server.write_all(&bytes), taker.take(LENGTH));
    assert!(sent.is_ok() && taken.is_ok());
    // The first 256 KiB show how fast it comes, the last are not worth a pipe.
    assert!(taker.piped > LENGTH / 2 && taker.read > 256 << 10, "{} {}", taker.piped, taker.read);
    let (all, told, is_kept) = taker.end().await;
    assert!(all == bytes);
    assert_eq!((told, is_kept), ((3_000_123, true), true));
}

#[tokio::test]
async fn a_piped_body_that_is_cut_off_is_not_whole_and_its_connection_is_not_kept() {
    let (mut server, mut taker) = Taker::new().await;
    let bytes = bytes();
    let (some, _) = bytes.split_at(2_000_000);
    let (sent, taken) = tokio::join!(server.write_all(some), taker.take(some.len()));
    assert!(sent.is_ok() && taken.is_ok() && taker.piped > 0);
    drop(server);
    let cut_off = taker.take(LENGTH).await;
    assert!(matches!(cut_off, Err(BodyError::Response(_))), "{cut_off:?}");
    let (all, told, is_kept) = taker.end().await;
    assert!(all == some);
    assert_eq!((told, is_kept), ((2_000_000, false), false));
}

#[tokio::test]
async fn a_server_that_is_silent_in_a_piped_body_is_given_up() {
    let (mut server, mut taker) = Taker::new().await;
    let bytes = bytes();
    let (some, _) = bytes.split_at(2_000_000);
    let (sent, taken) = tokio::join!(server.write_all(some), taker.take(some.len()));
    assert!(sent.is_ok() && taken.is_ok());
    tokio::time::pause();
    let stalled = taker.take(LENGTH).await;
    assert!(matches!(stalled, Err(BodyError::Stalled(_))), "{stalled:?}");
    assert!(!taker.end().await.2);
}

#[tokio::test]
async fn a_body_that_comes_slowly_is_not_piped_any_more() {
    let (mut server, mut taker) = Taker::new().await;
    let bytes = bytes();
    let (some, rest) = bytes.split_at(2_000_000);
    let (sent, taken) = tokio::join!(server.write_all(some), taker.take(some.len()));
    assert!(sent.is_ok() && taken.is_ok());
    let piped = taker.piped;
    for (i, few) in rest.chunks(1_000).take(100).enumerate() {
        server.write_all(few).await.unwrap();
        taker.take(some.len() + 1_000 * (i + 1)).await.unwrap();
    }
    assert!(taker.piped <= piped + 1_000, "{} {piped}", taker.piped);
}
