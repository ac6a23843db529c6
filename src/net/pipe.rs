//! Bytes that go from one socket to another without being copied: `splice(2)`.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::socket::{poll_give, poll_take};

/// Bytes that a pipe holds at most, if they lie close together.
const CAPACITY: usize = 256 << 10;

/// Pipes at a time: each takes two of the files that may be open, and the kernel gives a user large ones for 64 MiB
/// at most (`pipe-user-pages-soft`).
const MOST: usize = 128;

/// Open files that they take at most.
pub(crate) const OPEN_FILES: usize = 2 * MOST;

/// What passes less than a pipe's content in this time makes no use of it: others may.
const SLOW: Duration = Duration::from_secs(1);

/// How long a sender for whom a pipe is of no use does without, the first time; twice as long the next, and so on.
const CLOSED: Duration = Duration::from_secs(10);

/// How long at most.
const CLOSED_AT_MOST: Duration = Duration::from_mins(10);

/// Pipes that nobody uses now.
static IDLE: Mutex<Vec<Pipe>> = Mutex::new(Vec::new());

/// Pipes that there are.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A pipe between two sockets: it is filled when it is empty, and then emptied.
#[derive(Debug)]
pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    held: usize,
    /// When something came into it last.
    filled: Instant,
    _place: Place,
}

/// One of the pipes that there may be.
#[derive(Debug)]
struct Place(&'static AtomicUsize);

impl Place {
    fn take(count: &'static AtomicUsize) -> Option<Self> {
        let more = |count: usize| (count < MOST).then_some(count + 1);
        let taken = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.ok().map(|_before| Self(count))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pipe {
    /// An empty pipe; `None` if all are in use, or the system gives none.
    pub(super) fn take() -> Option<Self> {
        let idle = idle().pop().map(|pipe| Self { filled: Instant::now(), ..pipe });
        idle.or_else(Self::new)
    }

    fn new() -> Option<Self> {
        let place = Place::take(&COUNT)?;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        fcntl_setpipe_size(&write, CAPACITY).ok()?;
        Some(Self { read, write, held: 0, filled: Instant::now(), _place: place })
    }

    /// Keeps it for others; what it still holds is lost.
    fn give_back(self) {
        if self.held == 0 {
            idle().push(self);
        }
    }

    /// Bytes in it.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether nothing has come into it for so long that somebody else may make more of it.
    fn is_slow(&self) -> bool {
        self.filled.elapsed() > SLOW
    }

    /// Takes what has come on a socket, `most` bytes at most, and tells how many; 0: the other side has ended. Only
    /// while it is empty. `None`: the system does not allow it, it is to be read.
    pub(super) fn poll_fill(
        &mut self,
        socket: &TcpStream,
        most: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<usize>>> {
        let most = usize::try_from(most).unwrap_or(CAPACITY).min(CAPACITY);
        let taken = ready!(poll_take(socket, cx, || fill(socket, &self.write, most)));
        Poll::Ready(match taken {
            Ok(bytes) => {
                self.held += bytes;
                self.filled = Instant::now();
                Some(Ok(bytes))
            }
            Err(error) if is_refusal(&error) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// Gives some of what it holds to a socket, and tells how many bytes.
    pub(super) fn poll_drain(
        &mut self,
        socket: &TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let given = ready!(poll_give(socket, cx, || transfer(&self.read, socket, self.held)))?;
        self.held = self.held.saturating_sub(given);
        Poll::Ready(Ok(given))
    }
}

/// A pipe of one sender, while there is use for one.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pipe: Option<Pipe>,
    /// Until when there is none.
    closed: Option<Instant>,
    /// How long it was closed last.
    pause: Duration,
}

impl Lane {
    /// A pipe, to put something into. `None`: there is none to be had, or it was of little use lately.
    pub(super) fn open(&mut self) -> Option<&mut Pipe> {
        if self.pipe.as_ref().is_some_and(Pipe::is_slow) {
            self.close();
        }
        if self.pipe.is_none() && self.closed.is_none_or(|until| until < Instant::now()) {
            self.pipe = Pipe::take();
            if self.pipe.is_none() {
                // There is none for anybody just now: to ask each time costs more than to read.
                self.closed = Some(Instant::now() + CLOSED);
            }
        }
        self.pipe.as_mut()
    }

    /// The pipe, if it holds something.
    pub(super) fn held(&mut self) -> Option<&mut Pipe> {
        self.pipe.as_mut().filter(|pipe| pipe.held() > 0)
    }

    /// Bytes that it holds.
    pub(super) fn held_bytes(&self) -> u64 {
        let held = self.pipe.as_ref().map_or(0, Pipe::held);
        u64::try_from(held).unwrap_or(u64::MAX)
    }

    /// Whether it holds nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.held_bytes() == 0
    }

    /// Gives the pipe back until it is wanted again.
    pub(super) fn rest(&mut self) {
        if let Some(pipe) = self.pipe.take() {
            pipe.give_back();
        }
    }

    /// Gives the pipe back; there will be none for a while.
    pub(super) fn close(&mut self) {
        self.pause = (2 * self.pause).clamp(CLOSED, CLOSED_AT_MOST);
        self.closed = Some(Instant::now() + self.pause);
        self.rest();
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.rest();
    }
}

fn idle() -> MutexGuard<'static, Vec<Pipe>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether it is the call that is not allowed, or not known.
fn is_refusal(error: &io::Error) -> bool {
    let refusals = [Errno::PERM, Errno::ACCESS, Errno::NOSYS, Errno::INVAL];
    Errno::from_io_error(error).is_some_and(|errno| refusals.contains(&errno))
}

fn fill(socket: &TcpStream, pipe: &OwnedFd, most: usize) -> io::Result<usize> {
    let filled = transfer(socket, pipe, most);
    if !is_nothing(&filled) || !has_more(socket) {
        return filled;
    }
    // Something has come just now; or it is behind urgent data, which stop a pipe for good, but not who reads.
    let filled = transfer(socket, pipe, most);
    if is_nothing(&filled) { Err(Errno::INVAL.into()) } else { filled }
}

fn is_nothing(filled: &io::Result<usize>) -> bool {
    match filled {
        Ok(bytes) => *bytes == 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Whether there is something to be read.
fn has_more(socket: &TcpStream) -> bool {
    matches!(recv(socket, &mut [0; 1], RecvFlags::PEEK), Ok((1, _)))
}

fn transfer(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<usize> {
    Ok(splice(from, None, to, None, most, SpliceFlags::NONBLOCK)?)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn what_comes_on_one_socket_goes_out_on_another() {
        let bytes: Vec<u8> = (0..600_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let ((mut origin, from), (to, mut client)) = (pair().await, pair().await);
        let send = async {
            origin.write_all(&bytes).await.unwrap();
            drop(origin);
        };
        let pass = async {
            let mut pipe = Pipe::take().unwrap();
            loop {
                let taken =
                    poll_fn(|cx| pipe.poll_fill(&from, 100_000, cx)).await.unwrap().unwrap();
                assert!(taken <= 100_000 && taken == pipe.held());
                if taken == 0 {
                    break;
                }
                while pipe.held() > 0 {
                    let given = poll_fn(|cx| pipe.poll_drain(&to, cx)).await.unwrap();
                    assert!(given > 0);
                }
            }
            drop(to);
        };
        let mut got = Vec::new();
        let ((), (), read) = tokio::join!(send, pass, client.read_to_end(&mut got));
        assert!(read.is_ok() && got == bytes);
    }

    #[test]
    fn there_are_no_more_pipes_than_there_may_be() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let take = || Place::take(&COUNT);
        let places: Vec<Place> = std::iter::from_fn(take).take(2 * MOST).collect();
        assert_eq!(places.len(), MOST);
        drop(places);
        assert!(take().is_some());
    }

    #[test]
    fn a_call_that_is_not_allowed_is_no_fault_of_a_socket() {
        for (errno, refused) in
            [(Errno::NOSYS, true), (Errno::PERM, true), (Errno::CONNRESET, false)]
        {
            assert_eq!(is_refusal(&errno.into()), refused, "{errno:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lane_closes_where_nothing_comes_for_a_while() {
        let mut lane = Lane::default();
        assert!(lane.open().is_some());
        tokio::time::advance(2 * SLOW).await;
        assert!(lane.open().is_none() && lane.open().is_none());
        tokio::time::advance(CLOSED * 11 / 10).await;
        assert!(lane.open().is_some());
        // The second time it takes longer.
        tokio::time::advance(2 * SLOW).await;
        assert!(lane.open().is_none());
        tokio::time::advance(CLOSED * 11 / 10).await;
        assert!(lane.open().is_none());
        tokio::time::advance(CLOSED * 11 / 10).await;
        assert!(lane.open().is_some());
        // It is the lane that is slow, not the pipe.
        let mut rests = Lane::default();
        assert!(rests.open().is_some());
        rests.rest();
        tokio::time::advance(2 * SLOW).await;
        assert!(rests.open().is_some());
    }
}
