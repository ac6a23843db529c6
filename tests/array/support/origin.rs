//! An origin server that does what its paths say, and tells what arrived.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// One request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arrived {
    /// Request line and header lines, without the empty line.
    pub(crate) head: Vec<String>,
    /// The body, chunked or not.
    pub(crate) body: Vec<u8>,
    /// Trailer lines.
    pub(crate) trailers: Vec<String>,
}

impl Arrived {
    pub(crate) fn path(&self) -> &str {
        self.head[0].split(' ').nth(1).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<&str> = self.head[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .filter(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// The members that the request has been at, in order.
    pub(crate) fn via(&self) -> Vec<String> {
        let via = self.header("via").unwrap_or_default();
        via.split(", ").filter_map(|hop| hop.split(' ').nth(1)).map(str::to_owned).collect()
    }
}

/// A server on loopback; stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    arrived: Arc<Log>,
    _serving: JoinSet<()>,
}

/// What arrived, and what is served beyond the paths below.
#[derive(Debug, Default)]
struct Log {
    requests: Mutex<Vec<Arrived>>,
    more: Notify,
    /// The page at `/start`.
    start: String,
}

impl Origin {
    pub(crate) async fn start() -> Self {
        Self::with_start_page(String::new()).await
    }

    /// An origin whose `/start` is this HTML.
    pub(crate) async fn with_start_page(start: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let arrived = Arc::new(Log { start, ..Log::default() });
        let mut serving = JoinSet::new();
        let log = Arc::clone(&arrived);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                connections.spawn(serve(stream, Arc::clone(&log)));
            }
        });
        Self { address, arrived, _serving: serving }
    }

    /// All requests so far.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.requests.lock().unwrap().clone()
    }

    /// The last request for a path.
    pub(crate) fn last(&self, path: &str) -> Arrived {
        self.find(path).unwrap_or_else(|| panic!("{path} did not arrive"))
    }

    fn find(&self, path: &str) -> Option<Arrived> {
        self.arrived
            .requests
            .lock()
            .unwrap()
            .iter()
            .rev()
            .find(|request| request.path() == path)
            .cloned()
    }

    /// Waits until a request for a path has arrived.
    pub(crate) async fn until(&self, path: &str) -> Arrived {
        loop {
            let more = self.arrived.more.notified();
            if let Some(found) = self.find(path) {
                return found;
            }
            more.await;
        }
    }
}

pub(crate) type Stream = BufStream<TcpStream>;

/// Serves one connection until somebody ends it.
async fn serve(stream: TcpStream, log: Arc<Log>) {
    let mut stream = BufStream::new(stream);
    while let Some(head) = read_lines(&mut stream).await {
        let mut request = Arrived { head, ..Arrived::default() };
        let path = request.path().to_owned();
        if request.header("expect").is_some() && path.starts_with("/continue") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok();
            stream.flush().await.ok();
        }
        if path != "/refuse-body" && path != "/upgrade" {
            read_body(&mut stream, &mut request).await;
        }
        log.requests.lock().unwrap().push(request.clone());
        log.more.notify_waiters();
        let keep = if path == "/start" {
            let (kind, page) = ("text/html; charset=utf-8", &log.start);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
                page.len()
            );
            stream.write_all((head + page).as_bytes()).await.is_ok()
        } else {
            respond(&mut stream, &path, &request).await
        };
        if stream.flush().await.is_err() || !keep {
            return;
        }
    }
}

/// The lines of a head, or of trailers.
pub(crate) async fn read_lines(stream: &mut Stream) -> Option<Vec<String>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end_matches("\r\n");
        if line.is_empty() {
            return Some(lines);
        }
        lines.push(line.to_owned());
    }
}

/// The body of a request whose head was read.
pub(crate) async fn read_body(stream: &mut Stream, request: &mut Arrived) {
    if let Some(length) = request.header("content-length") {
        request.body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut request.body).await.ok();
    } else if request.header("transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            stream.read_line(&mut size).await.ok();
            let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
            if size == 0 {
                request.trailers = read_lines(stream).await.unwrap_or_default();
                return;
            }
            let mut chunk = vec![0; size + 2];
            if stream.read_exact(&mut chunk).await.is_err() {
                return;
            }
            request.body.extend_from_slice(&chunk[..size]);
        }
    }
}

/// Answers; whether the connection is kept.
async fn respond(stream: &mut Stream, path: &str, request: &Arrived) -> bool {
    let plain =
        |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = match path {
        "/chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-End: yes\r\n\r\n".to_owned(),
        "/until-close" => "HTTP/1.0 200 OK\r\n\r\nto the end".to_owned(),
        "/hop-by-hop" => "HTTP/1.1 200 OK\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=9\r\nX-Kept: 2\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "/refuse-body" => "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n".to_owned(),
        "/drop" => return false,
        "/garbage" => "this is no HTTP\r\n\r\n".to_owned(),
        "/upgrade" => {
            let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
            stream.write_all(switch.as_bytes()).await.ok();
            stream.flush().await.ok();
            echo(stream).await;
            return false;
        }
        "/silent" => {
            std::future::pending::<()>().await;
            return false;
        }
        _ if request.head[0].starts_with("HEAD") => "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n".to_owned(),
        _ => plain(&format!("{} {}", request.path(), request.body.len())),
    };
    stream.write_all(answer.as_bytes()).await.ok();
    path != "/until-close" && path != "/garbage"
}

/// Sends back whatever comes.
async fn echo(stream: &mut Stream) {
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(n) => {
                stream.write_all(&buffer[..n]).await.ok();
                stream.flush().await.ok();
            }
        }
    }
}

/// A server that echoes bytes: the far end of a tunnel.
pub(crate) async fn echo_server() -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            connections.spawn(async move { echo(&mut BufStream::new(stream)).await });
        }
    });
    (address, serving)
}
