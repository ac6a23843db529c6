//! A client that sends exactly the bytes that a test says.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Status line and header lines.
    pub(crate) head: String,
    /// The body as it came, chunk sizes and all.
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }
}

impl Reply {
    /// The body without chunk sizes.
    pub(crate) fn content(&self) -> String {
        if self.header("transfer-encoding").is_none() {
            return self.body.clone();
        }
        let (mut content, mut rest) = (String::new(), self.body.as_str());
        while let Some((size, after)) = rest.split_once("\r\n") {
            let size = usize::from_str_radix(size, 16).unwrap().min(after.len());
            let (chunk, after) = after.split_at(size);
            content.push_str(chunk);
            rest = after.trim_start_matches("\r\n");
        }
        content
    }
}

/// What bytes are sent over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection to a server.
pub(crate) struct Client {
    stream: Box<dyn Stream>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    /// A client on a connection that is there.
    pub(crate) fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream) }
    }

    /// A client whose system takes hardly anything that it does not read.
    pub(crate) async fn connect_narrow(address: SocketAddr) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self::over(socket.connect(address).await.unwrap())
    }

    /// A client at another address of loopback.
    pub(crate) async fn connect_from(from: [u8; 4], address: SocketAddr) -> Self {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        Self::over(socket.connect(address).await.unwrap())
    }

    pub(crate) async fn send(&mut self, text: &str) {
        // The server may have had enough already.
        self.stream.write_all(text.as_bytes()).await.ok();
        self.stream.flush().await.ok();
    }

    /// Reads a head: up to the empty line.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            if self.stream.read(&mut byte).await.unwrap_or(0) == 0 {
                break;
            }
            head.extend_from_slice(&byte);
        }
        String::from_utf8(head).unwrap()
    }

    pub(crate) async fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).await.ok(); // a reset is an end, too
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One response with a Content-Length; the connection can go on.
    pub(crate) async fn reply(&mut self) -> Reply {
        let head = self.head().await;
        let mut reply = parse(&head);
        let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        reply.body = self.read(length).await;
        reply
    }
}

fn parse(head: &str) -> Reply {
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head: head.to_owned(), body: String::new() }
}

/// Sends a text on a connection of its own and reads until the server closes.
pub(crate) async fn exchange(address: SocketAddr, text: &str) -> Reply {
    let mut client = Client::connect(address).await;
    client.send(text).await;
    let all = client.rest().await;
    let (head, body) = all.split_once("\r\n\r\n").unwrap_or((&all, ""));
    Reply { body: body.to_owned(), ..parse(head) }
}

/// A GET through a proxy.
pub(crate) async fn get(proxy: SocketAddr, url: &str) -> Reply {
    let host = url.split('/').nth(2).unwrap();
    exchange(proxy, &format!("GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
        .await
}

/// A GET of a server's own page.
pub(crate) async fn page(server: SocketAddr, path: &str) -> Reply {
    exchange(
        server,
        &format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
    )
    .await
}
