//! Follows an HTTP/2 connection frame by frame: which streams are open, and how much of what a client
//! sends is of use.
//!
//! hyper and h2 bound what such a connection holds: streams, header lists, CONTINUATION frames, one PING
//! and one SETTINGS to answer at a time. They do not bound the work: a client may open streams and reset
//! them (CVE-2023-44487), have them reset by us (CVE-2025-8671), or send frames that ask for nothing
//! (CVE-2019-9512, 9515, 9518), as fast as it can. So frames that are no request and no body cost
//! credit, and who has none left is let go. Nor do they close a connection that is not used, which only
//! who knows its streams can. Pure: bytes and time in, verdict out.

use std::collections::HashMap;

use tokio::time::Instant;

/// What stands before the first frame of a client (RFC 9113, section 3.4); hyper looks at the bytes.
const PREFACE: u32 = 24;

/// Credit of a connection at its start, and at most.
const CREDIT: u32 = 2000;

/// Credit that comes back in a second.
const CREDIT_PER_SECOND: u128 = 100;

/// Bytes sent for which one credit comes back: who takes a body must say that there is room for more.
const SENT_PER_CREDIT: u64 = 1024;

/// Credit that comes back with a request: browsers tell or change its priority.
const REQUEST: u32 = 2;

/// What a stream costs that is reset, by whomever: it may have been passed on already.
const RESET: u32 = 10;

/// Streams that are followed at the same time: hyper serves far fewer, and resets the others.
const FOLLOWED: usize = 4096;

/// Why a connection is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flood {
    /// No credit is left.
    #[error("too many frames that are no request and no body")]
    Frames,
    /// More streams at the same time than are followed.
    #[error("too many streams")]
    Streams,
}

/// Follows one connection, both ways.
#[derive(Debug)]
pub struct Frames {
    received: Cut,
    sent: Cut,
    /// Streams by number.
    open: HashMap<u32, Ends>,
    /// The highest number so far: a stream is opened once.
    last: u32,
    /// Whether a head has begun that goes on in CONTINUATION frames.
    unfinished: bool,
    /// Since when the client owes a request.
    owed_since: Option<Instant>,
    credit: u32,
    credited: Instant,
    sent_bytes: u64,
}

/// Which sides of a stream have ended.
#[derive(Debug, Default, Clone, Copy)]
struct Ends {
    client: bool,
    server: bool,
}

/// Cuts one direction into frames.
#[derive(Debug)]
struct Cut {
    head: [u8; 9],
    filled: usize,
    /// Bytes of a payload that are still to come.
    skip: u32,
}

/// The head of a frame (RFC 9113, section 4.1).
#[derive(Debug, Clone, Copy)]
struct Head {
    length: u32,
    kind: u8,
    flags: u8,
    stream: u32,
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

impl Frames {
    /// A connection that began just now.
    pub fn new(now: Instant) -> Self {
        Self {
            received: Cut::after(PREFACE),
            sent: Cut::after(0),
            open: HashMap::new(),
            last: 0,
            unfinished: false,
            owed_since: Some(now),
            credit: CREDIT,
            credited: now,
            sent_bytes: 0,
        }
    }

    /// Looks at what the client sent.
    ///
    /// # Errors
    /// A client that asks for too much that is of no use.
    pub fn receive(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), Flood> {
        while let Some(head) = self.received.next(&mut bytes) {
            self.received_frame(head, now)?;
        }
        self.settle(now);
        Ok(())
    }

    /// Looks at what was sent to the client.
    ///
    /// # Errors
    /// A client that makes us reset too many streams.
    pub fn send(&mut self, mut bytes: &[u8], now: Instant) -> Result<(), Flood> {
        self.sent_bytes += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let earned = self.sent_bytes / SENT_PER_CREDIT;
        self.sent_bytes %= SENT_PER_CREDIT;
        self.earn(u32::try_from(earned).unwrap_or(u32::MAX));
        while let Some(head) = self.sent.next(&mut bytes) {
            match head.kind {
                DATA | HEADERS if head.ends_stream() => {
                    self.end(head.stream, |ends| ends.server = true);
                }
                RST_STREAM => {
                    self.open.remove(&head.stream);
                    self.spend(RESET, now)?;
                }
                _ => {}
            }
        }
        self.settle(now);
        Ok(())
    }

    /// Since when no stream is open, or a head is not finished; `None` while the client owes nothing.
    pub fn owed_since(&self) -> Option<Instant> {
        self.owed_since
    }

    fn received_frame(&mut self, head: Head, now: Instant) -> Result<(), Flood> {
        match head.kind {
            DATA if head.length == 0 && !head.ends_stream() => self.spend(1, now)?,
            DATA => {}
            HEADERS => {
                self.unfinished = !head.ends_headers();
                if head.stream > self.last {
                    if self.open.len() >= FOLLOWED {
                        return Err(Flood::Streams);
                    }
                    self.last = head.stream;
                    self.open.insert(head.stream, Ends::default());
                    self.earn(REQUEST);
                }
            }
            RST_STREAM => {
                self.open.remove(&head.stream);
                self.spend(RESET, now)?;
            }
            CONTINUATION => {
                self.unfinished = !head.ends_headers();
                self.spend(1, now)?;
            }
            // PING, SETTINGS, WINDOW_UPDATE, PRIORITY, GOAWAY and what is not known.
            _ => self.spend(1, now)?,
        }
        if matches!(head.kind, DATA | HEADERS) && head.ends_stream() {
            self.end(head.stream, |ends| ends.client = true);
        }
        Ok(())
    }

    fn end(&mut self, stream: u32, mark: fn(&mut Ends)) {
        if let Some(ends) = self.open.get_mut(&stream) {
            mark(ends);
            if ends.client && ends.server {
                self.open.remove(&stream);
            }
        }
    }

    fn settle(&mut self, now: Instant) {
        let owed = self.open.is_empty() || self.unfinished;
        self.owed_since = owed.then(|| self.owed_since.unwrap_or(now));
    }

    fn earn(&mut self, credit: u32) {
        self.credit = self.credit.saturating_add(credit).min(CREDIT);
    }

    fn spend(&mut self, cost: u32, now: Instant) -> Result<(), Flood> {
        let earned = (now - self.credited).as_millis() * CREDIT_PER_SECOND / 1000;
        if earned > 0 {
            self.credited = now;
            self.earn(u32::try_from(earned).unwrap_or(u32::MAX));
        }
        self.credit = self.credit.checked_sub(cost).ok_or(Flood::Frames)?;
        Ok(())
    }
}

impl Cut {
    fn after(skip: u32) -> Self {
        Self { head: [0; 9], filled: 0, skip }
    }

    /// The next head that is complete; its payload is passed over as it comes.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<Head> {
        loop {
            let here = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            *bytes = bytes.get(here..).unwrap_or_default();
            self.skip -= u32::try_from(here).unwrap_or(self.skip);
            let (byte, rest) = bytes.split_first()?;
            *bytes = rest;
            if let Some(place) = self.head.get_mut(self.filled) {
                *place = *byte;
            }
            self.filled += 1;
            if self.filled == self.head.len() {
                self.filled = 0;
                let [a, b, c, kind, flags, id @ ..] = self.head;
                self.skip = u32::from_be_bytes([0, a, b, c]);
                let stream = u32::from_be_bytes(id) & (u32::MAX >> 1);
                return Some(Head { length: self.skip, kind, flags, stream });
            }
        }
    }
}

impl Head {
    fn ends_stream(self) -> bool {
        self.flags & END_STREAM != 0
    }

    fn ends_headers(self) -> bool {
        self.flags & END_HEADERS != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const PING: u8 = 6;

    fn frame(kind: u8, flags: u8, stream: u32, length: usize) -> Vec<u8> {
        let [_, a, b, c] = u32::try_from(length).unwrap().to_be_bytes();
        let mut bytes = vec![a, b, c, kind, flags];
        bytes.extend(stream.to_be_bytes());
        bytes.resize(9 + length, 0);
        bytes
    }

    fn begun(now: Instant) -> Frames {
        let mut frames = Frames::new(now);
        frames.receive(&[0; 24], now).unwrap();
        frames
    }

    #[test]
    fn a_client_owes_a_request_while_no_stream_is_open_however_the_bytes_are_cut() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for size in [1, 2, 9, 10, 1000] {
            let mut frames = begun(start);
            let mut both = |received: &[Vec<u8>], sent: &[Vec<u8>], now| {
                for part in received.concat().chunks(size) {
                    frames.receive(part, now).unwrap();
                }
                for part in sent.concat().chunks(size) {
                    frames.send(part, now).unwrap();
                }
                frames.owed_since()
            };
            assert_eq!(both(&[frame(4, 0, 0, 6)], &[frame(4, 0, 0, 6)], at(1)), Some(start));
            let open = both(&[frame(HEADERS, END_HEADERS, 1, 20)], &[], at(2));
            assert_eq!(open, None);
            let both_open = both(&[frame(HEADERS, END_HEADERS | END_STREAM, 3, 20)], &[], at(3));
            assert_eq!(both_open, None);
            let ends = [frame(HEADERS, END_HEADERS, 3, 5), frame(DATA, END_STREAM, 3, 700)];
            assert_eq!(both(&[frame(DATA, END_STREAM, 1, 300)], &ends, at(4)), None);
            let end = [frame(HEADERS, END_HEADERS | END_STREAM, 1, 5)];
            assert_eq!(both(&[], &end, at(5)), Some(at(5)));
            // A head that never ends is no request yet.
            assert_eq!(both(&[frame(HEADERS, 0, 5, 20)], &[], at(6)), Some(at(5)));
            assert_eq!(both(&[frame(CONTINUATION, END_HEADERS, 5, 20)], &[], at(7)), None);
            assert_eq!(both(&[frame(RST_STREAM, 0, 5, 4)], &[], at(8)), Some(at(8)));
        }
    }

    /// How many times a client may send this at once.
    fn times(bytes: &[Vec<u8>]) -> u32 {
        let now = Instant::now();
        let mut frames = begun(now);
        let mut times = 0;
        while frames.receive(&bytes.concat(), now).is_ok() {
            times += 1;
        }
        times
    }

    #[test]
    fn frames_that_ask_for_nothing_are_limited() {
        assert_eq!(times(&[frame(PING, 0, 0, 8)]), CREDIT);
        assert_eq!(times(&[frame(DATA, 0, 1, 0)]), CREDIT);
        assert_eq!(times(&[frame(77, 0, 1, 100)]), CREDIT);
    }

    #[test]
    fn streams_that_are_reset_are_limited_by_whomever() {
        let (now, mut frames) = (Instant::now(), begun(Instant::now()));
        let mut resets = 0;
        let mut rapid = |frames: &mut Frames| {
            resets += 1;
            let stream = resets * 2 + 1;
            frames.receive(&frame(HEADERS, END_HEADERS | END_STREAM, stream, 9), now)?;
            frames.receive(&frame(RST_STREAM, 0, stream, 4), now)
        };
        while rapid(&mut frames).is_ok() {}
        assert!((200..300).contains(&resets), "{resets}");
        let mut frames = begun(now);
        let mut refused = 0;
        while frames.send(&frame(RST_STREAM, 0, 1, 4), now).is_ok() {
            refused += 1;
        }
        assert_eq!(refused, CREDIT / RESET);
    }

    #[test]
    fn who_takes_a_body_may_say_so_and_time_heals() {
        let now = Instant::now();
        let mut frames = begun(now);
        for i in 0..10_000 {
            frames.send(&frame(DATA, 0, 1, 16_384), now).unwrap();
            frames.receive(&frame(8, 0, i % 2, 4), now).unwrap();
        }
        for second in 0..1000 {
            let now = now + Duration::from_secs(second);
            frames.receive(&frame(PING, 0, 0, 8).repeat(90), now).unwrap();
        }
    }
}
