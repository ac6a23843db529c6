//! Every URL goes to its owner, whoever is asked; one hop, ever.

use crate::support::array::Array;
use crate::support::client::{Client, exchange, get, page};
use crate::support::origin::{Origin, echo_server};

#[tokio::test(flavor = "multi_thread")]
async fn every_url_reaches_the_origin_through_its_owner_whoever_is_asked() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    for i in 0..30 {
        let url = format!("http://h{}.test/{i}", i % 7);
        let owner = array.owner(&url).await;
        for (asked, name) in array.members.iter().zip(["m1", "m2", "m3"]) {
            assert_eq!(get(*asked, &url).await.status, 200);
            let via = origin.last(&format!("/{i}")).via();
            let expected = if name == owner {
                vec![owner.clone()]
            } else {
                vec![name.to_owned(), owner.clone()]
            };
            assert_eq!(via, expected, "{url} asked of {name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_one_of_four_members_moves_only_its_urls() {
    let origin = Origin::start().await;
    let array = Array::start(4, origin.address).await;
    let urls: Vec<String> = (0..60).map(|i| format!("http://h.test/{i}")).collect();
    let serving = async || {
        let mut owners = Vec::new();
        for (i, url) in urls.iter().enumerate() {
            assert_eq!(get(array.member("m1"), url).await.status, 200);
            owners.push(origin.last(&format!("/{i}")).via().pop().unwrap());
        }
        owners
    };
    let before = serving().await;
    assert_eq!(array.api("DELETE", "members/m3", "").await.status, 200);
    array.settle().await;
    let after = serving().await;
    for (was, is) in before.iter().zip(&after) {
        assert!(was == is || (was == "m3" && is != "m3"), "{was} -> {is}");
    }
    assert!(before.iter().any(|name| name == "m3"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_marker_of_a_hop_stays_in_the_array_and_tells_its_table() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    for i in 0..10 {
        let text = format!(
            "GET http://a.test/{i} HTTP/1.1\r\nHost: a.test\r\nParray-Hop: forged\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(exchange(array.members[0], &text).await.status, 200);
        assert_eq!(origin.last(&format!("/{i}")).header("parray-hop"), None);
    }
    let health = page(array.members[1], "/healthz").await.body;
    assert!(health.contains("\"foreign_table\":0"), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_comes_back_is_a_loop_and_is_refused() {
    let origin = Origin::start().await;
    let array = Array::start(2, origin.address).await;
    let text = "GET http://a.test/loop HTTP/1.1\r\nHost: a.test\r\nVia: 1.1 x, 1.1 M1\r\nConnection: close\r\n\r\n";
    let reply = exchange(array.member("m1"), text).await;
    assert_eq!(reply.status, 502);
    assert!(reply.header("proxy-status").unwrap().contains("error=proxy_loop_detected"));
    // Where it has been at a sibling, it is served at once.
    let reply = exchange(array.member("m2"), text).await;
    assert_eq!(reply.status, 200);
    assert_eq!(origin.last("/loop").via(), ["x", "M1", "m2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_goes_through_the_owner_of_its_host_and_port() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    let (echo, _serving) = echo_server().await;
    let target = format!("127.0.0.1:{}", echo.port());
    let owner = array.owner(&target).await;
    for member in &array.members {
        let mut client = Client::connect(*member).await;
        client.send(&format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\nearly")).await;
        assert!(client.head().await.starts_with("HTTP/1.1 200"));
        assert_eq!(client.read(5).await, "early");
        client.send("late").await;
        assert_eq!(client.read(4).await, "late");
    }
    let health = page(array.member(&owner), "/healthz").await.body;
    assert!(health.contains("\"from_siblings\":2"), "{health}");
    assert!(health.contains("\"to_origin\":3"), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_array_that_is_off_does_not_route() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    assert_eq!(array.api("PATCH", "table", r#"{"array_enabled": false}"#).await.status, 200);
    array.settle().await;
    for i in 0..10 {
        get(array.member("m2"), &format!("http://a.test/{i}")).await;
        assert_eq!(origin.last(&format!("/{i}")).via(), ["m2"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_key_keeps_a_site_with_one_member() {
    let origin = Origin::start().await;
    let array = Array::start(3, origin.address).await;
    assert_eq!(array.api("PATCH", "table", r#"{"hash_key": "host"}"#).await.status, 200);
    array.settle().await;
    for i in 0..10 {
        get(array.member("m1"), &format!("http://site.test/{i}")).await;
    }
    let owners: Vec<_> = origin.arrived().iter().map(|request| request.via().pop()).collect();
    assert!(owners.windows(2).all(|pair| pair[0] == pair[1]), "{owners:?}");
}
