//! What a client of HTTP/2 may not do to a member: floods, and connections and streams that only last.

use std::net::SocketAddr;

use crate::support::array::Array;
use crate::support::h2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Outcome, PING, RST_STREAM, Raw, SETTINGS,
    block, frame, request,
};
use crate::support::origin::Origin;
use crate::support::tls::Identity;

async fn start() -> (Origin, Identity, Array) {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    (origin, identity, array)
}

/// The same with times so short that a test can wait for them.
async fn start_impatient() -> (Origin, Identity, Array) {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_with(1, origin.address, |settings| {
        settings.tls = Some(identity.files());
        settings.limits.header = Some("300ms".parse().unwrap());
        settings.limits.idle = Some("300ms".parse().unwrap());
    })
    .await;
    (origin, identity, array)
}

/// What is sent the n-th time.
type Frames<'a> = &'a dyn Fn(u32) -> Vec<u8>;

/// Sends the same again and again until the server has had enough; how often.
async fn flood(identity: &Identity, to: SocketAddr, frames: Frames<'_>) -> u32 {
    let mut client = Raw::connect(identity, to).await;
    for i in 0..1_000_000 {
        if !client.send(&frames(i)).await {
            return i;
        }
    }
    panic!("a million was not enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_end_their_connection_and_nobody_elses() {
    let (origin, identity, array) = start().await;
    let member = array.members[0];
    let mut other = Raw::connect(&identity, member).await;
    let get = block(&request("GET", "/silent"));
    let big = block(&[("x", &"y".repeat(10_000))]);
    let ping = |_| frame(PING, 0, 0, &[0; 8]);
    let settings = |_| frame(SETTINGS, 0, 0, &[0, 4, 0, 1, 0, 0]);
    let reset = |i| {
        let stream = i * 2 + 1;
        let open = frame(HEADERS, END_HEADERS | END_STREAM, stream, &get);
        [open, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
    };
    let malformed = |i| frame(HEADERS, END_HEADERS | END_STREAM, i * 2 + 1, &[0x82]);
    let empty = |i| {
        let open = if i == 0 { frame(HEADERS, END_HEADERS, 1, &get) } else { Vec::new() };
        [open, frame(DATA, 0, 1, b"")].concat()
    };
    let endless = |i| {
        let kind = if i == 0 { HEADERS } else { CONTINUATION };
        frame(kind, 0, 1, if i == 0 { &get } else { &big })
    };
    let crumbs = |i| {
        let kind = if i == 0 { HEADERS } else { CONTINUATION };
        frame(kind, 0, 1, if i == 0 { &get } else { &[] })
    };
    let unknown = |_| frame(99, 0, 0, &[0; 100]);
    let priority = |_| frame(2, 0, 1, &[0, 0, 0, 0, 1]);
    let floods: [(&str, Frames<'_>); 9] = [
        ("ping", &ping),
        ("settings", &settings),
        ("reset", &reset),
        ("malformed", &malformed),
        ("empty", &empty),
        ("endless", &endless),
        ("crumbs", &crumbs),
        ("unknown", &unknown),
        ("priority", &priority),
    ];
    for (i, (name, frames)) in floods.into_iter().enumerate() {
        let taken = flood(&identity, member, frames).await;
        // What the sockets hold is taken, too.
        assert!(taken < 100_000, "{name}: {taken}");
        let stream = u32::try_from(i).unwrap() * 2 + 1;
        other.get(stream, &format!("/{name}")).await;
        assert_eq!(other.outcome(stream).await, Outcome::Status(200), "{name}");
    }
    // Not every stream that was reset was passed on.
    let passed = origin.arrived().iter().filter(|request| request.path() == "/silent").count();
    assert!(passed < 400, "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_more_than_64_kib_or_128_lines_is_refused() {
    let (origin, identity, array) = start().await;
    let member = array.members[0];
    let long = "y".repeat(70_000);
    let many: Vec<(String, &str)> = (0..200).map(|i| (format!("x-{i}"), "1")).collect();
    let many: Vec<(&str, &str)> =
        many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    for fields in [vec![("x", long.as_str())], many] {
        let mut all = request("GET", "/head").to_vec();
        all.extend(fields);
        let bytes = block(&all);
        let mut client = Raw::connect(&identity, member).await;
        let pieces: Vec<&[u8]> = bytes.chunks(16_000).collect();
        for (i, piece) in pieces.iter().enumerate() {
            let kind = if i == 0 { HEADERS } else { CONTINUATION };
            let first = if i == 0 { END_STREAM } else { 0 };
            let last = if i + 1 == pieces.len() { END_HEADERS } else { 0 };
            client.frame(kind, first | last, 1, piece).await;
        }
        assert_eq!(client.outcome(1).await, Outcome::Status(431));
    }
    assert!(origin.arrived().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_hundred_streams_at_once_are_refused() {
    let (origin, identity, array) = start().await;
    let mut client = Raw::connect(&identity, array.members[0]).await;
    // The limit is told in SETTINGS, and holds once they are acknowledged.
    client.get(1, "/first").await;
    assert_eq!(client.outcome(1).await, Outcome::Status(200));
    for i in 1..=101 {
        client.get(i * 2 + 1, "/silent").await;
    }
    assert_eq!(client.outcome(203).await, Outcome::Reset(7), "REFUSED_STREAM");
    assert!(origin.arrived().len() <= 101);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_streams_ends() {
    let (_origin, identity, array) = start_impatient().await;
    let member = array.members[0];
    // Not even a preface; a preface; a head that does not end; pings, and nothing else.
    Raw::bare(&identity, member).await.rest().await;
    assert!(Raw::connect(&identity, member).await.rest().await);
    let mut slow = Raw::connect(&identity, member).await;
    slow.frame(HEADERS, 0, 1, &block(&request("GET", "/slow"))).await;
    slow.rest().await;
    let mut pinging = Raw::connect(&identity, member).await;
    let mut pings = 0;
    while pinging.frame(PING, 0, 0, &[0; 8]).await && pinging.next().await.is_some() {
        pings += 1;
    }
    assert!(pings > 0);
    // One that has been used ends like those that have not.
    let mut used = Raw::connect(&identity, member).await;
    used.get(1, "/used").await;
    assert_eq!(used.outcome(1).await, Outcome::Status(200));
    assert!(used.rest().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_comes_is_not_waited_for() {
    let (_origin, identity, array) = start_impatient().await;
    let mut client = Raw::connect(&identity, array.members[0]).await;
    let mut fields = request("POST", "/slow-body").to_vec();
    fields.push(("content-length", "5"));
    client.head(1, &fields, false).await;
    client.frame(DATA, 0, 1, b"ab").await;
    assert_eq!(client.outcome(1).await, Outcome::Status(400));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_not_taken_is_reset_and_the_others_go_on() {
    let (_origin, identity, array) = start_impatient().await;
    // Windows of no byte at all: RFC 9113, section 6.9.2.
    let settings = [(4, 0)];
    let mut client = Raw::connect_with(&identity, array.members[0], &settings).await;
    client.get(1, "/stalled").await;
    assert_eq!(client.outcome(1).await, Outcome::Status(200));
    client.get(3, "/beside").await;
    assert_eq!(client.outcome(3).await, Outcome::Status(200));
    assert!(matches!(client.outcome(1).await, Outcome::Reset(_)));
}
