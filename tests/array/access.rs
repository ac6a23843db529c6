//! Who may ask for what, at every member of an array.

use crate::support::array::Array;
use crate::support::client::{Reply, exchange, get};
use crate::support::origin::{Origin, echo_server};

async fn connect(array: &Array, target: &str) -> Reply {
    let text = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
    // The answer has no end if it is a tunnel; the origin ends the connection at what is no HTTP.
    exchange(array.members[0], &(text + "bye\r\n\r\n")).await
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_are_denied_are_denied_to_urls_and_tunnels_at_every_member() {
    let origin = Origin::start().await;
    let array = Array::start_with(2, origin.address, |settings| {
        settings.destinations.deny_hosts = names(&[".evil.test"]);
    })
    .await;
    for member in &array.members {
        for host in ["evil.test", "a.EVIL.test", "a.evil.test."] {
            let reply = get(*member, &format!("http://{host}/in")).await;
            assert_eq!(reply.status, 403, "{host}");
            assert!(reply.header("proxy-status").unwrap().contains("http_request_denied"));
        }
        assert_eq!(get(*member, "http://good.test/out").await.status, 200);
    }
    assert_eq!(connect(&array, "evil.test:443").await.status, 403);
    assert!(origin.arrived().iter().all(|request| request.path() == "/out"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_list_of_hosts_no_address_is_served_in_any_spelling() {
    let origin = Origin::start().await;
    let array = Array::start_with(1, origin.address, |settings| {
        settings.destinations.allow_hosts = Some(names(&["good.test"]));
    })
    .await;
    let (member, port) = (array.members[0], origin.address.port());
    assert_eq!(get(member, "http://good.test/out").await.status, 200);
    assert_eq!(get(member, "http://a.good.test/in").await.status, 403);
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433"] {
        assert_eq!(get(member, &format!("http://{host}:{port}/in")).await.status, 403, "{host}");
    }
    assert!(origin.arrived().iter().all(|request| request.path() == "/out"));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_resolve_are_checked_as_the_addresses_they_are() {
    let origin = Origin::start().await;
    let array = Array::start_with(1, origin.address, |settings| {
        settings.destinations.allow.clear();
        settings.destinations.deny_hosts = names(&["localhost"]);
    })
    .await;
    let port = origin.address.port();
    for host in
        ["0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.1", "127.0.0.1.", "localhost"]
    {
        let reply = get(array.members[0], &format!("http://{host}:{port}/in")).await;
        // A spelling that does not resolve leads nowhere either.
        assert!([403, 502].contains(&reply.status), "{host}: {reply:?}");
        let reply = connect(&array, &format!("{host}:{port}")).await;
        assert!([403, 502].contains(&reply.status), "{host}: {reply:?}");
    }
    assert!(origin.arrived().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_and_methods_are_closed_unless_they_are_listed() {
    let origin = Origin::start().await;
    let (echo, _serving) = echo_server().await;
    let array = Array::start_with(1, origin.address, |settings| {
        (settings.access.ports, settings.access.connect_ports) = (None, None);
        settings.access.methods = Some(names(&["GET", "CONNECT"]));
    })
    .await;
    let member = array.members[0];
    for (url, status) in [
        ("http://a.test/out", 200),
        ("http://a.test:8080/out", 200),
        ("http://a.test:25/in", 403),
        ("http://a.test:22/in", 403),
    ] {
        assert_eq!(get(member, url).await.status, status, "{url}");
    }
    for method in ["POST", "PROPFIND", "TRACE", "get"] {
        let text = format!(
            "{method} http://a.test/in HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(exchange(member, &text).await.status, 403, "{method}");
    }
    assert_eq!(connect(&array, &echo.to_string()).await.status, 403);
    assert!(origin.arrived().iter().all(|request| request.path() == "/out"));
}
