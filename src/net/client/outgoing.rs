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
use crate::net::body::{Body, BodyError};
use crate::net::message::encode;

/// A request, its head in bytes.
#[derive(Debug)]
pub struct Outgoing {
    head: Vec<u8>,
    method: Method,
    upload: Option<Box<Upload>>,
}

/// The body of a request.
#[derive(Debug)]
struct Upload {
    body: Body,
    /// What `Content-Length` says; `None`: it goes in chunks.
    length: Option<u64>,
    /// It is held back until the server wants it.
    waits: bool,
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
        Some(Self { head, method: method.clone(), upload: None })
    }

    /// Adds a field.
    pub fn field(&mut self, name: &HeaderName, value: &HeaderValue) {
        self.text(name, value.as_bytes());
    }

    /// Adds a field whose value is known to be one.
    fn text(&mut self, name: &HeaderName, value: &[u8]) {
        encode::field(&mut self.head, name, value);
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

    /// A request with a body, of the length that a field says; without one it goes in chunks. With `wait`
    /// it is held back until the server wants it (RFC 9110, section 10.1.1).
    #[must_use]
    pub fn with_body(mut self, body: Body, said: Option<u64>, wait: bool) -> Self {
        if said.is_none() {
            self.text(&TRANSFER_ENCODING, b"chunked");
        }
        self.head.extend_from_slice(b"\r\n");
        self.upload = Some(Box::new(Upload { body, length: said, waits: wait }));
        self
    }

    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    pub(super) fn has_no_body(&self) -> bool {
        self.upload.is_none()
    }

    pub(super) fn expects_continue(&self) -> bool {
        self.upload.as_ref().is_some_and(|upload| upload.waits)
    }

    /// Sends the body; a server that takes none of it for `limit` fails it.
    pub(super) fn upload(self, write: OwnedWriteHalf, limit: Duration) -> Uploading {
        let (body, length) = match self.upload {
            Some(upload) => (upload.body, upload.length),
            None => (Body::empty(), Some(0)),
        };
        Uploading(Box::pin(upload(write, body, length, limit)))
    }
}

/// Bytes that most heads need at most.
const ROOM: usize = 1 << 10;

async fn upload(
    mut write: OwnedWriteHalf,
    mut body: Body,
    length: Option<u64>,
    limit: Duration,
) -> Result<OwnedWriteHalf, UploadError> {
    let (mut trailers, mut left) = (HeaderMap::new(), length);
    while let Some(frame) = body.frame().await {
        match frame.map_err(UploadError::Body)?.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) if left.is_none() => {
                let mut size = Vec::new();
                encode::chunk_begin(&mut size, data.len());
                let chunk = Bytes::from(size).chain(data).chain(encode::CHUNK_END);
                send(&mut write, chunk, limit).await?;
            }
            Ok(data) => {
                // One byte more or less, and the next request would begin elsewhere for the server.
                let bytes = u64::try_from(data.len()).unwrap_or(u64::MAX);
                left = left.and_then(|left| left.checked_sub(bytes));
                if left.is_none() {
                    return Err(UploadError::Body(BodyError::Lost));
                }
                send(&mut write, data, limit).await?;
            }
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    if left.is_some_and(|left| left > 0) {
        return Err(UploadError::Body(BodyError::Lost));
    }
    if length.is_none() {
        let mut end = Vec::new();
        encode::last_chunk(&mut end, Some(&trailers));
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// What a server gets of a body, if it comes to its end.
    async fn sent(body: &'static str, length: Option<u64>) -> Option<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let request = Outgoing::new(&Method::POST, "/", "a.test").unwrap();
        let request = request.with_body(Body::full(body), length, false);
        let (_read, write) = client.into_split();
        let write = request.upload(write, Duration::from_secs(5)).0.await.ok()?;
        drop(write);
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        Some(text)
    }

    #[tokio::test]
    async fn a_body_is_as_long_as_its_head_says_or_in_chunks() {
        assert_eq!(sent("hello", Some(5)).await.as_deref(), Some("hello"));
        assert_eq!(sent("hello", None).await.as_deref(), Some("5\r\nhello\r\n0\r\n\r\n"));
        assert_eq!(sent("hello", Some(4)).await, None);
        assert_eq!(sent("hello", Some(6)).await, None);
    }

    #[test]
    fn a_target_that_would_end_its_line_is_refused() {
        for (target, host) in [("/a b", "h"), ("/\r\nX: y", "h"), ("", "h"), ("/", "h\r\nX: y")] {
            assert!(Outgoing::new(&Method::GET, target, host).is_none(), "{target:?} {host:?}");
        }
    }
}
