//! Calls of the system's on a socket.

use std::io;
use std::task::{Context, Poll, ready};

use tokio::io::Interest;
use tokio::net::TcpStream;

/// Makes a call that takes something from a socket, once something is there.
pub(super) fn poll_take<T>(
    socket: &TcpStream,
    cx: &mut Context<'_>,
    mut call: impl FnMut() -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        ready!(socket.poll_read_ready(cx))?;
        match socket.try_io(Interest::READABLE, &mut call) {
            Err(error) if is_passing(&error) => {}
            done => return Poll::Ready(done),
        }
    }
}

/// Makes a call that gives something to a socket, once that takes it.
pub(super) fn poll_give<T>(
    socket: &TcpStream,
    cx: &mut Context<'_>,
    mut call: impl FnMut() -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        ready!(socket.poll_write_ready(cx))?;
        match socket.try_io(Interest::WRITABLE, &mut call) {
            Err(error) if is_passing(&error) => {}
            done => return Poll::Ready(done),
        }
    }
}

/// Whether a call is to be made again, once the socket is ready.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
