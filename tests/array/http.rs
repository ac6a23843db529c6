//! HTTP/1.1 as a proxy must speak it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::support::array::Array;
use crate::support::client::{Client, exchange, get};
use crate::support::origin::Origin;
use crate::support::pages::{Page, Pages, pattern};

/// A member whose URLs of `path` are its sibling's, so that each test also crosses a hop; and one that
/// owns it itself.
async fn both(array: &Array, path: &str) -> [SocketAddr; 2] {
    let owner = array.owner(&format!("http://a.test{path}")).await;
    let other = if owner == "m1" { "m2" } else { "m1" };
    [array.member(&owner), array.member(other)]
}

#[tokio::test(flavor = "multi_thread")]
async fn chunks_and_trailers_pass_both_ways() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    for member in both(&array, "/chunked").await {
        let text = "POST http://a.test/chunked HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nTE: trailers\r\nConnection: close, TE\r\n\r\n4\r\nwiki\r\n5;x=y\r\npedia\r\n0\r\nX-Sum: 9\r\n\r\n";
        let reply = exchange(member, text).await;
        assert_eq!(reply.status, 200);
        assert_eq!(
            reply.body.replace("\r\n", "|").to_ascii_lowercase(),
            "3|abc|2|de|0|x-end: yes||"
        );
        let arrived = origin.last("/chunked");
        assert_eq!(arrived.body, b"wikipedia");
        assert_eq!(arrived.trailers, ["x-sum: 9"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_length_ends_with_its_connection_and_passes() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    for member in both(&array, "/until-close").await {
        let reply = get(member, "http://a.test/until-close").await;
        assert!(reply.body.contains("to the end"), "{reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_one_connection_end_there() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    for member in both(&array, "/hop-by-hop").await {
        let text = "GET http://u:secret@a.test/hop-by-hop HTTP/1.1\r\nHost: other.test\r\nProxy-Authorization: Basic c2VjcmV0\r\nProxy-Connection: keep-alive\r\nX-Mine: 1\r\nX-Other: 2\r\nConnection: close, X-Mine\r\n\r\n";
        let reply = exchange(member, text).await;
        assert_eq!(
            (reply.header("x-secret"), reply.header("keep-alive"), reply.header("x-kept")),
            (None, None, Some("2"))
        );
        assert!(reply.header("via").unwrap().starts_with("1.1 m"));
        let arrived = origin.last("/hop-by-hop");
        for gone in
            ["proxy-authorization", "proxy-connection", "x-mine", "connection", "authorization"]
        {
            assert_eq!(arrived.header(gone), None, "{gone}");
        }
        assert_eq!(arrived.header("x-other").as_deref(), Some("2"));
        assert_eq!(arrived.header("host").as_deref(), Some("a.test"));
        assert_eq!(arrived.head[0], "GET /hop-by-hop HTTP/1.1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_told_to_continue_only_when_the_origin_is() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    for member in both(&array, "/continue").await {
        let mut client = Client::connect(member).await;
        client.send("PUT http://a.test/continue HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").await;
        assert!(client.head().await.starts_with("HTTP/1.1 100"));
        client.send("body").await;
        assert_eq!(client.reply().await.status, 200);
        assert_eq!(origin.last("/continue").body, b"body");
    }
    for member in both(&array, "/refuse-body").await {
        let mut client = Client::connect(member).await;
        client.send("PUT http://a.test/refuse-body HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n").await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 417"), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_makes_a_tunnel_of_every_hop() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    for member in both(&array, "/upgrade").await {
        let mut client = Client::connect(member).await;
        client.send("GET http://a.test/upgrade HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n").await;
        let head = client.head().await.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101") && head.contains("upgrade: echo"), "{head}");
        client.send("ping\n").await;
        assert_eq!(client.read(5).await, "ping\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_requests_and_head_has_no_body() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    let mut client = Client::connect(array.members[0]).await;
    for i in 0..20 {
        client.send(&format!("GET http://a.test/{i} HTTP/1.1\r\nHost: a.test\r\n\r\n")).await;
        assert_eq!(client.reply().await.body, format!("/{i} 0"));
    }
    client.send("HEAD http://a.test/head HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    assert!(client.head().await.contains("content-length: 7"));
    // Two at once are answered in order.
    client.send("GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\nGET http://a.test/y HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    assert_eq!(client.reply().await.body, "/x 0");
    assert_eq!(client.reply().await.body, "/y 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_client_is_served_and_its_connection_closed() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    let reply = exchange(array.members[0], "GET http://a.test/old HTTP/1.0\r\n\r\n").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "/old 0"));
    assert!(origin.last("/old").header("via").unwrap().starts_with("1.0 m1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_may_have_a_body_of_unknown_length() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    for member in both(&array, "/search").await {
        let text = "GET http://a.test/search HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nquery\r\n0\r\n\r\n";
        assert_eq!(exchange(member, text).await.body, "/search 5");
        assert_eq!(origin.last("/search").body, b"query");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_whole_server_reach_it_as_an_asterisk() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    for member in both(&array, "/").await {
        for (target, path) in [("http://a.test", "*"), ("http://a.test/", "/")] {
            let text = format!(
                "OPTIONS {target} HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 5\r\nConnection: close\r\n\r\n"
            );
            assert_eq!(exchange(member, &text).await.status, 200);
            let arrived = origin.last(path);
            assert_eq!(arrived.head[0], format!("OPTIONS {path} HTTP/1.1"));
            let hops: usize = arrived.header("max-forwards").unwrap().parse().unwrap();
            let members = arrived.header("via").unwrap().split(',').count();
            assert_eq!(hops, 5 - members);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_may_go_no_further_is_answered_here() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    let ask = |left: u8| {
        format!(
            "OPTIONS http://a.test/x HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: {left}\r\nConnection: close\r\n\r\n"
        )
    };
    let [owner, other] = both(&array, "/x").await;
    for (member, left, arrives) in [(owner, 0, 0), (other, 1, 0), (owner, 1, 1), (other, 2, 2)] {
        assert_eq!(exchange(member, &ask(left)).await.status, 200);
        assert_eq!(origin.arrived().len(), arrives, "{left}");
    }
}

/// Asks others until a connection that was idle meanwhile has given its buffers back.
async fn while_others_ask(member: SocketAddr) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(400) {
        get(member, "http://a.test/other").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_as_good_as_before() {
    let origin = Origin::start().await;
    let array = Array::start(1, origin.address).await;
    let member = array.members[0];
    let request = "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let mut idle = Client::connect(member).await;
    let mut midway = Client::connect(member).await;
    for round in 0..2 {
        idle.send(request).await;
        assert_eq!(idle.reply().await.status, 200, "{round}");
        let (begun, rest) = request.split_at(20);
        midway.send(begun).await;
        while_others_ask(member).await;
        midway.send(rest).await;
        assert_eq!(midway.reply().await.status, 200, "{round}");
    }
    idle.send(&request.repeat(3)).await;
    for _ in 0..3 {
        assert_eq!(idle.reply().await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_whose_response_pauses_is_not_idle() {
    let origin = Pages::start().await;
    let (_array, member) = crate::support::caching::member(&origin).await;
    let body = pattern(300_000);
    origin.put("/a", Page::new(body.as_str()).pausing_at(100_000));
    let mut client = Client::connect(member).await;
    client.send("GET http://a.test/a HTTP/1.1\r\nHost: a.test\r\n\r\n").await;
    client.head().await;
    origin.put("/other", Page::fresh("other"));
    while_others_ask(member).await;
    origin.release("/a", 1);
    assert_eq!(client.read(body.len()).await, body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_goes_on_while_its_answer_is_not_read() {
    const LENGTH: usize = 4 << 20;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = listener.local_addr().unwrap();
    // Answers at once, with as much as it is sent.
    let answering = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (mut read, mut write) = stream.into_split();
        let answer = async move {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
            write.write_all(head.as_bytes()).await.unwrap();
            write.write_all(&vec![b'a'; LENGTH]).await.unwrap();
            write
        };
        let take = async move {
            let (mut taken, mut buffer) = (0, vec![0; 1 << 16]);
            while taken < LENGTH {
                match read.read(&mut buffer).await.unwrap() {
                    0 => break,
                    bytes => taken += buffer[..bytes].split(|byte| *byte == b'q').count() - 1,
                }
            }
            taken
        };
        let (_write, taken) = tokio::join!(answer, take);
        taken
    });
    let array = Array::start(1, origin).await;
    let mut client = Client::connect_narrow(array.members[0]).await;
    client
        .send(&format!("POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: {LENGTH}\r\n\r\n"))
        .await;
    // A client may read nothing until it has sent everything.
    client.send(&"q".repeat(LENGTH)).await;
    let answer = client.rest().await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && body.len() == LENGTH, "{head}: {}", body.len());
    assert_eq!(answering.await.unwrap(), LENGTH);
}
