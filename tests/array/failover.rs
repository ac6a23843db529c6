//! Never worse than no array: who is dead costs a fallback, not an error.

use crate::support::array::Array;
use crate::support::client::{Client, exchange, get, page};
use crate::support::origin::Origin;

/// A URL whose ranking begins with these members.
async fn url_of(array: &Array, order: &[&str]) -> String {
    let router = array.router().await;
    let ranked = |url: &String| {
        let key = router.key(url);
        let names: Vec<String> =
            router.ranking(&key).iter().map(|ranked| ranked.member.name.to_string()).collect();
        names.iter().zip(order).all(|(name, wanted)| name == wanted)
    };
    (0..10_000).map(|i| format!("http://a.test/{i}")).find(ranked).unwrap()
}

fn path(url: &str) -> &str {
    url.trim_start_matches("http://a.test")
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_owner_is_dead_the_next_in_rank_serves() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    let url = url_of(&array, &["m2", "m3", "m1"]).await;
    array.stop("m2").await;
    assert_eq!(get(array.member("m1"), &url).await.status, 200);
    assert_eq!(origin.last(path(&url)).via(), ["m1", "m3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_better_members_are_dead_a_member_serves_itself() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    array.stop("m2").await;
    array.stop("m3").await;
    for order in [["m2", "m3", "m1"], ["m3", "m2", "m1"], ["m2", "m1", "m3"]] {
        let url = url_of(&array, &order).await;
        assert_eq!(get(array.member("m1"), &url).await.status, 200);
        assert_eq!(origin.last(path(&url)).via(), ["m1"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_nobody_took_goes_to_the_next_and_arrives_whole() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    let url = url_of(&array, &["m2", "m3", "m1"]).await;
    array.stop("m2").await;
    let text = format!(
        "POST {url} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\nConnection: close\r\n\r\nhello world"
    );
    assert_eq!(exchange(array.member("m1"), &text).await.status, 200);
    let arrived = origin.last(path(&url));
    assert_eq!(arrived.via(), ["m1", "m3"]);
    assert_eq!(arrived.body, b"hello world");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_falls_back_too() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    let (echo, _serving) = crate::support::origin::echo_server().await;
    let target = format!("127.0.0.1:{}", echo.port());
    array.stop(&array.owner(&target).await).await;
    for name in ["m1", "m2", "m3"]
        .into_iter()
        .filter(|name| std::net::TcpStream::connect(array.member(name)).is_ok())
    {
        let mut client = Client::connect(array.member(name)).await;
        client.send(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\nhello")).await;
        assert!(client.head().await.starts_with("HTTP/1.1 200"));
        assert_eq!(client.read(5).await, "hello");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_may_have_been_acted_on_is_not_repeated() {
    let origin = Origin::start().await;
    let array = Array::start(1, origin.address).await;
    let member = array.member("m1");
    // A kept connection that the origin drops at the next request.
    assert_eq!(get(member, "http://a.test/warm").await.status, 200);
    let text = "POST http://a.test/drop HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";
    let reply = exchange(member, text).await;
    assert_eq!(reply.status, 502);
    assert!(
        reply.header("proxy-status").unwrap().contains("error=connection_terminated"),
        "{}",
        reply.head
    );
    let times = origin.arrived().iter().filter(|request| request.path() == "/drop").count();
    assert_eq!(times, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_tell_who_is_to_blame() {
    let origin = Origin::start().await;
    let array = Array::start_with(1, origin.address, |settings| {
        settings.hosts.insert("dead.test".to_owned(), "127.0.0.1:1".to_owned());
        settings.limits.first_byte = Some("200ms".parse().unwrap());
    })
    .await;
    let member = array.member("m1");
    for (url, status, error) in [
        ("http://dead.test/", 502, "connection_refused"),
        ("http://a.test/garbage", 502, "http_protocol_error"),
        ("http://a.test/silent", 504, "http_response_timeout"),
        ("http://no.such.name.invalid/", 502, "dns_error"),
    ] {
        let reply = get(member, url).await;
        assert_eq!(reply.status, status, "{url}");
        let told = reply.header("proxy-status").unwrap();
        assert!(
            told.starts_with("m1; ") && told.contains(&format!("error={error};")),
            "{url}: {told}"
        );
    }
    let health = page(member, "/healthz").await.body;
    assert!(health.contains("\"failures\":4"), "{health}");
}
