//! Bytes both ways between two connections, unread.
//!
//! What comes is passed on before more is read; a side that waits holds no memory, and where much comes between two
//! sockets, it stays in the kernel.

#[cfg(test)]
mod tests;
mod way;

use std::fmt::Debug;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use self::way::Way;
use super::doze::Doze;
use super::stall::was_away;

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

/// Carries bytes both ways, until both sides have ended. Where one fails, sockets end with a reset: an end that is none
/// must not look like one (RFC 9113, section 8.5).
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
    let (mut silence, mut is_ups_turn) = (Silence::new(limit), false);
    let ended = poll_fn(|cx| {
        // The timer comes first, since one way may use up what tokio allows a task at a time. So the ways take turns, too.
        let is_due = Pin::new(&mut silence.timer).poll(cx).is_ready();
        is_ups_turn = !is_ups_turn;
        let (up_ended, down_ended) = if is_ups_turn {
            let up_ended = up.poll(&mut client, &mut server, cx)?;
            (up_ended, down.poll(&mut server, &mut client, cx)?)
        } else {
            let down_ended = down.poll(&mut server, &mut client, cx)?;
            (up.poll(&mut client, &mut server, cx)?, down_ended)
        };
        if up_ended.is_ready() && down_ended.is_ready() {
            let failed = up.failed.take().or_else(|| down.failed.take());
            return Poll::Ready(failed.map_or(Ok(()), Err));
        }
        if up.has_moved() | down.has_moved() {
            silence.last = Instant::now();
        }
        if !is_due {
            return Poll::Pending;
        }
        let stuck = up.stuck.into_iter().chain(down.stuck).min();
        silence.judge(stuck, cx).map(Err)
    })
    .await;
    if ended.is_err() {
        for socket in [client.socket(), server.socket()].into_iter().flatten() {
            socket.set_zero_linger().ok(); // then it looks like any other end
        }
    }
    ended
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

    /// Once the timer has ended: ready if nothing has moved for too long, or something has been stuck since `stuck` for
    /// too long; else the timer runs again.
    fn judge(&mut self, stuck: Option<Instant>, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            let now = Instant::now();
            let since = if was_away(self.due) { now } else { stuck.unwrap_or(self.last) };
            self.due = since + self.limit;
            if self.due <= now {
                let silent = "both sides are silent";
                let why = stuck.map_or(silent, |_since| "one side takes nothing");
                return Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            self.timer = timer(self.due);
            ready!(Pin::new(&mut self.timer).poll(cx));
        }
    }
}

fn timer(due: Instant) -> Doze<Sleep> {
    Doze::new(Box::pin(sleep_until(due)))
}
