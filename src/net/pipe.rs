//! Bytes that go from one socket to another without being copied: `splice(2)`.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use rustix::fd::{AsFd, OwnedFd};
use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;

/// Bytes that a pipe holds at most, if they lie close together.
const CAPACITY: usize = 256 << 10;

/// Pipes at a time: each takes two of the files that may be open, and the kernel gives a user large ones for 64 MiB
/// at most (`pipe-user-pages-soft`).
const MOST: usize = 128;

/// Pipes that there are.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// A pipe between two sockets: it is filled when it is empty, and then emptied.
#[derive(Debug)]
pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
    held: usize,
    _place: Place,
}

/// One of the pipes that there may be.
#[derive(Debug)]
struct Place;

impl Place {
    fn take() -> Option<Self> {
        let more = |count: usize| (count < MOST).then_some(count + 1);
        COUNT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_before| Self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        COUNT.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pipe {
    /// An empty pipe; `None` if there are enough of them, or the system gives none.
    pub(super) fn new() -> Option<Self> {
        let place = Place::take()?;
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).ok()?;
        fcntl_setpipe_size(&write, CAPACITY).ok()?;
        Some(Self { read, write, held: 0, _place: place })
    }

    /// Bytes in it.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Takes what has come on a socket, `most` bytes at most, and tells how many; 0: the other side has ended. Only
    /// while it is empty.
    pub(super) fn poll_fill(
        &mut self,
        socket: &TcpStream,
        most: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let most = usize::try_from(most).unwrap_or(CAPACITY).min(CAPACITY);
        loop {
            ready!(socket.poll_read_ready(cx))?;
            let taken = socket.try_io(Interest::READABLE, || transfer(socket, &self.write, most));
            match taken {
                Err(error) if is_passing(&error) => {}
                Ok(bytes) => {
                    self.held += bytes;
                    return Poll::Ready(Ok(bytes));
                }
                Err(error) => return Poll::Ready(Err(error)),
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

fn transfer(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<usize> {
    let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
    Ok(splice(from, None, to, None, most, flags)?)
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
                let taken = poll_fn(|cx| pipe.poll_fill(&from, 100_000, cx)).await.unwrap();
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
        let pipes: Vec<Pipe> = std::iter::from_fn(Pipe::new).take(2 * MOST).collect();
        assert!((1..=MOST).contains(&pipes.len()), "{}", pipes.len());
        drop(pipes);
        assert!(Pipe::new().is_some());
    }
}
