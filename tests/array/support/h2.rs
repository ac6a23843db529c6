//! HTTP/2 frame by frame: a client that sends what a test says, right or wrong.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::tls::Identity;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;

/// One frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// What became of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A response of this status.
    Status(u16),
    /// `RST_STREAM` with this code.
    Reset(u32),
    /// The connection ended.
    Closed,
}

impl Outcome {
    /// Whether the request was refused, in whatever way.
    pub(crate) fn is_refusal(self) -> bool {
        match self {
            Self::Status(status) => (400..500).contains(&status),
            Self::Reset(_) | Self::Closed => true,
        }
    }
}

/// A connection to a server.
#[derive(Debug)]
pub(crate) struct Raw {
    stream: TlsStream<TcpStream>,
    /// Whether the server said GOAWAY.
    said_goodbye: bool,
}

impl Raw {
    /// A connection whose preface and first SETTINGS are sent.
    pub(crate) async fn connect(identity: &Identity, to: SocketAddr) -> Self {
        Self::connect_with(identity, to, &[]).await
    }

    /// The same with these settings.
    pub(crate) async fn connect_with(
        identity: &Identity,
        to: SocketAddr,
        settings: &[(u16, u32)],
    ) -> Self {
        let mut client = Self::bare(identity, to).await;
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        let settings = settings.iter().flat_map(|(name, value)| {
            name.to_be_bytes().into_iter().chain(value.to_be_bytes()).collect::<Vec<_>>()
        });
        client.frame(SETTINGS, 0, 0, &settings.collect::<Vec<_>>()).await;
        client
    }

    /// A connection on which nothing is sent.
    pub(crate) async fn bare(identity: &Identity, to: SocketAddr) -> Self {
        Self { stream: identity.connect(to, &["h2"]).await, said_goodbye: false }
    }

    /// Whether the bytes were taken; the server may have had enough already.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok() && self.stream.flush().await.is_ok()
    }

    pub(crate) async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        self.send(&frame(kind, flags, stream, payload)).await
    }

    /// A whole head.
    pub(crate) async fn head(&mut self, stream: u32, fields: &[(&str, &str)], end: bool) -> bool {
        let flags = if end { END_HEADERS | END_STREAM } else { END_HEADERS };
        self.frame(HEADERS, flags, stream, &block(fields)).await
    }

    /// A GET of a URL of `a.test`.
    pub(crate) async fn get(&mut self, stream: u32, path: &str) -> bool {
        self.head(stream, &request("GET", path), true).await
    }

    /// The next frame; `None` at the end. SETTINGS and PING are acknowledged.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, id @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).await.ok()?;
        if matches!(kind, SETTINGS | PING) && flags & 1 == 0 {
            let echo = if kind == PING { payload.as_slice() } else { &[] };
            self.frame(kind, 1, 0, echo).await;
        }
        self.said_goodbye |= kind == GOAWAY;
        Some(Frame { kind, stream: u32::from_be_bytes(id), payload })
    }

    /// Reads until this stream is answered or refused.
    pub(crate) async fn outcome(&mut self, stream: u32) -> Outcome {
        while let Some(frame) = self.next().await {
            match frame.kind {
                HEADERS if frame.stream == stream => {
                    return Outcome::Status(status(&frame.payload));
                }
                RST_STREAM if frame.stream == stream => {
                    return Outcome::Reset(u32::from_be_bytes(frame.payload.try_into().unwrap()));
                }
                _ => {}
            }
        }
        Outcome::Closed
    }

    /// Reads until there is an error: its code, and whether it is of a stream. `None`: the connection ends without.
    pub(crate) async fn error(&mut self) -> Option<(u32, bool)> {
        while let Some(frame) = self.next().await {
            let code =
                |at: usize| u32::from_be_bytes(frame.payload[at..at + 4].try_into().unwrap());
            match frame.kind {
                GOAWAY => return Some((code(4), false)),
                RST_STREAM => return Some((code(0), true)),
                _ => {}
            }
        }
        None
    }

    /// Reads until the server closes; whether it ever said GOAWAY.
    pub(crate) async fn rest(&mut self) -> bool {
        while self.next().await.is_some() {}
        self.said_goodbye
    }
}

/// The fields of a request for a URL of `a.test`.
pub(crate) fn request<'a>(method: &'a str, path: &'a str) -> [(&'a str, &'a str); 4] {
    [(":method", method), (":scheme", "http"), (":authority", "a.test"), (":path", path)]
}

/// A frame's bytes.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut bytes = vec![a, b, c, kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// Fields as literals that nobody has to remember (RFC 7541, section 6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            length(&mut bytes, text.len());
            bytes.extend_from_slice(text.as_bytes());
        }
    }
    bytes
}

/// An integer with a prefix of seven bits (RFC 7541, section 5.1).
fn length(bytes: &mut Vec<u8>, length: usize) {
    if length < 127 {
        bytes.push(u8::try_from(length).unwrap());
        return;
    }
    bytes.push(127);
    let mut left = length - 127;
    while left >= 128 {
        bytes.push(u8::try_from(left % 128 + 128).unwrap());
        left /= 128;
    }
    bytes.push(u8::try_from(left).unwrap());
}

/// The status at the beginning of a response's fields: one of the static table, or three digits in
/// Huffman's code (RFC 7541, appendices A and B).
fn status(block: &[u8]) -> u16 {
    const STATIC: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    // A dynamic table may be made smaller first.
    let block = if block[0] & 0xe0 == 0x20 { &block[1..] } else { block };
    if block[0] & 0x80 != 0 {
        return STATIC[usize::from(block[0] & 0x7f) - 8];
    }
    let text = &block[2..2 + usize::from(block[1] & 0x7f)];
    if block[1] & 0x80 == 0 {
        return std::str::from_utf8(text).unwrap().parse().unwrap();
    }
    let bits = text.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    let bits = bits << (64 - text.len() * 8);
    let (mut at, mut number) = (0, 0);
    for _ in 0..3 {
        let five = bits << at >> 59;
        let (digit, size) = if five < 3 { (five, 5) } else { ((bits << at >> 58) - 0x16, 6) };
        number = number * 10 + digit;
        at += size;
    }
    number.try_into().unwrap()
}
