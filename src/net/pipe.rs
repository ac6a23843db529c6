//! Bytes that go from one socket to another without being copied: `splice(2)`.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Bytes that a pipe holds at most, if they lie close together.
const CAPACITY: usize = 256 << 10;

/// Pipes at a time: each takes two of the files that may be open, and the kernel gives a user large ones for 64 MiB
/// at most (`pipe-user-pages-soft`).
const MOST: usize = 128;

/// Open files that they take at most.
pub(crate) const OPEN_FILES: usize = 2 * MOST;

/// What passes less than a pipe's content in this time makes no use of it: others may.
const SLOW: Duration = Duration::from_secs(1);

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
    /// An empty pipe; `None` if there are enough of them, or the system gives none.
    pub(super) fn new() -> Option<Self> {
        let place = Place::take(&COUNT)?;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        fcntl_setpipe_size(&write, CAPACITY).ok()?;
        Some(Self { read, write, held: 0, filled: Instant::now(), _place: place })
    }

    /// Bytes in it.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Whether nothing has come into it for so long that somebody else may make more of it.
    pub(super) fn is_slow(&self) -> bool {
        self.filled.elapsed() > SLOW
    }

    /// Takes what has come on a socket, `most` bytes at most, and tells how many; 0: the other side has ended. Only
    /// while it is empty. `None`: the system does not allow it.
    ///
    /// Urgent data, which HTTP does not know, stop it: then nothing comes any more.
    pub(super) fn poll_fill(
        &mut self,
        socket: &TcpStream,
        most: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<usize>>> {
        let most = usize::try_from(most).unwrap_or(CAPACITY).min(CAPACITY);
        loop {
            if let Err(error) = ready!(socket.poll_read_ready(cx)) {
                return Poll::Ready(Some(Err(error)));
            }
            let taken = socket.try_io(Interest::READABLE, || transfer(socket, &self.write, most));
            match taken {
                Err(error) if is_passing(&error) => {}
                Ok(bytes) => {
                    self.held += bytes;
                    self.filled = Instant::now();
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Err(error) if is_refusal(&error) => return Poll::Ready(None),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// Gives some of what it holds to a socket, and tells how many bytes.
    ///
    /// # Errors
    /// Those of the socket: [`WouldBlock`](io::ErrorKind::WouldBlock) if it takes none now.
    pub(super) fn drain(&mut self, socket: impl AsFd) -> io::Result<usize> {
        let given = transfer(&self.read, socket, self.held)?;
        self.held = self.held.saturating_sub(given);
        Ok(given)
    }
}

/// Whether a call is to be made again, once the socket is ready.
pub(super) fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Whether it is the call that is not allowed, or not known.
fn is_refusal(error: &io::Error) -> bool {
    let refusals = [Errno::PERM, Errno::ACCESS, Errno::NOSYS, Errno::INVAL];
    Errno::from_io_error(error).is_some_and(|errno| refusals.contains(&errno))
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
            let mut pipe = Pipe::new().unwrap();
            loop {
                let taken =
                    poll_fn(|cx| pipe.poll_fill(&from, 100_000, cx)).await.unwrap().unwrap();
                assert!(taken <= 100_000 && taken == pipe.held());
                if taken == 0 {
                    break;
                }
                while pipe.held() > 0 {
                    to.writable().await.unwrap();
                    match to.try_io(Interest::WRITABLE, || pipe.drain(&to)) {
                        Err(error) => assert!(is_passing(&error), "{error}"),
                        Ok(given) => assert!(given > 0),
                    }
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
    async fn a_pipe_into_which_nothing_comes_for_a_while_is_slow() {
        let pipe = Pipe::new().unwrap();
        assert!(!pipe.is_slow());
        tokio::time::advance(2 * SLOW).await;
        assert!(pipe.is_slow());
    }
}
