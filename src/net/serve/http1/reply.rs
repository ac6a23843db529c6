//! A response on its way to the client.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::{Body as _, Frame};

use super::Stream;
use super::connection::Connection;
use super::out::Data;
use crate::net::body::{Account, Body, BodyError};
use crate::net::message::encode::{self, Transfer};

/// The body of a response, as far as it is not in the connection's hands.
#[derive(Debug)]
pub(super) struct Reply {
    /// `None`: all of it is.
    body: Option<Body>,
    /// That of a body which is in the connection's hands.
    account: Option<Account>,
    transfer: Transfer,
    /// It cannot be told to its end.
    is_broken: bool,
}

/// What a response waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing: all of it is written.
    All,
    /// Its source.
    WaitsForSource,
    /// The client.
    WaitsForClient,
    /// It, or the connection, has failed.
    Failed,
}

impl Reply {
    /// A body whose head is written before it.
    pub(super) fn new(body: Body, transfer: Transfer) -> Self {
        let body = Some(body).filter(|_| transfer != Transfer::Nothing);
        Self { body, account: None, transfer, is_broken: false }
    }

    /// Takes from the body what is there, and writes it.
    pub(super) fn poll<S: Stream>(
        &mut self,
        connection: &mut Connection<S>,
        cx: &mut Context<'_>,
    ) -> Sent {
        loop {
            self.fill(connection, cx);
            if !connection.is_sending() {
                return match self.body {
                    _ if self.is_broken => Sent::Failed,
                    Some(_) => Sent::WaitsForSource,
                    None => Sent::All,
                };
            }
            match connection.poll_send(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, "client takes no more");
                    return Sent::Failed;
                }
                Poll::Pending => return Sent::WaitsForClient,
            }
        }
    }

    fn fill<S: Stream>(&mut self, connection: &mut Connection<S>, cx: &mut Context<'_>) {
        while let Some(body) = self.body.as_mut().filter(|_| connection.has_room()) {
            if body.is_end_stream() {
                self.end(connection, None);
                continue;
            }
            if connection.stream.socket().is_some() {
                if let Some(span) = body.take_span() {
                    self.data(connection, Data::Span(span));
                    continue;
                }
                let may_be_piped = matches!(self.transfer, Transfer::Exactly(_));
                if may_be_piped
                    && body.is_worth_a_pipe()
                    && let Some(pipe) = connection.lane().open()
                {
                    match body.poll_pipe(pipe, cx) {
                        Poll::Pending => return connection.lane().rest(),
                        Poll::Ready(Some(Ok(bytes))) => {
                            if !self.take(bytes) {
                                connection.lane().close();
                            }
                        }
                        Poll::Ready(Some(Err(error))) => self.cut_off(&error),
                        Poll::Ready(None) => connection.lane().close(),
                    }
                    continue;
                }
                connection.lane().rest();
            }
            match Pin::new(body).poll_frame(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(frame))) => self.frame(connection, frame),
                Poll::Ready(None) => self.end(connection, None),
                Poll::Ready(Some(Err(error))) => self.cut_off(&error),
            }
        }
    }

    fn frame<S: Stream>(&mut self, connection: &mut Connection<S>, frame: Frame<Bytes>) {
        match frame.into_data() {
            Ok(data) => self.data(connection, Data::Bytes(data)),
            Err(frame) => self.end(connection, frame.into_trailers().ok().as_ref()),
        }
    }

    fn data<S: Stream>(&mut self, connection: &mut Connection<S>, data: Data) {
        let length = data.length();
        if length == 0 {
            return;
        }
        match &mut self.transfer {
            Transfer::Nothing => {}
            Transfer::UntilClose => connection.put_data(data, b""),
            Transfer::Chunked { .. } => {
                encode::chunk_begin(connection.put(), length);
                connection.put_data(data, encode::CHUNK_END);
            }
            Transfer::Exactly(_) => {
                if self.take(length) {
                    connection.put_data(data, b"");
                }
            }
        }
    }

    /// Counts data of a body of a known length; false if that is more than it says.
    fn take(&mut self, length: u64) -> bool {
        let Transfer::Exactly(left) = &mut self.transfer else { return true };
        let Some(rest) = left.checked_sub(length) else {
            tracing::error!("response is longer than it says");
            self.fail();
            return false;
        };
        *left = rest;
        if rest == 0 {
            self.hand_over();
        }
        true
    }

    /// Nothing more is wanted of the body; what became of it is told when it is written.
    fn hand_over(&mut self) {
        if let Some(body) = self.body.take() {
            self.account = body.into_account();
        }
    }

    /// It was not sent to its end: so many bytes that were taken from the body did not go out.
    pub(super) fn failed(mut self, unsent: u64) {
        self.hand_over();
        if let Some(account) = &mut self.account {
            account.failed(unsent);
        }
    }

    fn end<S: Stream>(&mut self, connection: &mut Connection<S>, trailers: Option<&HeaderMap>) {
        match self.transfer {
            Transfer::Exactly(1..) => {
                tracing::debug!("response ends before it is whole");
                self.fail();
            }
            Transfer::Chunked { trailers: takes } => {
                encode::last_chunk(connection.put(), trailers.filter(|_| takes));
            }
            Transfer::Nothing | Transfer::Exactly(0) | Transfer::UntilClose => {}
        }
        self.hand_over();
    }

    fn cut_off(&mut self, error: &BodyError) {
        tracing::debug!(%error, "response is cut off");
        self.fail();
    }

    fn fail(&mut self) {
        self.is_broken = true;
        self.hand_over();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use hyper::body::Body as HttpBody;
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
    use tokio::net::TcpStream;

    use super::*;
    use crate::net::tunnel::End;

    /// A client that takes all there is at once, and counts it.
    #[derive(Debug, Default)]
    struct Greedy(usize);

    impl AsyncRead for Greedy {
        fn poll_read(
            self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            _buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Greedy {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0 += bytes.len();
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    impl End for Greedy {
        fn socket(&self) -> Option<&TcpStream> {
            None
        }
    }

    impl Stream for Greedy {
        const WAITS: bool = false;

        fn poll_first(&self, _cx: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }

        fn is_quiet(&self) -> bool {
            true
        }

        fn abort(&self) {}
    }

    const PART: usize = 64 << 10;

    /// A body of so many parts that are all there.
    struct Parts(usize);

    impl HttpBody for Parts {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _cx: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
            let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
            self.0 = left;
            Poll::Ready(Some(Ok(Frame::data(vec![b'x'; PART].into()))))
        }
    }

    #[test]
    fn others_have_their_turn_while_a_client_takes_all_there_is() {
        let mut reply = Reply::new(Body::streamed(Parts(100)), Transfer::UntilClose);
        let mut connection = Connection::new(Greedy::default(), Duration::from_secs(1));
        let cx = &mut Context::from_waker(std::task::Waker::noop());
        let (mut sent, mut turns) = (Sent::WaitsForClient, Vec::new());
        while sent != Sent::All {
            let before = connection.stream.0;
            sent = reply.poll(&mut connection, cx);
            turns.push(connection.stream.0 - before);
        }
        assert_eq!(turns.iter().sum::<usize>(), 100 * PART);
        assert!(turns.iter().all(|turn| *turn < 2 << 20), "{turns:?}");
        assert!(turns.len() < 20, "{turns:?}");
    }
}
