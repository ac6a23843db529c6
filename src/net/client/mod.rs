//! HTTP/1.1 as a client: one exchange at a time on a connection, driven by whoever waits for it.
//!
//! No task of its own, no channel and no timer: a request is written and its response read where the
//! request is handled, which is why this is not hyper's client. The grammar of heads is httparse's.

mod download;
mod outgoing;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::header::HeaderValue;
use hyper::http::response::Parts;
use hyper::{Method, StatusCode};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::io::poll_read_buf;
use tokio_util::task::TaskTracker;

pub use download::{LoneBody, UpstreamBody};
pub use outgoing::Outgoing;

use super::begun::Begun;
use super::body::BodyError;
use super::interim::Interim;
use super::message::decode::{BodyLength, Malformed};
use super::message::response::{self, Head};
use super::pipe::Pipe;
use super::reads::SMALLEST;
use super::stall::Timer;
use super::tunnel::End;
use super::turn::Turn;

/// How long a body waits for the server's 100 before it is sent all the same: not every server sends
/// one.
const CONTINUE_WAIT: Duration = Duration::from_secs(1);

/// Interim responses to one request at most.
const MOST_INTERIM: usize = 32;

/// A connection to a server, between two exchanges or in one.
#[derive(Debug)]
pub struct Connection {
    read: OwnedReadHalf,
    write: Writer,
    /// What has come and is not used.
    buffer: BytesMut,
    pub(super) timer: Timer,
}

/// The sending side of a connection.
#[derive(Debug)]
enum Writer {
    /// Nothing is being sent.
    Here(OwnedWriteHalf),
    /// A body is being sent; it comes back at its end.
    Away(oneshot::Receiver<OwnedWriteHalf>),
    /// Nothing can be sent any more.
    Gone,
}

/// Why there is no response.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The connection was closed before a byte of the request was sent.
    #[error("connection was closed before the request was sent")]
    Unsent,
    /// The connection ended before the response's head did.
    #[error("connection ended before a response")]
    Ended(#[source] Option<io::Error>),
    /// What came is not a response.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The request's body ended early.
    #[error("request body ended early")]
    Body(#[source] BodyError),
}

/// The head of a response, and what is known of the rest.
#[derive(Debug)]
pub struct Reply {
    /// Status, version and fields, as [`Head`] has them.
    pub head: Parts,
    /// Where its body ends.
    pub length: BodyLength,
    /// Whether the connection may serve another request after it.
    pub keep_alive: bool,
    /// The request's body, where the response began before it had been sent.
    pub uploading: Option<Uploading>,
    /// Whether the request's body was never sent, since the server answered without it.
    pub withheld: bool,
}

/// A request's body on its way; gives the sending side back.
pub struct Uploading(Pin<Box<dyn Future<Output = Result<OwnedWriteHalf, UploadError>> + Send>>);

impl std::fmt::Debug for Uploading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Uploading")
    }
}

/// Why a request's body was not sent to its end.
enum UploadError {
    /// It ended early.
    Body(BodyError),
    /// The server takes no more.
    Refused,
}

impl Connection {
    /// A connection over a stream on which nothing has been sent.
    pub fn new(stream: TcpStream) -> Self {
        let (read, write) = stream.into_split();
        Self { read, write: Writer::Here(write), buffer: BytesMut::new(), timer: Timer::default() }
    }

    /// Whether the server has neither closed it nor said anything, as far as is known here.
    pub fn is_idle(&self) -> bool {
        let silent = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
        matches!(self.write, Writer::Here(_))
            && self.buffer.is_empty()
            && self.read.try_read(&mut [0]).as_ref().is_err_and(silent)
    }

    /// Sends a request and waits for the head of its response, of which `hearer` gets those that come before
    /// the last; `idle` limits how long the server may refuse to take any of the body. Dropped midway, the
    /// connection is of no further use.
    ///
    /// # Errors
    /// No response, or none that can be understood.
    pub async fn send(
        &mut self,
        request: Outgoing,
        hearer: Option<Hearer<'_>>,
        idle: Duration,
    ) -> Result<Reply, SendError> {
        let Writer::Here(mut write) = std::mem::replace(&mut self.write, Writer::Gone) else {
            return Err(SendError::Unsent);
        };
        let mut heard = Heard { count: 0, by: hearer };
        let (bytes, method) = (request.head(), request.method());
        let mut sent = 0;
        if request.has_no_body() {
            // What has a body, and may not be repeated, is sent while the connection is known to be there.
            let mut turn = Turn::Due;
            poll_fn(|cx| turn.poll(cx)).await;
        }
        while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
            match write.write(rest).await {
                Ok(0) | Err(_) if sent == 0 => return Err(SendError::Unsent),
                Ok(0) | Err(_) => break,
                Ok(written) => sent += written,
            }
        }
        if request.has_no_body() {
            let head = self.final_head(method, &mut heard).await?;
            self.write = Writer::Here(write);
            return Ok(head.into());
        }
        if request.expects_continue() {
            let passage = self.passage(method, &mut heard);
            if let Ok(head) = timeout(CONTINUE_WAIT, passage).await
                && let Some(head) = head?
            {
                // Closed before the response is whole, the server might take it for an abort.
                self.write = Writer::Here(write);
                return Ok(Reply { keep_alive: false, withheld: true, ..head.into() });
            }
        }
        let method = method.clone();
        let mut uploading = request.upload(write, idle);
        let uploaded = tokio::select! {
            biased;
            uploaded = &mut uploading.0 => Some(uploaded),
            head = self.final_head(&method, &mut heard) => {
                return Ok(Reply { uploading: Some(uploading), ..head?.into() });
            }
        };
        match uploaded {
            Some(Ok(write)) => self.write = Writer::Here(write),
            Some(Err(UploadError::Body(error))) => return Err(SendError::Body(error)),
            // A server may refuse a body and tell why.
            Some(Err(UploadError::Refused)) | None => {}
        }
        Ok(self.final_head(&method, &mut heard).await?.into())
    }

    /// Waits until the server says 100, or answers for good.
    async fn passage(
        &mut self,
        method: &Method,
        heard: &mut Heard<'_>,
    ) -> Result<Option<Head>, SendError> {
        loop {
            let head = self.next_head(method, heard).await?;
            if !is_interim(head.parts.status) {
                return Ok(Some(head));
            }
            if head.parts.status == StatusCode::CONTINUE {
                return Ok(None);
            }
        }
    }

    async fn final_head(
        &mut self,
        method: &Method,
        heard: &mut Heard<'_>,
    ) -> Result<Head, SendError> {
        loop {
            let head = self.next_head(method, heard).await?;
            if !is_interim(head.parts.status) {
                return Ok(head);
            }
        }
    }

    /// The next head, interim or not. Nothing is lost if it is dropped midway.
    async fn next_head(
        &mut self,
        method: &Method,
        heard: &mut Heard<'_>,
    ) -> Result<Head, SendError> {
        let mut seen = 0;
        loop {
            if let Some(head) = response::take(&mut self.buffer, &mut seen, method)? {
                if is_interim(head.parts.status) {
                    heard.hears(&head.parts)?;
                }
                return Ok(head);
            }
            let came = poll_fn(|cx| self.poll_read(SMALLEST, cx)).await;
            if came.map_err(|error| SendError::Ended(Some(error)))? == 0 {
                return Err(SendError::Ended(None));
            }
        }
    }

    /// Reads what has come, with room for so many bytes; 0 at the end. While nothing has come it takes no
    /// room, so that those who wait for a slow server do not, and others get it while it is still in the
    /// processor's cache.
    fn poll_read(&mut self, room: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ready!(self.read.as_ref().poll_read_ready(cx))?;
        self.buffer.reserve(room);
        poll_read_buf(Pin::new(&mut self.read), cx, &mut self.buffer)
    }

    /// Puts what comes into an empty pipe, `most` bytes at most; only if nothing was read that is not used. `None`: the
    /// system does not allow it.
    fn poll_pipe(
        &mut self,
        pipe: &mut Pipe,
        most: u64,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<usize>>> {
        debug_assert!(self.buffer.is_empty(), "what was read comes first");
        pipe.poll_fill(self.read.as_ref(), most, cx)
    }

    /// A body all of which has come with its head.
    fn take_whole(&mut self, length: BodyLength) -> Option<Bytes> {
        let BodyLength::Exactly(length) = length else { return None };
        let length = usize::try_from(length).ok().filter(|length| *length <= self.buffer.len())?;
        Some(self.buffer.split_to(length).freeze())
    }

    /// Lets a body be sent in the background; its response is read meanwhile.
    pub(super) fn upload(&mut self, uploading: Uploading, tasks: &TaskTracker) {
        let (back, away) = oneshot::channel();
        self.write = Writer::Away(away);
        tasks.spawn(async move {
            match uploading.0.await {
                Ok(write) => drop(back.send(write)), // the connection may be gone
                Err(UploadError::Refused) => tracing::debug!("next hop takes no more of a body"),
                Err(UploadError::Body(error)) => tracing::debug!(%error, "request was cut off"),
            }
        });
    }

    /// Readies it for the next exchange, if it can serve one.
    pub(super) fn rested(mut self) -> Option<Self> {
        self.write = match self.write {
            Writer::Away(mut back) => Writer::Here(back.try_recv().ok()?),
            write @ (Writer::Here(_) | Writer::Gone) => write,
        };
        // An idle connection holds no buffer.
        self.buffer = if self.buffer.is_empty() { BytesMut::new() } else { self.buffer };
        self.is_idle().then_some(self)
    }

    /// The stream, once it speaks another protocol; what has come already is read first.
    pub fn into_stream(self) -> Option<impl End> {
        let write = match self.write {
            Writer::Here(write) => write,
            Writer::Away(mut back) => back.try_recv().ok()?,
            Writer::Gone => return None,
        };
        let stream = self.read.reunite(write).ok()?;
        Some(Begun::new(self.buffer.freeze(), stream, ()))
    }
}

/// Who is told of the interim responses to a request.
#[derive(Debug, Clone, Copy)]
pub struct Hearer<'a> {
    /// The client that has sent it.
    pub client: &'a Interim,
    /// What is added to `Via` on their way.
    pub via: Option<&'a HeaderValue>,
}

/// The interim responses to one request.
struct Heard<'a> {
    count: usize,
    by: Option<Hearer<'a>>,
}

impl Heard<'_> {
    fn hears(&mut self, head: &Parts) -> Result<(), Malformed> {
        self.count += 1;
        if self.count > MOST_INTERIM {
            return Err(Malformed("too many interim responses"));
        }
        // 100 is for who has asked for it.
        if let Some(Hearer { client, via }) = self.by
            && head.status != StatusCode::CONTINUE
        {
            client.send(head, via);
        }
        Ok(())
    }
}

/// Whether another response follows. 101 is the last one of its connection.
fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

impl From<Head> for Reply {
    fn from(Head { parts, length, keep_alive }: Head) -> Self {
        Self { head: parts, length, keep_alive, uploading: None, withheld: false }
    }
}
