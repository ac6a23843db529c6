//! HTTP/2 from clients, as a proxy must speak it.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;

use crate::support::array::Array;
use crate::support::h2::{DATA, END_STREAM, Outcome, Raw, request};
use crate::support::origin::{Origin, echo_server};
use crate::support::tls::Identity;

type Payload = BoxBody<Bytes, Infallible>;

/// A connection whose frames hyper makes.
struct Client {
    sender: SendRequest<Payload>,
    _running: JoinSet<()>,
}

impl Client {
    async fn connect(identity: &Identity, to: SocketAddr) -> Self {
        let stream = TokioIo::new(identity.connect(to, &["h2"]).await);
        let (sender, connection) = handshake(TokioExecutor::new(), stream).await.unwrap();
        let mut running = JoinSet::new();
        running.spawn(async move { drop(connection.await) });
        Self { sender, _running: running }
    }

    async fn ask(&mut self, request: Request<Payload>) -> Response<Incoming> {
        self.sender.ready().await.unwrap();
        self.sender.send_request(request).await.unwrap()
    }

    async fn get(&mut self, url: &str) -> (u16, String) {
        let response = self.ask(asking("GET", url, empty())).await;
        let status = response.status().as_u16();
        (status, text(response).await.0)
    }
}

fn empty() -> Payload {
    Empty::new().boxed()
}

fn asking(method: &str, url: &str, body: Payload) -> Request<Payload> {
    Request::builder().method(method).uri(url).body(body).unwrap()
}

async fn text(response: Response<Incoming>) -> (String, HeaderMap) {
    let all = response.into_body().collect().await.unwrap();
    let trailers = all.trailers().cloned().unwrap_or_default();
    (String::from_utf8(all.to_bytes().to_vec()).unwrap(), trailers)
}

async fn start(count: usize) -> (Origin, Identity, Array) {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(count, origin.address, &identity).await;
    (origin, identity, array)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_passes_whole_and_via_tells_how_it_came() {
    let (origin, identity, array) = start(2).await;
    for member in &array.members {
        let mut client = Client::connect(&identity, *member).await;
        let mut get = asking("GET", "http://a.test/hop-by-hop?q=1", empty());
        get.headers_mut().append("cookie", "a=1".parse().unwrap());
        get.headers_mut().append("cookie", "b=2".parse().unwrap());
        get.headers_mut().insert("proxy-authorization", "Basic c2VjcmV0".parse().unwrap());
        let response = client.ask(get).await;
        assert_eq!(response.status(), 200);
        assert!(response.headers()["via"].to_str().unwrap().starts_with("1.1 m"));
        let arrived = origin.last("/hop-by-hop?q=1");
        assert_eq!(arrived.header("cookie").as_deref(), Some("a=1; b=2"));
        assert_eq!(arrived.header("host").as_deref(), Some("a.test"));
        assert_eq!(arrived.header("proxy-authorization"), None);
        assert!(arrived.header("via").unwrap().starts_with("2.0 m"), "{arrived:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_one_connection_end_there() {
    let (_origin, identity, array) = start(1).await;
    let mut client = Client::connect(&identity, array.members[0]).await;
    // Of an origin, and of our own: a bad request, a CONNECT that is not allowed.
    let asked = [
        asking("GET", "http://a.test/hop-by-hop", empty()),
        asking("GET", "http://a.test:0/", empty()),
        asking("GET", "ftp://a.test/", empty()),
        asking("CONNECT", "a.test:0", empty()),
        asking("GET", "http://a.test/until-close", empty()),
        asking("GET", "http://a.test/chunked", empty()),
    ];
    for request in asked {
        let what = format!("{request:?}");
        let response = client.ask(request).await;
        for gone in [
            "connection",
            "keep-alive",
            "proxy-connection",
            "transfer-encoding",
            "upgrade",
            "x-secret",
        ] {
            assert!(!response.headers().contains_key(gone), "{gone} after {what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_trailers_pass_both_ways() {
    let (origin, identity, array) = start(2).await;
    for member in &array.members {
        let mut client = Client::connect(&identity, *member).await;
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "9".parse().unwrap());
        let frames = [
            Frame::data(Bytes::from("wiki")),
            Frame::data(Bytes::from("pedia")),
            Frame::trailers(trailers),
        ];
        let frames = Frames(frames.into()).boxed();
        let mut post = asking("POST", "http://a.test/chunked", frames);
        post.headers_mut().insert("trailer", "x-sum".parse().unwrap());
        post.headers_mut().insert("te", "trailers".parse().unwrap());
        let (body, trailers) = text(client.ask(post).await).await;
        assert_eq!((body.as_str(), trailers["x-end"].to_str().unwrap()), ("abcde", "yes"));
        let arrived = origin.last("/chunked");
        assert_eq!(arrived.body, b"wikipedia");
        assert_eq!(arrived.trailers, ["x-sum: 9"]);
    }
}

/// A body of frames that come one by one.
struct Frames(VecDeque<Frame<Bytes>>);

impl hyper::body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.get_mut().0.pop_front().map(Ok))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lengths_are_kept_and_head_has_no_body() {
    let (origin, identity, array) = start(2).await;
    for member in &array.members {
        let mut client = Client::connect(&identity, *member).await;
        let large = Bytes::from(vec![b'x'; 3_000_000]);
        let put = asking("PUT", "http://a.test/large", Full::new(large.clone()).boxed());
        assert_eq!(text(client.ask(put).await).await.0, "/large 3000000");
        assert_eq!(origin.last("/large").header("content-length").as_deref(), Some("3000000"));
        assert_eq!(origin.last("/large").body, large);
        let head = client.ask(asking("HEAD", "http://a.test/head", empty())).await;
        assert_eq!(head.headers()["content-length"], "7");
        assert_eq!(text(head).await.0, "");
        for (url, status) in [
            ("https://m1.test/healthz", 200),
            ("https://m1.test/nothing", 404),
            ("https://bank.test/", 421),
        ] {
            let head = client.ask(asking("HEAD", url, empty())).await;
            assert_eq!(head.status(), status, "{url}");
            let length: u64 = head.headers()["content-length"].to_str().unwrap().parse().unwrap();
            assert!(length > 0 && text(head).await.0.is_empty(), "{url}");
        }
        assert_eq!(client.get("http://a.test/until-close").await, (200, "to the end".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_streams_are_served_at_once() {
    let (_origin, identity, array) = start(3).await;
    let client = Client::connect(&identity, array.members[0]).await;
    let mut asking_all = JoinSet::new();
    for i in 0..300 {
        let mut sender = client.sender.clone();
        asking_all.spawn(async move {
            sender.ready().await.unwrap();
            let get = asking("GET", &format!("http://a.test/{i}"), empty());
            assert_eq!(text(sender.send_request(get).await.unwrap()).await.0, format!("/{i} 0"));
        });
    }
    while let Some(ended) = asking_all.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_can_be_tunnels_beside_others() {
    let (_origin, identity, array) = start(2).await;
    let (echo, _serving) = echo_server().await;
    for member in &array.members {
        let mut client = Client::connect(&identity, *member).await;
        let mut tunnels = Vec::new();
        for _ in 0..10 {
            let opened = client.ask(asking("CONNECT", &echo.to_string(), empty())).await;
            assert_eq!(opened.status(), 200);
            tunnels.push(TokioIo::new(hyper::upgrade::on(opened).await.unwrap()));
        }
        for (i, tunnel) in tunnels.iter_mut().enumerate() {
            let said = format!("through {i}");
            tunnel.write_all(said.as_bytes()).await.unwrap();
            let mut heard = vec![0; said.len()];
            tunnel.read_exact(&mut heard).await.unwrap();
            assert_eq!(heard, said.as_bytes());
            assert_eq!(client.get("http://a.test/beside").await.0, 200);
        }
        // One side ends, and then the other.
        for tunnel in &mut tunnels {
            tunnel.shutdown().await.unwrap();
            assert_eq!(tunnel.read(&mut [0; 9]).await.unwrap(), 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn own_pages_are_https_of_the_name_in_the_certificate() {
    let (_origin, identity, array) = start(1).await;
    let mut client = Client::connect(&identity, array.members[0]).await;
    let (status, page) = client.get("https://m1.test/healthz").await;
    assert!(status == 200 && page.contains("\"role\":\"member\""), "{status} {page}");
    assert_eq!(client.get("https://127.0.0.1:3128/pat").await.0, 200);
    assert_eq!(client.get("https://bank.test/pat").await.0, 421);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expected_body_is_taken() {
    let (origin, identity, array) = start(1).await;
    let mut client = Raw::connect(&identity, array.members[0]).await;
    let mut fields = request("PUT", "/continue").to_vec();
    fields.extend([("expect", "100-continue"), ("content-length", "4")]);
    client.head(1, &fields, false).await;
    client.frame(DATA, END_STREAM, 1, b"body").await;
    assert_eq!(client.outcome(1).await, Outcome::Status(200));
    assert_eq!(origin.last("/continue").body, b"body");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_counts_as_a_connection() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_with(1, origin.address, |settings| {
        settings.tls = Some(identity.files());
        // Its own connection, one stream, and the next connection that is waited for.
        settings.limits.connections = Some(3);
    })
    .await;
    let (echo, _serving) = echo_server().await;
    let mut client = Client::connect(&identity, array.members[0]).await;
    let mut opened = client.ask(asking("CONNECT", &echo.to_string(), empty())).await;
    while opened.status() == 503 {
        // The connection that looked whether the member has its table takes its moment to end.
        opened = client.ask(asking("CONNECT", &echo.to_string(), empty())).await;
    }
    let tunnel = hyper::upgrade::on(opened).await.unwrap();
    let mut refused = client.ask(asking("GET", "http://a.test/", empty())).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
    drop(tunnel);
    while refused.status() == 503 {
        refused = client.ask(asking("GET", "http://a.test/", empty())).await;
    }
    assert_eq!(refused.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_stops_lets_its_streams_end() {
    let (origin, identity, array) = start(1).await;
    let mut client = Raw::connect(&identity, array.members[0]).await;
    client.head(1, &request("POST", "/ends"), false).await;
    client.frame(DATA, 0, 1, b"first ").await;
    array.stop("m1").await;
    client.frame(DATA, END_STREAM, 1, b"second").await;
    assert_eq!(client.outcome(1).await, Outcome::Status(200));
    assert_eq!(origin.last("/ends").body, b"first second");
    assert!(client.rest().await);
}
