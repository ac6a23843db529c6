//! The body of a request, as it comes.

use std::task::{Context, Poll};

use hyper::body::Frame;

use super::Stream;
use super::connection::Connection;
use crate::net::message::decode::{BodyLength, Decoder, Step};
use crate::net::reads::Reads;
use crate::net::request_body::{CutOff, Feed, RequestBody, Wish};

/// Bytes of a body that are read at once at most.
const LARGEST_READ: usize = 64 << 10;

/// Takes the body of a request from its connection, for whoever reads it.
#[derive(Debug)]
pub(super) struct Upload {
    feed: Feed,
    decoder: Decoder,
    reads: Reads,
    /// The client waits for 100.
    expects_continue: bool,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is more, and somebody who may want it.
    Open,
    /// There is more, and nobody wants it.
    GivenUp,
    /// All of it was taken.
    Whole,
    /// The rest never comes.
    Broken,
}

/// What the client's side has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pumped {
    /// Nothing more can be done now.
    Waits,
    /// The client is to be told to go on, before anything else.
    Continue,
}

impl Upload {
    /// The body behind a head; `None`: it is empty.
    pub(super) fn new(length: BodyLength, expects_continue: bool) -> Option<(Self, RequestBody)> {
        if length == BodyLength::Exactly(0) {
            return None;
        }
        let (feed, body) = Feed::new(length);
        let (decoder, reads) = (Decoder::new(length), Reads::up_to(LARGEST_READ));
        Some((Self { feed, decoder, reads, expects_continue, state: State::Open }, body))
    }

    /// Whether somebody may want more of it.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether all of it was taken, so that another request may follow.
    pub(super) fn is_whole(&self) -> bool {
        self.state == State::Whole
    }

    /// Whether the rest never comes.
    pub(super) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    /// Gives the reader what it wants, as far as it has come.
    pub(super) fn pump<S: Stream>(
        &mut self,
        connection: &mut Connection<S>,
        cx: &mut Context<'_>,
    ) -> Pumped {
        while self.state == State::Open {
            match self.feed.wish(cx) {
                Wish::Nothing => break,
                Wish::GivenUp => self.state = State::GivenUp,
                Wish::More => match self.decoder.step(&mut connection.buffer) {
                    Ok(Step::More) if connection.has_ended => self.fail(CutOff::Gone),
                    Ok(Step::More) if self.expects_continue && connection.buffer.is_empty() => {
                        self.expects_continue = false;
                        return Pumped::Continue;
                    }
                    Ok(Step::More) => {
                        match connection.poll_read(self.reads.room(self.decoder.left()), cx) {
                            Poll::Ready(Ok(bytes)) => self.reads.came(bytes),
                            // It has ended for us.
                            Poll::Ready(Err(_)) => {}
                            Poll::Pending => break,
                        }
                    }
                    Ok(Step::Data(data)) => {
                        self.decoder.look_for_end(&mut connection.buffer);
                        self.give(Some(Frame::data(data)));
                    }
                    Ok(Step::Trailers(trailers)) => self.give(Some(Frame::trailers(trailers))),
                    Ok(Step::End) => self.give(None),
                    Err(malformed) => self.fail(CutOff::Malformed(malformed)),
                },
            }
        }
        Pumped::Waits
    }

    fn give(&mut self, frame: Option<Frame<bytes::Bytes>>) {
        let is_last = self.decoder.has_ended();
        if is_last {
            self.state = State::Whole;
        }
        self.feed.give(frame.map(Ok), is_last);
    }

    fn fail(&mut self, why: CutOff) {
        self.state = State::Broken;
        self.feed.give(Some(Err(why)), true);
    }

    /// Looks, as its response begins or has ended, whether another request can follow: not if nobody wants what the
    /// client has not sent yet.
    pub(super) fn settle<S: Stream>(&mut self, connection: &mut Connection<S>) {
        if self.state == State::Open && self.feed.is_given_up() {
            self.state = State::GivenUp;
        }
        if self.state == State::Open && self.expects_continue {
            if connection.buffer.is_empty() {
                // Who is answered before it is told to go on need not send a body any more, and may send another
                // request instead (RFC 9110, section 10.1.1).
                self.fail(CutOff::Unsent);
            }
            self.expects_continue = false;
        }
        // What has come already is passed over.
        while self.state == State::GivenUp {
            match self.decoder.step(&mut connection.buffer) {
                Ok(Step::Data(_)) => self.decoder.look_for_end(&mut connection.buffer),
                Ok(Step::Trailers(_) | Step::End) => {}
                Ok(Step::More) => return,
                Err(_malformed) => self.state = State::Broken,
            }
            if self.decoder.has_ended() {
                self.state = State::Whole;
            }
        }
    }

    /// Ready when nobody wants more of it.
    pub(super) fn poll_end<S: Stream>(
        &mut self,
        connection: &mut Connection<S>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        self.pump(connection, cx);
        self.settle(connection);
        if self.is_open() { Poll::Pending } else { Poll::Ready(()) }
    }
}
