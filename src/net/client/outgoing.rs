//! A request on its way to a server.

use std::time::Duration;

use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::{HeaderMap, Method};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::timeout;

use super::{UploadError, Uploading};
use crate::net::body::Body;
use crate::net::headers::may_trail;

/// A request, its head in bytes.
#[derive(Debug)]
pub struct Outgoing {
    head: Vec<u8>,
    method: Method,
    body: Body,
    framing: Framing,
    expects_continue: bool,
}

/// How the end of a request's body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// There is no body.
    None,
    /// `Content-Length` tells it.
    Length,
    Chunked,
}

impl Outgoing {
    /// A request line, with `target` in the form that the server wants, and `Host`. `None` if one of the two
    /// cannot stand there.
    pub fn new(method: &Method, target: &str, host: &str) -> Option<Self> {
        let fits = |text: &str| text.bytes().all(|byte| byte > b' ' && byte != 0x7f);
        if target.is_empty() || !fits(target) || !fits(host) {
            return None;
        }
        let mut head = Vec::with_capacity(ROOM);
        let line = [method.as_str(), " ", target, " HTTP/1.1\r\nhost: ", host, "\r\n"];
        for part in line {
            head.extend_from_slice(part.as_bytes());
        }
        let (body, framing) = (Body::empty(), Framing::None);
        Some(Self { head, method: method.clone(), body, framing, expects_continue: false })
    }

    /// Adds a field.
    pub fn field(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.text(name, value.as_bytes());
    }

    /// Adds a field whose value is known to be one.
    fn text(&mut self, name: &HeaderName, value: &[u8]) {
        self.head.extend_from_slice(name.as_str().as_bytes());
        self.head.extend_from_slice(b": ");
        self.head.extend_from_slice(value);
        self.head.extend_from_slice(b"\r\n");
    }

    /// A request without a body. Where one would mean something, it says that it is empty (RFC 9110,
    /// section 8.6); `said` tells that a field does already.
    #[must_use]
    pub fn without_body(mut self, said: bool) -> Self {
        if !said && matches!(self.method, Method::POST | Method::PUT | Method::PATCH) {
            self.text(&CONTENT_LENGTH, b"0");
        }
        self.head.extend_from_slice(b"\r\n");
        self
    }

    /// A request with a body; `said` tells that a field says how long it is, else it goes in chunks. With
    /// `wait` it is held back until the server wants it (RFC 9110, section 10.1.1).
    #[must_use]
    pub fn with_body(mut self, body: Body, said: bool, wait: bool) -> Self {
        self.framing = if said { Framing::Length } else { Framing::Chunked };
        if !said {
            self.text(&TRANSFER_ENCODING, b"chunked");
        }
        self.head.extend_from_slice(b"\r\n");
        Self { body, expects_continue: wait, ..self }
    }

    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    pub(super) fn has_no_body(&self) -> bool {
        self.framing == Framing::None
    }

    pub(super) fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// Sends the body; a server that takes none of it for `limit` fails it.
    pub(super) fn upload(self, write: OwnedWriteHalf, limit: Duration) -> Uploading {
        let chunked = self.framing == Framing::Chunked;
        Uploading(Box::pin(upload(write, self.body, chunked, limit)))
    }
}

/// Bytes that most heads need at most.
const ROOM: usize = 1 << 10;

async fn upload(
    mut write: OwnedWriteHalf,
    mut body: Body,
    chunked: bool,
    limit: Duration,
) -> Result<OwnedWriteHalf, UploadError> {
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        match frame.map_err(UploadError::Body)?.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) if chunked => {
                let size = Bytes::from(format!("{:x}\r\n", data.len()));
                send(&mut write, size.chain(data).chain(&b"\r\n"[..]), limit).await?;
            }
            Ok(data) => send(&mut write, data, limit).await?,
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    if chunked {
        let mut end = b"0\r\n".to_vec();
        for (name, value) in trailers.iter().filter(|(name, _)| may_trail(name)) {
            end.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        end.extend_from_slice(b"\r\n");
        send(&mut write, Bytes::from(end), limit).await?;
    }
    Ok(write)
}

/// Sends all of it; the limit is on silence.
async fn send(
    write: &mut OwnedWriteHalf,
    mut bytes: impl Buf,
    limit: Duration,
) -> Result<(), UploadError> {
    while bytes.has_remaining() {
        match timeout(limit, write.write_buf(&mut bytes)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) | Err(_) => return Err(UploadError::Refused),
        }
    }
    Ok(())
}
