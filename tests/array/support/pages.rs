//! An origin whose answers a test writes: fields, body, and where it waits or breaks off.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use super::origin::{Arrived, read_body, read_lines};

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    Length,
    Chunked,
    /// HTTP/1.0: where the connection ends.
    UntilClose,
}

/// What a path answers.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    status: u16,
    fields: Vec<(String, String)>,
    body: Arc<str>,
    framing: Framing,
    held: bool,
    pauses_at: Option<usize>,
    breaks_at: Option<usize>,
    news: Vec<(String, String)>,
    echoes: Option<&'static str>,
    numbered: bool,
    ranged: bool,
}

impl Page {
    /// 200 with a body and its length, and nothing else.
    pub(crate) fn new(body: impl Into<Arc<str>>) -> Self {
        Self {
            status: 200,
            fields: Vec::new(),
            body: body.into(),
            framing: Framing::Length,
            held: false,
            pauses_at: None,
            breaks_at: None,
            news: Vec::new(),
            echoes: None,
            numbered: false,
            ranged: false,
        }
    }

    /// The same, fresh for a minute.
    pub(crate) fn fresh(body: impl Into<Arc<str>>) -> Self {
        Self::new(body).with("Cache-Control", "max-age=60")
    }

    /// One that came a second too old, and can be validated; with more directives.
    pub(crate) fn stale(body: impl Into<Arc<str>>, more: &str) -> Self {
        Self::new(body)
            .with("Cache-Control", &format!("max-age=10{more}"))
            .with("Age", "11")
            .with("ETag", "\"1\"")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn framed(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    /// Its head waits for a release.
    pub(crate) fn held(self) -> Self {
        Self { held: true, ..self }
    }

    /// Its body waits for a release after so many bytes.
    pub(crate) fn pausing_at(self, bytes: usize) -> Self {
        Self { pauses_at: Some(bytes), ..self }
    }

    /// The connection ends after so many bytes of the body.
    pub(crate) fn breaking_at(self, bytes: usize) -> Self {
        Self { breaks_at: Some(bytes), ..self }
    }

    /// A field of its 304, which has those of the 200 if there is none.
    pub(crate) fn news(mut self, name: &str, value: &str) -> Self {
        self.news.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Its body ends with the value of this field of the request.
    pub(crate) fn echoing(self, field: &'static str) -> Self {
        Self { echoes: Some(field), ..self }
    }

    /// Its body ends with the number of the request for its path, from 1.
    pub(crate) fn numbered(self) -> Self {
        Self { numbered: true, ..self }
    }

    /// `Range: bytes=first-last` is answered with 206, unless `If-Range` names another tag.
    pub(crate) fn ranged(self) -> Self {
        Self { ranged: true, ..self }
    }

    fn field(&self, name: &str) -> Option<String> {
        let found = self.fields.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone())
    }

    /// The status, the fields and the body for one request.
    fn to(&self, request: &Arrived, number: usize) -> (u16, Vec<(String, String)>, String) {
        let mut fields = self.fields.clone();
        let tag = self.field("etag");
        if tag.is_some() && request.header("if-none-match") == tag {
            let news = if self.news.is_empty() { fields } else { self.news.clone() };
            return (304, news, String::new());
        }
        let mut body = self.body.to_string();
        if let Some(name) = self.echoes {
            body.push_str(&request.header(name).unwrap_or_default());
        }
        if self.numbered {
            body.push_str(&number.to_string());
        }
        let same = request.header("if-range").is_none_or(|said| Some(said) == tag);
        let range = request.header("range").filter(|_| self.ranged && same);
        let Some((first, last)) = range.as_deref().and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            Some((first.parse::<usize>().ok()?, last.parse::<usize>().ok()?))
        }) else {
            return (self.status, fields, body);
        };
        let whole = format!("bytes {first}-{last}/{}", body.len());
        fields.push(("Content-Range".to_owned(), whole));
        (206, fields, body[first..=last].to_owned())
    }
}

/// The origin; stops when it is dropped.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    serving: JoinSet<()>,
}

#[derive(Debug, Default)]
struct State {
    pages: Mutex<HashMap<String, Page>>,
    gates: Mutex<HashMap<String, Arc<Semaphore>>>,
    arrived: Mutex<Vec<Arrived>>,
    more: Notify,
}

impl Pages {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let mut serving = JoinSet::new();
        let shared = Arc::clone(&state);
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { address, state, serving }
    }

    /// What a path answers from now on.
    pub(crate) fn put(&self, path: &str, page: Page) {
        self.state.pages.lock().unwrap().insert(path.to_owned(), page);
    }

    /// Lets so many go on that wait at a path, now or later.
    pub(crate) fn release(&self, path: &str, count: usize) {
        self.state.gate(path).add_permits(count);
    }

    /// The requests for a path, in their order.
    pub(crate) fn arrived(&self, path: &str) -> Vec<Arrived> {
        let arrived = self.state.arrived.lock().unwrap();
        arrived.iter().filter(|request| request.path() == path).cloned().collect()
    }

    /// How many requests for a path there were.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.arrived(path).len()
    }

    /// Waits until there were so many.
    pub(crate) async fn until(&self, path: &str, count: usize) {
        loop {
            let more = self.state.more.notified();
            if self.count(path) >= count {
                return;
            }
            more.await;
        }
    }

    /// Nobody listens any more when this returns.
    pub(crate) async fn stop(mut self) {
        self.serving.shutdown().await;
        while TcpStream::connect(self.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

impl State {
    fn gate(&self, path: &str) -> Arc<Semaphore> {
        let mut gates = self.gates.lock().unwrap();
        Arc::clone(gates.entry(path.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(0))))
    }

    async fn wait(&self, path: &str) {
        self.gate(path).acquire().await.unwrap().forget();
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let mut stream = BufStream::new(stream);
    while let Some(head) = read_lines(&mut stream).await {
        let mut request = Arrived { head, ..Arrived::default() };
        read_body(&mut stream, &mut request).await;
        let path = request.path().to_owned();
        let page = state.pages.lock().unwrap().get(&path).cloned();
        let page = page.unwrap_or_else(|| Page::new("no such page").status(404));
        let number = {
            let mut arrived = state.arrived.lock().unwrap();
            arrived.push(request.clone());
            arrived.iter().filter(|request| request.path() == path).count()
        };
        state.more.notify_waiters();
        if page.held {
            state.wait(&path).await;
        }
        if !answer(&mut stream, &page, &request, number, &state).await
            || stream.flush().await.is_err()
        {
            return;
        }
    }
}

/// Answers; whether the connection is kept.
async fn answer(
    stream: &mut BufStream<TcpStream>,
    page: &Page,
    request: &Arrived,
    number: usize,
    state: &State,
) -> bool {
    let (status, fields, body) = page.to(request, number);
    let version = if page.framing == Framing::UntilClose { "1.0" } else { "1.1" };
    let mut head = format!("HTTP/{version} {status} As Written\r\n");
    for (name, value) in fields {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    if status != 304 {
        match page.framing {
            Framing::Length => write!(head, "Content-Length: {}\r\n", body.len()).unwrap(),
            Framing::Chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
            Framing::UntilClose => {}
        }
    }
    stream.write_all((head + "\r\n").as_bytes()).await.ok();
    if status == 304 || request.head[0].starts_with("HEAD") {
        return true;
    }
    let end = page.breaks_at.unwrap_or(body.len()).min(body.len());
    let pause = page.pauses_at.unwrap_or(end).min(end);
    send(stream, page.framing, &body.as_bytes()[..pause]).await;
    if page.pauses_at.is_some() {
        stream.flush().await.ok();
        state.wait(request.path()).await;
    }
    send(stream, page.framing, &body.as_bytes()[pause..end]).await;
    if page.breaks_at.is_some() || page.framing == Framing::UntilClose {
        stream.flush().await.ok();
        return false;
    }
    if page.framing == Framing::Chunked {
        stream.write_all(b"0\r\n\r\n").await.ok();
    }
    true
}

async fn send(stream: &mut BufStream<TcpStream>, framing: Framing, bytes: &[u8]) {
    if framing != Framing::Chunked {
        stream.write_all(bytes).await.ok(); // who is gone is gone
        return;
    }
    for chunk in bytes.chunks(50_000) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.ok();
        stream.write_all(chunk).await.ok();
        stream.write_all(b"\r\n").await.ok();
    }
}

/// A body of so many bytes, no two stretches of it alike.
pub(crate) fn pattern(length: usize) -> String {
    let mut text = String::with_capacity(length + 16);
    let mut number = 0_u64;
    while text.len() < length {
        write!(text, "{number:x} ").unwrap();
        number += 1;
    }
    text.truncate(length);
    text
}
