//! Requests and frames that RFC 9113 forbids: none is served, and none passes for another.

use crate::support::array::Array;
use crate::support::h2::{
    DATA, END_HEADERS, END_STREAM, HEADERS, Outcome, PING, Raw, block, frame, request,
};
use crate::support::origin::Origin;
use crate::support::tls::Identity;

/// RFC 9113, section 7.
const PROTOCOL_ERROR: u32 = 1;

type Fields = Vec<(&'static str, &'static str)>;

/// A request with further fields.
fn with(fields: &[(&'static str, &'static str)]) -> Fields {
    let mut all = request("GET", "/smuggled").to_vec();
    all.extend_from_slice(fields);
    all
}

/// A request in which this pseudo-field has another value.
fn but(name: &'static str, value: &'static str) -> Fields {
    with(&[]).into_iter().map(|(n, v)| (n, if n == name { value } else { v })).collect()
}

fn without(name: &str) -> Fields {
    with(&[]).into_iter().filter(|(found, _)| *found != name).collect()
}

fn connect(fields: &[(&'static str, &'static str)]) -> Fields {
    [&[(":method", "CONNECT")], fields].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_refused() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    let mut late = with(&[]);
    late.insert(0, ("x", "1"));
    let cases = [
        with(&[("Upper", "1")]),
        with(&[("connection", "close")]),
        with(&[("keep-alive", "timeout=5")]),
        with(&[("proxy-connection", "keep-alive")]),
        with(&[("transfer-encoding", "chunked")]),
        with(&[("upgrade", "websocket")]),
        with(&[("te", "gzip")]),
        with(&[("te", "trailers, gzip")]),
        with(&[("host", "b.test")]),
        with(&[("host", "a.test:81")]),
        with(&[("host", "a.test"), ("host", "a.test")]),
        with(&[("content-length", "5")]),
        with(&[("content-length", "+0")]),
        with(&[("content-length", "0"), ("content-length", "0")]),
        with(&[("content-length", "0, 0")]),
        with(&[("x", " a")]),
        with(&[("x", "a ")]),
        with(&[("x", "a\r\nGET /smuggled HTTP/1.1")]),
        with(&[("x", "a\nb")]),
        with(&[("x", "a\0b")]),
        with(&[("a b", "1")]),
        with(&[("a:b", "1")]),
        with(&[("", "1")]),
        with(&[(":path", "/smuggled")]),
        with(&[(":status", "200")]),
        with(&[(":unknown", "1")]),
        with(&[(":protocol", "websocket")]),
        late,
        without(":method"),
        without(":scheme"),
        without(":path"),
        but(":path", ""),
        but(":path", "smuggled"),
        but(":path", "@b.test/smuggled"),
        but(":path", "*"),
        but(":path", "/a b"),
        but(":path", "/smuggled HTTP/1.1\r\nx: y"),
        but(":authority", "u@a.test"),
        but(":authority", "a.test/x"),
        but(":authority", "a test"),
        but(":authority", ""),
        but(":authority", "a.test:0"),
        but(":scheme", "ftp"),
        but(":scheme", "https"),
        but(":scheme", "http://x"),
        but(":method", "G T"),
        connect(&[]),
        connect(&[(":authority", "a.test")]),
        connect(&[(":authority", "a.test:443"), (":path", "/")]),
        connect(&[(":authority", "a.test:443"), (":scheme", "http")]),
        connect(&[(":authority", "a.test:443"), ("host", "b.test:443")]),
    ];
    for case in cases {
        let mut client = Raw::connect(&identity, array.members[0]).await;
        client.head(1, &case, true).await;
        let outcome = client.outcome(1).await;
        assert!(outcome.is_refusal(), "{case:?} gave {outcome:?}");
    }
    // Without an authority it is the member that is asked, and it has no such page.
    let mut client = Raw::connect(&identity, array.members[0]).await;
    client.head(1, &without(":authority"), true).await;
    assert!(client.outcome(1).await.is_refusal());
    client.head(3, &request("GET", "/fine"), true).await;
    assert_eq!(client.outcome(3).await, Outcome::Status(200));
    let smuggled: Vec<_> =
        origin.arrived().into_iter().filter(|request| request.path() != "/fine").collect();
    assert!(smuggled.is_empty(), "{smuggled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_as_long_as_it_says_and_trailers_are_fields_only() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    let mut sized = request("POST", "/short").to_vec();
    sized.push(("content-length", "5"));
    let rests = [
        frame(DATA, END_STREAM, 1, b"1234"),
        frame(DATA, END_STREAM, 1, b"123456"),
        [frame(DATA, 0, 1, b"12345"), frame(DATA, END_STREAM, 1, b"6")].concat(),
        frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(&[("x", "1")])),
        [frame(DATA, 0, 1, b"12345"), frame(HEADERS, END_HEADERS, 1, &block(&[("x", "1")]))]
            .concat(),
        [
            frame(DATA, 0, 1, b"12345"),
            frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(&[("connection", "x")])),
        ]
        .concat(),
    ];
    for rest in rests {
        let mut client = Raw::connect(&identity, array.members[0]).await;
        client.head(1, &sized, false).await;
        client.send(&rest).await;
        let outcome = client.outcome(1).await;
        assert!(outcome.is_refusal(), "{rest:?} gave {outcome:?}");
    }
    // A pseudo-field among trailers goes no further, whatever h2 thinks of it.
    let mut client = Raw::connect(&identity, array.members[0]).await;
    let mut fields = request("POST", "/trailers").to_vec();
    fields.push(("trailer", "x"));
    client.head(1, &fields, false).await;
    let trailers = block(&[(":path", "/other"), ("x", "1")]);
    client.frame(HEADERS, END_STREAM | END_HEADERS, 1, &trailers).await;
    let outcome = client.outcome(1).await;
    if outcome == Outcome::Status(200) {
        assert_eq!(origin.last("/trailers").trailers, ["x: 1"]);
    } else {
        assert!(outcome.is_refusal(), "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_member_itself_answers_waits_for_the_end_of_the_request() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    let malformed = frame(HEADERS, END_STREAM | END_HEADERS, 1, &block(&[(":path", "/")]));
    for (host, status) in [("m1.test", 404), ("bank.test", 421)] {
        for (end, outcome) in [
            (frame(DATA, END_STREAM, 1, b"12345"), Outcome::Status(status)),
            (frame(DATA, END_STREAM, 1, b"1234"), Outcome::Reset(PROTOCOL_ERROR)),
            (malformed.clone(), Outcome::Reset(PROTOCOL_ERROR)),
        ] {
            let mut client = Raw::connect(&identity, array.members[0]).await;
            let fields = [
                (":method", "POST"),
                (":scheme", "https"),
                (":authority", host),
                (":path", "/"),
                ("content-length", "5"),
            ];
            client.head(1, &fields, false).await;
            client.frame(PING, 0, 0, b"12345678").await;
            loop {
                let frame = client.next().await.unwrap();
                assert_ne!(frame.kind, HEADERS, "{host}");
                if frame.kind == PING {
                    break;
                }
            }
            client.send(&end).await;
            assert_eq!(client.outcome(1).await, outcome, "{host} {end:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_begin_as_http2_ends() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    for preface in [
        "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\nand more of it",
    ] {
        let mut client = Raw::bare(&identity, array.members[0]).await;
        client.send(preface.as_bytes()).await;
        client.rest().await;
    }
    assert!(origin.arrived().is_empty());
}
