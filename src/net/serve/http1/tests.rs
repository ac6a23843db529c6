//! What goes over one connection, against a handler that does as a test says.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::LOOK;
use crate::files::{MemoryFile, MemoryFiles, Span};
use crate::net::body::{Body, BodyError, Piped, collect};
use crate::net::pipe::Pipe;
use crate::net::request_body::RequestBody;
use crate::net::serve::{Client, Handler, ServeLimits, run};

/// Answers after a time, and tells whether the body was whole.
struct After(Duration);

impl Handler for After {
    async fn handle(&self, request: Request<RequestBody>, _client: Client) -> Response<Body> {
        let (head, body) = request.into_parts();
        match head.uri.path() {
            "/cut-off" => return Response::new(Body::streamed(CutOff(true))),
            "/in-file" => return Response::new(Body::in_file(Span::all(&memory_file()))),
            "/piped" => return Response::new(Body::piped(AllPiped::new(LONG).await)),
            "/piped-short" => return Response::new(Body::piped(AllPiped::new(LONG - 1).await)),
            "/early" => {
                TaskTracker::new().spawn(collect(body, 1 << 20));
                return Response::new(Body::full("early"));
            }
            _ => {}
        }
        let text = match head.uri.path() {
            "/unread" => "unread",
            _ if collect(body, 1 << 20).await.is_ok() => "whole",
            _ => "broken",
        };
        if !self.0.is_zero() {
            tokio::time::sleep(self.0).await;
        }
        let mut response = Response::new(Body::full(text));
        if head.method == Method::CONNECT {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
        if head.headers.contains_key("x-close") {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A body that fails after its first part.
struct CutOff(bool);

impl HttpBody for CutOff {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let is_first = std::mem::take(&mut self.0);
        let part = Ok(Frame::data(Bytes::from_static(b"part")));
        Poll::Ready(Some(if is_first { part } else { Err(BodyError::Lost) }))
    }
}

/// Bytes of a long body, all of them a letter.
const LONG: usize = 3_000_001;

fn letters(length: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(length).collect()
}

fn memory_file() -> Arc<MemoryFile> {
    Arc::new(MemoryFiles::new(1).create(&[letters(LONG).into()]).unwrap())
}

/// A body that is never read, but piped; of `LONG` bytes, as it says.
struct AllPiped {
    from: TcpStream,
    left: usize,
}

impl AllPiped {
    /// One of which so many bytes come.
    async fn new(length: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let from = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut to, _) = listener.accept().await.unwrap();
        TaskTracker::new().spawn(async move { to.write_all(&letters(length)).await });
        Self { from, left: LONG }
    }
}

impl Piped for AllPiped {
    fn is_worth_a_pipe(&mut self) -> bool {
        true
    }

    fn poll_pipe(
        &mut self,
        pipe: &mut Pipe,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<u64, BodyError>>> {
        assert_eq!(pipe.held(), 0, "it must be empty");
        let most = u64::try_from(self.left).unwrap();
        let bytes = ready!(pipe.poll_fill(&self.from, most, cx)).unwrap().unwrap();
        self.left -= bytes;
        let bytes = u64::try_from(bytes).unwrap();
        Poll::Ready(Some(if bytes == 0 { Err(BodyError::Lost) } else { Ok(bytes) }))
    }
}

impl HttpBody for AllPiped {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        panic!("it is read")
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.left).unwrap())
    }
}

/// All that a client gets that sends no more than this.
async fn answer(after: Duration, request: &str, half_closes: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ask = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (mut read, mut write) = stream.split();
        let send = async {
            // A server may refuse to take all of it.
            write.write_all(request.as_bytes()).await.ok();
            if half_closes {
                write.shutdown().await.ok();
            }
        };
        let mut answer = String::new();
        let receive = async { read.read_to_string(&mut answer).await };
        match tokio::join!(send, receive).1 {
            Ok(_) => answer,
            Err(error) => error.kind().to_string(),
        }
    };
    let (limits, shutdown) = (ServeLimits::default(), CancellationToken::new());
    tokio::select! {
        () = run(listener, Arc::new(After(after)), limits, shutdown) => String::new(),
        answer = tokio::time::timeout(Duration::from_secs(5), ask) => answer.unwrap_or_default(),
    }
}

/// The bodies of the responses in what a client got.
fn bodies(answer: &str) -> Vec<&str> {
    let mut parts = answer.split("\r\n\r\n");
    parts.next();
    parts.map(|part| part.split_once("HTTP/1.1 ").map_or(part, |(body, _)| body)).collect()
}

#[tokio::test]
async fn what_the_kernel_has_is_sent_where_it_belongs() {
    let letters = String::from_utf8(letters(LONG)).unwrap();
    let ask = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    for path in ["/in-file", "/piped"] {
        let all = [&ask(path), GET, &ask(path), LAST].concat();
        let answer = answer(AT_ONCE, &all, false).await;
        let bodies = bodies(&answer);
        assert_eq!(bodies.iter().map(|body| body.len()).collect::<Vec<_>>(), [LONG, 5, LONG, 5]);
        assert!(bodies == [&letters, "whole", &letters, "whole"], "{path}");
    }
    let cut_off = answer(AT_ONCE, &[&ask("/piped-short"), LAST].concat(), false).await;
    assert!(bodies(&cut_off) == [letters.get(..LONG - 1).unwrap()]);
}

const AT_ONCE: Duration = Duration::ZERO;
const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST: &str = "GET / HTTP/1.1\r\nHost: a\r\nX-Close: 1\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_response_that_comes_just_when_the_connection_is_looked_at_is_sent() {
    for looks in 1..4 {
        let answer = answer(LOOK * looks, LAST, false).await;
        assert!(answer.ends_with("whole"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_client_that_says_no_more_gets_what_is_there_at_once() {
    for _ in 0..50 {
        assert_eq!(bodies(&answer(AT_ONCE, GET, true).await), ["whole"]);
    }
    assert_eq!(answer(Duration::from_secs(1), GET, true).await, "");
}

#[tokio::test]
async fn what_is_cut_off_is_answered() {
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n";
    for rest in ["Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
    {
        let answer = answer(AT_ONCE, &format!("{head}{rest}"), true).await;
        assert_eq!(bodies(&answer), ["broken"], "{answer}");
        assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn requests_that_come_together_are_answered_one_after_another() {
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: x\r\n\r\n";
    let unread = "POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let upgrade = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    let requests = [GET, post, chunks, unread, upgrade, LAST, GET].concat();
    let answer = answer(AT_ONCE, &requests, false).await;
    assert_eq!(bodies(&answer), ["whole", "whole", "whole", "unread", "whole", "whole"]);
}

#[tokio::test]
async fn a_client_is_told_to_go_on_when_its_body_is_wanted() {
    let post = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        )
    };
    let told = answer(AT_ONCE, &post("/"), true).await;
    assert!(told.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"), "{told}");
    // Nobody can tell whether the client will send it then.
    let untold = answer(AT_ONCE, &post("/unread"), false).await;
    assert!(untold.starts_with("HTTP/1.1 200 OK\r\n"), "{untold}");
    assert!(untold.contains("\r\nconnection: close\r\n"), "{untold}");
    // Who does not wait need not be told.
    let early = answer(AT_ONCE, &format!("{}abc{LAST}", post("/")), false).await;
    assert_eq!(bodies(&early), ["whole", "whole"], "{early}");
}

#[tokio::test]
async fn who_is_answered_before_it_is_told_to_go_on_need_not_send_its_body() {
    let post =
        "POST /early HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 40\r\n\r\n";
    let early = answer(AT_ONCE, post, false).await;
    assert!(early.starts_with("HTTP/1.1 200 OK\r\n"), "{early}");
    assert!(early.contains("\r\nconnection: close\r\n"), "{early}");
    // Who sends it all the same has not waited.
    let begun = format!("{post}{}{LAST}", "x".repeat(40));
    assert_eq!(bodies(&answer(AT_ONCE, &begun, false).await), ["early", "whole"]);
}

#[tokio::test]
async fn a_response_that_is_cut_off_does_not_look_whole() {
    let ask = |version: &str| format!("GET /cut-off HTTP/{version}\r\nHost: a\r\n\r\n");
    assert_eq!(answer(AT_ONCE, &ask("1.0"), false).await, "connection reset");
    let chunked = answer(AT_ONCE, &ask("1.1"), false).await;
    assert!(chunked.ends_with("\r\n\r\n4\r\npart\r\n"), "{chunked:?}");
}

#[tokio::test(start_paused = true)]
async fn empty_lines_do_not_keep_a_connection() {
    let (limits, shutdown) = (ServeLimits::default(), CancellationToken::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let began = Instant::now();
    let bore = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (mut read, mut write) = stream.split();
        let keep = async {
            while write.write_all(b"\r\n").await.is_ok() {
                tokio::time::sleep(limits.header / 3).await;
            }
        };
        tokio::select! {
            () = keep => {}
            _ = read.read_u8() => {}
        }
    };
    tokio::select! {
        () = run(listener, Arc::new(After(AT_ONCE)), limits, shutdown) => {}
        () = bore => {}
    }
    assert!(began.elapsed() < limits.header * 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn who_goes_on_sending_what_nobody_wants_can_read_why() {
    let body = "x".repeat(20_000_000);
    let length = body.len();
    let post =
        format!("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}");
    let endless = format!("GET / HTTP/1.1\nHost: a\n\n{body}");
    let answer_to_post = answer(AT_ONCE, &post, false).await;
    assert_eq!(bodies(&answer_to_post), ["unread"]);
    assert!(answer_to_post.contains("\r\nconnection: close\r\n"));
    let refusal = answer(AT_ONCE, &endless, false).await;
    assert!(refusal.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{refusal}");
    assert_eq!(bodies(&refusal), ["line must end with CR LF, found LF alone\n"]);
}

#[tokio::test]
async fn an_old_client_may_keep_its_connection() {
    let ask = |fields: &str| format!("GET / HTTP/1.0\r\n{fields}\r\n");
    let both = [ask("Connection: keep-alive\r\n"), ask("")].concat();
    let kept = answer(AT_ONCE, &both, false).await;
    assert_eq!(bodies(&kept), ["whole", "whole"]);
    assert!(kept.contains("\r\nconnection: keep-alive\r\n"), "{kept}");
}

#[tokio::test]
async fn what_follows_a_refused_connect_is_no_request() {
    let connect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    let answer = answer(AT_ONCE, &[connect, GET].concat(), false).await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert_eq!(bodies(&answer).len(), 1);
}
