//! What one client may take of a member.

use crate::support::array::Array;
use crate::support::client::{Client, get, page};
use crate::support::origin::Origin;

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let origin = Origin::start().await;
    let array = Array::start_with(1, origin.address, |settings| {
        settings.limits.client_requests = Some("2/h".parse().unwrap());
    })
    .await;
    let request = "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let mut client = Client::connect_from([127, 0, 0, 2], array.members[0]).await;
    for status in [200, 200, 429, 429] {
        client.send(request).await;
        let reply = client.reply().await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.header("retry-after"), (status == 429).then_some("1800"));
    }
    let mut other = Client::connect_from([127, 0, 0, 3], array.members[0]).await;
    other.send(request).await;
    assert_eq!(other.reply().await.status, 200);
    // The address of a member.
    for _ in 0..4 {
        assert_eq!(get(array.members[0], "http://a.test/").await.status, 200);
    }
    assert!(page(array.members[0], "/healthz").await.body.contains("\"too_often\":2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_own_pages_can_be_asked_for_at_any_rate() {
    let origin = Origin::start().await;
    let array = Array::start_with(1, origin.address, |settings| {
        settings.limits.client_requests = Some("1/h".parse().unwrap());
    })
    .await;
    let mut client = Client::connect_from([127, 0, 0, 2], array.members[0]).await;
    for _ in 0..3 {
        client.send("GET /healthz HTTP/1.1\r\nHost: m\r\n\r\n").await;
        assert_eq!(client.reply().await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_too_many_connections_gets_no_more_until_one_ends() {
    let origin = Origin::start().await;
    let array = Array::start_with(1, origin.address, |settings| {
        settings.limits.client_connections = Some(2);
    })
    .await;
    let member = array.members[0];
    let request = "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut client = Client::connect_from([127, 0, 0, 2], member).await;
        client.send(request).await;
        assert_eq!(client.reply().await.status, 200);
        open.push(client);
    }
    assert_eq!(Client::connect_from([127, 0, 0, 2], member).await.rest().await, "");
    for _ in 0..4 {
        assert_eq!(get(member, "http://a.test/").await.status, 200, "the address of a member");
    }
    let mut other = Client::connect_from([127, 0, 0, 3], member).await;
    other.send(request).await;
    assert_eq!(other.reply().await.status, 200);
    open.pop();
    loop {
        // The end of a connection takes its moment.
        let mut client = Client::connect_from([127, 0, 0, 2], member).await;
        client.send(request).await;
        if client.head().await.starts_with("HTTP/1.1 200") {
            break;
        }
    }
    assert!(page(member, "/healthz").await.body.contains("\"turned_away\":"));
}
