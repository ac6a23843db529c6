//! Bytes both ways between two connections, unread.
//!
//! What comes is passed on before more is read; a side that waits holds no memory, and where much comes between two
//! sockets, it stays in the kernel.

use std::fmt::Debug;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::io::poll_read_buf;

use super::doze::Doze;
use super::pipe::Lane;
use super::reads::Reads;
use super::stall::was_away;

/// Bytes that are read at once at most.
const LARGEST_READ: usize = 64 << 10;

/// Bytes after which other connections have their turn.
const MOST_IN_ONE_TURN: usize = 1 << 20;

/// One end of a tunnel.
pub trait End: AsyncRead + AsyncWrite + Debug + Unpin + Send {
    /// The socket, if what is read and written comes and goes there as it is.
    fn socket(&self) -> Option<&TcpStream>;
}

impl End for TcpStream {
    fn socket(&self) -> Option<&TcpStream> {
        Some(self)
    }
}

impl End for Box<dyn End> {
    fn socket(&self) -> Option<&TcpStream> {
        (**self).socket()
    }
}

/// Bytes that a tunnel has carried.
#[derive(Debug, Default)]
pub struct Carried {
    /// To the client.
    pub sent: AtomicU64,
    /// From the client.
    pub received: AtomicU64,
}

/// Carries bytes both ways, until both sides have ended.
///
/// # Errors
/// One side fails, takes nothing of what it is sent for `limit`, or both are silent for as long.
pub async fn carry(
    mut client: impl End,
    mut server: impl End,
    limit: Duration,
    carried: &Carried,
) -> io::Result<()> {
    let (mut up, mut down) = (Way::new(&carried.received), Way::new(&carried.sent));
    let mut silence = Silence::new(limit);
    poll_fn(|cx| {
        let sent = up.poll(&mut client, &mut server, cx)?;
        let received = down.poll(&mut server, &mut client, cx)?;
        if sent.is_ready() && received.is_ready() {
            return Poll::Ready(Ok(()));
        }
        if up.has_moved() | down.has_moved() {
            silence.last = Instant::now();
        }
        let stuck = up.stuck.into_iter().chain(down.stuck).min();
        silence.poll(stuck, cx).map(Err)
    })
    .await
}

/// Looks for sides that make no progress, at least once in `limit`.
struct Silence {
    limit: Duration,
    /// When something moved last.
    last: Instant,
    timer: Doze<Sleep>,
    due: Instant,
}

impl Silence {
    fn new(limit: Duration) -> Self {
        let last = Instant::now();
        let due = last + limit;
        Self { limit, last, timer: timer(due), due }
    }

    /// Ready when nothing has moved for too long, or something has been stuck since `stuck` for too long.
    fn poll(&mut self, stuck: Option<Instant>, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(Pin::new(&mut self.timer).poll(cx));
            let now = Instant::now();
            if was_away(self.due) {
                self.last = now;
                self.due = now + self.limit;
            } else {
                let since = stuck.map_or(self.last, |stuck| stuck.min(self.last));
                self.due = since + self.limit;
                if self.due <= now {
                    let why = match stuck {
                        Some(stuck) if stuck == since => "one side takes nothing",
                        _ => "both sides are silent",
                    };
                    return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, why));
                }
            }
            self.timer = timer(self.due);
        }
    }
}

fn timer(due: Instant) -> Doze<Sleep> {
    Doze::new(Box::pin(sleep_until(due)))
}

/// One of the two ways.
struct Way<'a> {
    /// What was read and is not passed on.
    held: BytesMut,
    /// The same in the kernel.
    lane: Lane,
    reads: Reads,
    progress: Progress,
    /// Something is written and not flushed.
    unflushed: bool,
    has_moved: bool,
    /// Bytes passed on since the task has waited, about.
    in_turn: usize,
    /// Since when the far side takes nothing.
    stuck: Option<Instant>,
    count: &'a AtomicU64,
}

/// How far a way is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// More may come.
    Open,
    /// All has come.
    Ended,
    /// The far side has been told so.
    Told,
}

impl<'a> Way<'a> {
    fn new(count: &'a AtomicU64) -> Self {
        Self {
            held: BytesMut::new(),
            lane: Lane::default(),
            reads: Reads::up_to(LARGEST_READ),
            progress: Progress::Open,
            unflushed: false,
            has_moved: false,
            in_turn: 0,
            stuck: None,
            count,
        }
    }

    /// Whether something has moved since this was asked last.
    fn has_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Passes on what comes; ready at its end.
    fn poll(
        &mut self,
        from: &mut impl End,
        to: &mut impl End,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.poll_pass_on(to, cx))?;
            match self.progress {
                Progress::Open => {}
                Progress::Ended => {
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                    self.progress = Progress::Told;
                    return Poll::Ready(Ok(()));
                }
                Progress::Told => return Poll::Ready(Ok(())),
            }
            let Poll::Ready(bytes) = self.poll_read(from, to.socket().is_some(), cx)? else {
                // Who waits holds nothing.
                self.held = BytesMut::new();
                self.lane.rest();
                if self.unflushed {
                    ready!(Pin::new(&mut *to).poll_flush(cx))?;
                    self.unflushed = false;
                }
                return Poll::Pending;
            };
            self.has_moved = true;
            self.reads.came(bytes);
            if bytes == 0 {
                self.progress = Progress::Ended;
            }
        }
    }

    /// Passes on all that is there.
    fn poll_pass_on(&mut self, to: &mut impl End, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() || !self.lane.is_empty() {
            if self.in_turn >= MOST_IN_ONE_TURN {
                self.in_turn = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Poll::Ready(bytes) = self.poll_write(to, cx)? else {
                self.in_turn = 0;
                self.stuck.get_or_insert_with(Instant::now);
                return Poll::Pending;
            };
            if bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.in_turn += bytes;
            self.count.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
            (self.stuck, self.has_moved, self.unflushed) = (None, true, true);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, to: &mut impl End, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if let Some(pipe) = self.lane.held() {
            let Some(socket) = to.socket() else {
                return Poll::Ready(Err(io::ErrorKind::Unsupported.into()));
            };
            return pipe.poll_drain(socket, cx);
        }
        let bytes = ready!(Pin::new(to).poll_write(cx, &self.held))?;
        self.held.advance(bytes);
        Poll::Ready(Ok(bytes))
    }

    fn poll_read(
        &mut self,
        from: &mut impl End,
        to_socket: bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Some(socket) = from.socket() {
            if to_socket
                && self.reads.are_largest()
                && let Some(pipe) = self.lane.open()
            {
                if let Some(filled) = ready!(pipe.poll_fill(socket, u64::MAX, cx)) {
                    return Poll::Ready(filled);
                }
                self.lane.close();
            }
            // No room is taken before something is there.
            ready!(socket.poll_read_ready(cx))?;
        }
        self.held.reserve(self.reads.room(None));
        poll_read_buf(Pin::new(from), cx, &mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
    use tokio::net::TcpListener;
    use tokio::time::sleep;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// An end that is no socket.
    #[derive(Debug)]
    struct Plain(DuplexStream);

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
            Pin::new(&mut self.0).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.0).poll_shutdown(cx)
        }
    }

    /// An end and its far side, in memory.
    fn plain() -> (Plain, DuplexStream) {
        let (near, far) = duplex(10_000);
        (Plain(near), far)
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
}
