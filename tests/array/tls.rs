//! TLS from clients: on the port of the plain ones, with a certificate that can be renewed.

use std::net::SocketAddr;

use parray::config::{MemberConfig, file};
use rustls::version::{TLS12, TLS13};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant};

use crate::support::array::{Array, settings};
use crate::support::client::{Client, get, page};
use crate::support::origin::{Origin, echo_server};
use crate::support::tls::{Identity, connect};

fn get_of(path: &str) -> String {
    format!("GET http://a.test{path} HTTP/1.1\r\nHost: a.test\r\n\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_plain_clients_share_a_port() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(2, origin.address, &identity).await;
    for member in &array.members {
        for version in [&TLS12, &TLS13] {
            let tls = connect(&identity.client_of(&["http/1.1"], &[version]), *member).await;
            let mut client = Client::over(tls.unwrap());
            for i in 0..5 {
                client.send(&get_of(&format!("/{i}"))).await;
                assert_eq!(client.reply().await.body, format!("/{i} 0"));
            }
            client.send("GET /healthz HTTP/1.1\r\nHost: m1.test\r\n\r\n").await;
            assert_eq!(client.reply().await.status, 200);
        }
        assert_eq!(get(*member, "http://a.test/plain").await.body, "/plain 0");
        let mut quiet = Client::over(identity.connect(*member, &[]).await);
        quiet.send(&get_of("/no-alpn")).await;
        assert_eq!(quiet.reply().await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_passes_through_tls() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let (echo, _serving) = echo_server().await;
    let array = Array::start_tls(2, origin.address, &identity).await;
    for member in &array.members {
        let mut client = Client::over(identity.connect(*member, &["http/1.1"]).await);
        client.send(&format!("CONNECT {echo} HTTP/1.1\r\nHost: {echo}\r\n\r\n")).await;
        assert!(client.head().await.starts_with("HTTP/1.1 200"));
        client.send("through").await;
        assert_eq!(client.read(7).await, "through");
    }
}

/// Asks for the health again and again until it says this.
async fn until(member: SocketAddr, word: &str) {
    while !page(member, "/healthz").await.body.contains(word) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_used_and_open_connections_stay() {
    let (origin, mut identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    let member = array.members[0];
    let before = identity.client(&["http/1.1"]);
    let mut open = Client::over(connect(&before, member).await.unwrap());
    open.send(&get_of("/before")).await;
    assert_eq!(open.reply().await.status, 200);
    identity.renew();
    // Certificate and key are two files: a look between the two finds no pair, and the next one does.
    until(member, "\"replaced\":1").await;
    let fresh = identity.client(&["http/1.1"]);
    assert!(connect(&fresh, member).await.is_ok());
    open.send(&get_of("/after")).await;
    assert_eq!(open.reply().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_certificate_leaves_the_old_one_in_use() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    let member = array.members[0];
    let good = std::fs::read(&identity.certificate).unwrap();
    let other = std::fs::read(&Identity::new().certificate).unwrap();
    for (i, bad) in [b"".as_slice(), b"garbage", &other].into_iter().enumerate() {
        std::fs::write(&identity.certificate, bad).unwrap();
        until(member, &format!("\"refused\":{}", i + 1)).await;
        assert!(connect(&identity.client(&["http/1.1"]), member).await.is_ok());
    }
    std::fs::write(&identity.certificate, good).unwrap();
    until(member, "\"replaced\":1").await;
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_by_its_file() {
    let (identity, other) = (Identity::new(), Identity::new());
    let origin = SocketAddr::from(([127, 0, 0, 1], 9));
    let refused = |certificate: &std::path::Path, key: &std::path::Path| {
        let mut settings = settings("m1", origin);
        settings.master = Some("http://127.0.0.1:9".to_owned());
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        settings.tls = Some(file::TlsFile { certificate, key });
        MemberConfig::try_from(settings).unwrap_err().to_string()
    };
    let (certificate, key) = (identity.certificate.as_path(), identity.key.as_path());
    let missing = key.with_file_name("missing.pem");
    let cases = [
        (refused(&missing, key), "missing.pem: No such file"),
        (refused(certificate, &missing), "missing.pem: No such file"),
        (refused(key, key), "key.pem: must hold the certificate and its chain as PEM, found none"),
        (
            refused(certificate, certificate),
            "cert.pem: must hold one private key as PEM, found none",
        ),
        (refused(certificate, &other.key), "found that of another"),
    ];
    for (text, expected) in cases {
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_opens_and_says_nothing_is_let_go() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_with(1, origin.address, |settings| {
        settings.tls = Some(identity.files());
        settings.limits.header = Some("200ms".parse().unwrap());
        settings.limits.connections = Some(1);
    })
    .await;
    let member = array.members[0];
    let limit = Duration::from_millis(200);
    let start = Instant::now();
    // Nothing at all; a handshake that stops; a handshake, and nothing more.
    let mut silent = TcpStream::connect(member).await.unwrap();
    assert_eq!(silent.read(&mut [0; 9]).await.unwrap(), 0);
    let mut halfway = Client::connect(member).await;
    halfway.send("\x16\x03\x01\x02").await;
    assert_eq!(halfway.rest().await, "");
    let mut idle = identity.connect(member, &["http/1.1"]).await;
    let mut nothing = Vec::new();
    idle.read_to_end(&mut nothing).await.ok(); // a reset is an end, too
    assert!(nothing.is_empty());
    // One after the other: each counted as a connection while it said nothing.
    assert!(start.elapsed() >= limit * 3);
    assert_eq!(get(member, "http://a.test/then").await.status, 200);
}
