//! What a member refuses: a forward proxy is not a way in, and no request is smuggled through it.

use crate::support::array::Array;
use crate::support::client::{Client, exchange, get};
use crate::support::origin::Origin;

#[tokio::test(flavor = "multi_thread")]
async fn doubtful_requests_are_answered_400_and_the_connection_ends() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    let smuggled = "GET http://a.test/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let post = |rest: &str| format!("POST http://a.test/x HTTP/1.1\r\nHost: a.test\r\n{rest}");
    let cases = [
        post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"),
        post("Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd"),
        post("Content-Length: +4\r\n\r\nabcd"),
        post("Content-Length : 4\r\n\r\nabcd"),
        post("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        post("Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n"),
        post("Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
        post("X: a\r\n b\r\n\r\n"),
        post("X: a\nContent-Length: 0\r\n\r\n"),
        post("X: a\0b\r\n\r\n"),
        "GET http://a.test/x HTTP/1.1\nHost: a.test\n\n".to_owned(),
        "GET http://a.test/x HTTP/1.1\r\n\r\n".to_owned(),
        "GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n".to_owned(),
        "GET http://a.test/x HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(),
        "GET http://a.test/x HTTP/1.1\r\nHost: u@a.test\r\n\r\n".to_owned(),
        "GET http://a.test:0/x HTTP/1.1\r\nHost: a.test\r\n\r\n".to_owned(),
        "GET ftp://a.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n".to_owned(),
        "CONNECT a.test HTTP/1.1\r\nHost: a.test\r\n\r\n".to_owned(),
    ];
    for case in cases {
        let reply = exchange(array.members[0], &format!("{case}{smuggled}")).await;
        assert_eq!(reply.status, 400, "{case:?} gave {reply:?}");
        assert!(!reply.body.contains("HTTP/1.1 "), "a second answer to {case:?}: {}", reply.body);
    }
    let health = crate::support::client::page(array.members[0], "/healthz").await;
    assert!(health.body.contains("\"unreadable\":11"), "{}", health.body);
    let smuggled: Vec<_> =
        origin.arrived().into_iter().filter(|request| request.path() == "/smuggled").collect();
    assert!(smuggled.is_empty(), "{smuggled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_is_refused() {
    let origin = Origin::start().await;
    let array = Array::start(1, origin.address).await;
    let many: String = (0..500).map(|i| "X-".to_owned() + &i.to_string() + ": 1\r\n").collect();
    let long = format!("X: {}\r\n", "a".repeat(200_000));
    for rows in [many, long] {
        let reply = exchange(
            array.members[0],
            &format!("GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n{rows}\r\n"),
        )
        .await;
        assert_eq!(reply.status, 431);
    }
    let long =
        format!("GET http://a.test/{} HTTP/1.1\r\nHost: a.test\r\n\r\n", "a".repeat(100_000));
    assert!([414, 431].contains(&exchange(array.members[0], &long).await.status));
}

#[tokio::test(flavor = "multi_thread")]
async fn inward_addresses_and_other_ports_are_closed_by_default() {
    let origin = Origin::start().await;
    let array = Array::start_with(1, origin.address, |settings| {
        settings.destinations.allow.clear();
        settings.access.connect_ports = None;
    })
    .await;
    let member = array.members[0];
    let at = origin.address.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "0.0.0.0",
        "2130706433",
    ] {
        let reply = get(member, &format!("http://{host}:{at}/in")).await;
        assert_eq!(reply.status, 403, "{host}");
        assert!(
            reply.header("proxy-status").unwrap().contains("destination_ip_prohibited"),
            "{host}"
        );
    }
    for (target, status) in [("a.test:22", 403), ("a.test:80", 403), ("127.0.0.1:443", 403)] {
        let reply =
            exchange(member, &format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
        assert_eq!(reply.status, status, "{target}");
    }
    assert!(origin.arrived().is_empty());
    let reply = exchange(
        member,
        "TRACE http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert_eq!(reply.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_too_slowly_is_let_go() {
    let origin = Origin::start().await;
    let array = Array::start_with(1, origin.address, |settings| {
        settings.limits.header = Some("200ms".parse().unwrap());
        settings.limits.idle = Some("200ms".parse().unwrap());
    })
    .await;
    // A head that never ends, and a body that never comes.
    let mut head = Client::connect(array.members[0]).await;
    head.send("GET http://a.test/ HTTP/1.1\r\nHost:").await;
    assert_eq!(head.rest().await, "");
    let mut body = Client::connect(array.members[0]).await;
    body.send("POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nab").await;
    assert!(body.rest().await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_counts_as_a_connection_until_it_ends() {
    let origin = Origin::start().await;
    let (echo, _serving) = crate::support::origin::echo_server().await;
    let array =
        Array::start_with(1, origin.address, |settings| settings.limits.connections = Some(1))
            .await;
    let target = format!("127.0.0.1:{}", echo.port());
    let mut tunnel = Client::connect(array.members[0]).await;
    tunnel.send(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n")).await;
    assert!(tunnel.head().await.starts_with("HTTP/1.1 200"));
    let next = get(array.members[0], "http://a.test/next");
    tokio::pin!(next);
    let echoes = async {
        for _ in 0..200 {
            tunnel.send("ping").await;
            assert_eq!(tunnel.read(4).await, "ping");
        }
    };
    tokio::select! {
        reply = &mut next => panic!("served beside the tunnel: {reply:?}"),
        () = echoes => {}
    }
    drop(tunnel);
    assert_eq!(next.await.status, 200);
}
