//! Interim responses (RFC 9110, section 15.2).

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::support::array::Array;
use crate::support::caching::{ask, is_hit, settled};
use crate::support::client::{Client, get};
use crate::support::origin::{Stream, read_lines};

const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nKeep-Alive: x\r\n\r\n";

fn whole(body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// An origin that sends what a test gives it, a text at a time; an empty one is for the next request.
struct Scripted {
    address: SocketAddr,
    say: mpsc::UnboundedSender<String>,
    _serving: JoinSet<()>,
}

impl Scripted {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (say, said) = mpsc::unbounded_channel::<String>();
        let said = Arc::new(Mutex::new(said));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let mut stream = Stream::new(listener.accept().await.unwrap().0);
                let said = Arc::clone(&said);
                connections.spawn(async move {
                    while read_lines(&mut stream).await.is_some() {
                        let mut said = said.lock().await;
                        while let Some(text) = said.recv().await.filter(|text| !text.is_empty()) {
                            stream.write_all(text.as_bytes()).await.ok();
                            stream.flush().await.ok();
                        }
                    }
                });
            }
        });
        Self { address, say, _serving: serving }
    }

    /// What answers the next request.
    fn say(&self, texts: &[&str]) {
        for text in texts.iter().chain(&[""]) {
            self.say_on(text);
        }
    }

    fn say_on(&self, text: &str) {
        self.say.send(text.to_owned()).unwrap();
    }
}

fn asking(url: &str) -> String {
    format!("GET {url} HTTP/1.1\r\nHost: a.test\r\n\r\n")
}

/// A request that is not stored, nor shared.
fn authorized(url: &str) -> String {
    format!("GET {url} HTTP/1.1\r\nHost: a.test\r\nAuthorization: Basic YTpi\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_before_their_response_through_all_members_and_from_a_shared_fetch() {
    let origin = Scripted::start().await;
    let array = Array::start(2, origin.address).await;
    for (i, request) in [asking, authorized].into_iter().enumerate() {
        for (j, member) in array.members.iter().enumerate() {
            let mut client = Client::connect(*member).await;
            client.send(&request(&format!("http://a.test/{i}{j}"))).await;
            origin.say_on("HTTP/1.1 100 Continue\r\n\r\n");
            origin.say_on(HINTS);
            // The response has not been sent yet.
            let hints = client.head().await;
            assert!(
                hints.starts_with("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\nvia: "),
                "{hints}"
            );
            assert!(!hints.contains("keep-alive"), "{hints}");
            origin.say(&[&whole("hello")]);
            let reply = client.reply().await;
            assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
            assert_eq!(reply.header("link"), None);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_stand_between_responses_whatever_comes_together() {
    let origin = Scripted::start().await;
    let array = Array::start(1, origin.address).await;
    let large = "x".repeat(3_000_000);
    let both = [HINTS, "HTTP/1.1 102 Processing\r\n\r\n", &whole("hello")].concat();
    origin.say(&[&whole(&large)]);
    origin.say(&[&both]);
    origin.say(&[&both]);
    let mut client = Client::connect(array.members[0]).await;
    // One after another, before anything was read.
    for url in ["http://a.test/1", "http://a.test/2", "http://a.test/3"] {
        client.send(&authorized(url)).await;
    }
    assert_eq!(client.reply().await.body.len(), large.len());
    for _ in 0..2 {
        assert!(client.head().await.starts_with("HTTP/1.1 103 "));
        assert!(client.head().await.starts_with("HTTP/1.1 102 "));
        let reply = client.reply().await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "hello"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http_1_0_gets_none_and_none_is_stored() {
    let origin = Scripted::start().await;
    let array = Array::start(1, origin.address).await;
    origin.say(&[HINTS, &whole("hello")]);
    let mut client = Client::connect(array.members[0]).await;
    client.send("GET http://a.test/ HTTP/1.0\r\nHost: a.test\r\n\r\n").await;
    let all = client.rest().await;
    assert!(all.starts_with("HTTP/1.1 200 OK\r\n") && all.ends_with("\r\n\r\nhello"), "{all}");
    settled(array.members[0]).await;
    let hit = get(array.members[0], "http://a.test/").await;
    assert!(is_hit(&hit) && hit.status == 200 && hit.header("link").is_none(), "{}", hit.head);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_origin_that_sends_nothing_else_is_given_up() {
    let origin = Scripted::start().await;
    let array = Array::start(1, origin.address).await;
    origin.say(&vec![HINTS; 200]);
    let fields = "Authorization: Basic YTpi\r\n";
    let reply = ask(array.members[0], "GET", "http://a.test/", fields).await;
    let last = reply.body.rsplit("HTTP/1.1 ").find(|head| head.starts_with("502"));
    assert!(reply.status == 103 && last.is_some(), "{} {}", reply.head, reply.body);
}
