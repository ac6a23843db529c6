//! Requests of one connection, one after another, as long as it is busy.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::Body as _;
use hyper::{Request, Response, Version};
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::connection::Connection;
use super::reply::{Reply, Sent};
use super::upload::{Pumped, Upload};
use super::watch::{Event, Watch};
use super::{LOOK, RARE_LOOK, Stream};
use crate::net::begun::Begun;
use crate::net::body::Body;
use crate::net::interim::Aside;
use crate::net::message::encode::{self, Question, Transfer};
use crate::net::message::request::{self, Head, Refused};
use crate::net::reads::SMALLEST;
use crate::net::request_body::RequestBody;
use crate::net::serve::date::date;
use crate::net::serve::{Client, Handler, Permit, Server, refusal};
use crate::net::switch::{ClientStream, Switch};

/// How long a client that goes on sending may take to read its last response, and how long it may be silent. To
/// close at once could take the response from it (RFC 9112, section 9.6).
const LINGER: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(2);

/// What a client waits for before it sends a body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection that is busy.
pub(super) struct Session<'a, H, S> {
    server: &'a Server<H>,
    connection: Connection<S>,
    peer: SocketAddr,
    permit: Permit,
    watch: Watch<'a, H>,
    aside: Arc<Aside>,
    has_served: bool,
}

/// A connection that has nothing to do.
pub(super) struct Idle<S> {
    pub(super) stream: S,
    pub(super) permit: Permit,
    /// Whether a request has come since it had something to do.
    pub(super) has_served: bool,
}

/// How a session goes on after a response.
#[derive(Debug)]
enum Next {
    /// With another request.
    Request,
    /// With another protocol.
    HandOver(oneshot::Sender<ClientStream>),
    /// Not at all.
    End,
    /// Not at all, but the client still sends.
    Linger,
    /// Not at all, and what was sent is not whole.
    Drop,
}

/// What comes instead of a request.
#[derive(Debug)]
enum NoRequest {
    /// Nothing has come for a while.
    Idle,
    /// The client, or the server, has enough.
    End,
    /// It cannot be read.
    Refused(Refused),
}

/// Whether the connection may serve another request after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KeepAlive(bool);

impl<'a, H: Handler, S: Stream> Session<'a, H, S> {
    /// Of a connection on which something has come.
    pub(super) fn new(server: &'a Server<H>, stream: S, peer: SocketAddr, permit: Permit) -> Self {
        // What has nothing to give back is looked at for the sake of the limit alone.
        let seldom = (server.limits.header / 8).clamp(LOOK, RARE_LOOK);
        let every = if S::WAITS { LOOK } else { seldom };
        Self {
            server,
            connection: Connection::new(stream, server.limits.write),
            peer,
            permit,
            watch: Watch::new(server, every),
            aside: Arc::default(),
            has_served: false,
        }
    }

    /// Answers requests until the connection has ended, or is idle: then it is returned.
    pub(super) async fn run(mut self) -> Option<Idle<S>> {
        loop {
            let next = match self.next_head().await {
                Ok(head) => {
                    self.has_served = true;
                    self.answer(head).await
                }
                Err(NoRequest::Idle) => return Some(self.rest()),
                Err(NoRequest::End) => Next::End,
                Err(NoRequest::Refused(why)) => self.refuse(why).await,
            };
            let lingers = match next {
                Next::Request => continue,
                Next::End => false,
                Next::Linger => true,
                Next::Drop => return None,
                Next::HandOver(receiver) => {
                    let Self { connection: Connection { stream, buffer, .. }, permit, .. } = self;
                    let stream = Begun::new(buffer.freeze(), stream, permit);
                    drop(receiver.send(Box::new(stream))); // who asked for it may have gone
                    return None;
                }
            };
            self.close(lingers).await;
            return None;
        }
    }

    fn rest(self) -> Idle<S> {
        let Self { connection, permit, has_served, .. } = self;
        Idle { stream: connection.stream, permit, has_served }
    }

    /// Waits for the next request.
    async fn next_head(&mut self) -> Result<Head, NoRequest> {
        let (mut seen, mut since) = (0, None);
        poll_fn(|cx| {
            loop {
                match request::take(&mut self.connection.buffer, &mut seen) {
                    Ok(Some(head)) => return Poll::Ready(Ok(head)),
                    Ok(None) => {}
                    Err(why) => return Poll::Ready(Err(NoRequest::Refused(why))),
                }
                match self.connection.poll_read(SMALLEST, cx) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Err(NoRequest::End)),
                    Poll::Pending => break,
                }
            }
            let is_silent = self.connection.buffer.is_empty();
            if self.watch.is_stopping && is_silent {
                return Poll::Ready(Err(NoRequest::End));
            }
            loop {
                match self.watch.poll(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Event::Overdue) => return Poll::Ready(Err(NoRequest::End)),
                    Poll::Ready(Event::Shutdown) => {}
                    Poll::Ready(Event::Look) => {
                        let now = Instant::now();
                        let since = *since.get_or_insert(now);
                        if S::WAITS && is_silent && since < now {
                            return Poll::Ready(Err(NoRequest::Idle));
                        }
                        if now - since >= self.server.limits.header {
                            tracing::debug!(peer = %self.peer, "client connection closed: no request in time");
                            return Poll::Ready(Err(NoRequest::End));
                        }
                    }
                }
                if self.watch.is_stopping && is_silent {
                    return Poll::Ready(Err(NoRequest::End));
                }
            }
        })
        .await
    }

    /// Has a request handled, and sends the response.
    async fn answer(&mut self, head: Head) -> Next {
        let mut question = Question::of(&head);
        let Head { parts, length, expects_continue, may_switch, .. } = head;
        let (mut upload, body) = Upload::new(length, expects_continue).unzip();
        let (hand_over, switch) = may_switch.then(Switch::http1).unzip();
        let interim = if parts.version == Version::HTTP_11 {
            Some(poll_fn(|cx| Poll::Ready(self.aside.open(cx.waker()))).await)
        } else {
            None
        };
        let request = Request::from_parts(parts, body.unwrap_or_else(RequestBody::empty));
        let client = Client { address: self.peer, interim, switch };
        let response = {
            let mut handling = pin!(self.server.handler.handle(request, client));
            poll_fn(|cx| {
                if let Poll::Ready(response) = handling.as_mut().poll(cx) {
                    return Poll::Ready(Some(response));
                }
                let ended = self.poll_client(&mut upload, cx).is_ready()
                    || self.watch.poll_overdue(cx).is_ready();
                if ended { Poll::Ready(None) } else { Poll::Pending }
            })
            .await
        };
        let Some(response) = response else {
            tracing::debug!(peer = %self.peer, "client has left before its response");
            return Next::Drop;
        };
        question.keep_alive &= !self.watch.is_stopping;
        let switches = question.switches(response.status());
        let Some(KeepAlive(keep_alive)) = self.send(response, question, &mut upload).await else {
            return Next::Drop;
        };
        let is_whole = upload.is_none_or(|upload| upload.is_whole());
        match hand_over {
            Some(receiver) if switches && is_whole => Next::HandOver(receiver),
            _ if keep_alive && is_whole => Next::Request,
            _ if is_whole && self.connection.buffer.is_empty() => Next::End,
            _ => Next::Linger,
        }
    }

    /// Does what the client's side wants while the response is not there; ready when the client has gone.
    fn poll_client(&mut self, upload: &mut Option<Upload>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if self.aside.waits() && !self.connection.is_sending() {
                self.aside.take(self.connection.put());
            }
            match self.connection.poll_send(cx) {
                Poll::Ready(Err(_gone)) => return Poll::Ready(()),
                Poll::Ready(Ok(())) if self.aside.waits() => continue,
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
            let Some(upload) = upload else { break };
            match upload.pump(&mut self.connection, cx) {
                Pumped::Continue => self.connection.put().extend_from_slice(CONTINUE),
                // Who reads it is to be heard, and will be answered.
                Pumped::Waits if upload.is_broken() => return Poll::Pending,
                Pumped::Waits => break,
            }
        }
        self.connection.poll_gone(cx)
    }

    /// Sends a response, while what the client still sends is taken; `None`: it could not be sent to its end.
    async fn send(
        &mut self,
        response: Response<Body>,
        mut question: Question,
        upload: &mut Option<Upload>,
    ) -> Option<KeepAlive> {
        if let Some(upload) = upload {
            upload.settle(&mut self.connection);
            question.keep_alive &= upload.is_open() || upload.is_whole();
        }
        let (head, body) = response.into_parts();
        self.aside.close(self.connection.put());
        let size = body.size_hint().exact();
        let (transfer, keep_alive) =
            encode::head(self.connection.put(), &head, question, size, date);
        let mut reply = Reply::new(body, transfer);
        let whole = poll_fn(|cx| {
            let sent = reply.poll(&mut self.connection, cx);
            let ended = match (sent, &mut *upload) {
                (Sent::Failed, _) => return Poll::Ready(false),
                (Sent::All, None) => return Poll::Ready(true),
                (Sent::All, Some(upload)) => {
                    if upload.poll_end(&mut self.connection, cx).is_ready() {
                        return Poll::Ready(true);
                    }
                    false
                }
                (Sent::WaitsForClient, None) => false,
                (Sent::WaitsForClient, Some(upload)) => {
                    upload.pump(&mut self.connection, cx);
                    false
                }
                (Sent::WaitsForSource, upload) => {
                    if let Some(upload) = upload {
                        upload.pump(&mut self.connection, cx);
                    }
                    self.connection.poll_gone(cx).is_ready()
                }
            };
            let ended = ended || self.watch.poll_overdue(cx).is_ready();
            if ended { Poll::Ready(false) } else { Poll::Pending }
        })
        .await;
        if !whole {
            reply.failed(self.connection.unsent());
        }
        self.connection.lane().rest();
        if !whole && transfer == Transfer::UntilClose {
            // An end that is none must not look like one.
            self.connection.stream.abort();
        }
        whole.then_some(KeepAlive(keep_alive))
    }

    async fn refuse(&mut self, why: Refused) -> Next {
        tracing::debug!(peer = %self.peer, %why, "request refused");
        let response = refusal(why.status(), &why.to_string());
        let response = self.server.handler.refused(None, self.peer.ip(), response);
        match self.send(response, Question::unread(), &mut None).await {
            Some(_) => Next::Linger,
            None => Next::Drop,
        }
    }

    /// Ends the connection, and lets a client that still sends read what it was sent.
    async fn close(mut self, lingers: bool) {
        let connection = &mut self.connection;
        let closing = async {
            if timeout(SILENCE, connection.stream.shutdown()).await.is_err() {
                return;
            }
            // What has come and was not read would reset the connection as well.
            let mut silence = if lingers { SILENCE } else { Duration::ZERO };
            loop {
                connection.buffer.clear();
                let read = poll_fn(|cx| connection.poll_read(SMALLEST, cx));
                let Ok(Ok(1..)) = timeout(silence, read).await else { return };
                silence = SILENCE;
            }
        };
        let closing = self.server.overdue.run_until_cancelled(closing);
        timeout(LINGER, closing).await.ok(); // whatever is not said by then
    }
}
