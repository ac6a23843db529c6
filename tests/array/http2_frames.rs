//! What RFC 9113 requires of a server when a client's frames are wrong: section, frames, and the error. Requests
//! that are malformed (section 8) are in `http2_malformed.rs`, limits in `http2_limits.rs`.

use crate::support::array::Array;
use crate::support::h2::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PADDED, PING, PRIORITY,
    PUSH_PROMISE, RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, block, frame, request,
};
use crate::support::origin::Origin;
use crate::support::tls::Identity;

/// RFC 9113, section 7.
const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const COMPRESSION_ERROR: u32 = 9;

/// What the frames come to.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The connection ends with this error.
    Connection(u32),
    /// The stream does, or the connection (section 5.4).
    Stream(u32),
}

use Fault::{Connection, Stream};

fn setting(name: u16, value: u32) -> Vec<u8> {
    let payload = [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
    frame(SETTINGS, 0, 0, &payload)
}

/// Frames on a connection on which stream 1 is open and stream 3 was asked for whole.
fn faults() -> Vec<(&'static str, Vec<u8>, Fault)> {
    let head = block(&request("GET", "/x"));
    let most = 0x7fff_ffff_u32.to_be_bytes();
    vec![
        ("4.2", frame(DATA, 0, 1, &vec![0; 16_385]), Stream(FRAME_SIZE_ERROR)),
        ("4.2", frame(HEADERS, END_HEADERS, 5, &vec![0; 16_385]), Connection(FRAME_SIZE_ERROR)),
        (
            "4.3",
            frame(HEADERS, END_HEADERS | END_STREAM, 5, &[0xbf]),
            Connection(COMPRESSION_ERROR),
        ),
        (
            "4.3",
            frame(HEADERS, END_HEADERS | END_STREAM, 5, &[0xff; 6]),
            Connection(COMPRESSION_ERROR),
        ),
        ("5.1, idle", frame(DATA, 0, 7, b"x"), Connection(PROTOCOL_ERROR)),
        ("5.1, idle", frame(RST_STREAM, 0, 7, &[0; 4]), Connection(PROTOCOL_ERROR)),
        ("5.1, idle", frame(WINDOW_UPDATE, 0, 7, &[0, 0, 0, 1]), Connection(PROTOCOL_ERROR)),
        ("5.1, half-closed", frame(DATA, END_STREAM, 3, b"x"), Stream(STREAM_CLOSED)),
        ("5.1, half-closed", frame(HEADERS, 5, 3, &head), Stream(STREAM_CLOSED)),
        (
            "5.1, closed",
            [frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), frame(DATA, 0, 1, b"x")].concat(),
            Stream(STREAM_CLOSED),
        ),
        ("5.1.1", frame(HEADERS, 5, 2, &head), Connection(PROTOCOL_ERROR)),
        (
            "5.1.1",
            [frame(HEADERS, 5, 9, &head), frame(HEADERS, 5, 7, &head)].concat(),
            Connection(PROTOCOL_ERROR),
        ),
        ("6.1", frame(DATA, 0, 0, b"x"), Connection(PROTOCOL_ERROR)),
        ("6.1", frame(DATA, PADDED, 1, &[2, 0]), Connection(PROTOCOL_ERROR)),
        ("6.2", frame(HEADERS, END_HEADERS, 0, &head), Connection(PROTOCOL_ERROR)),
        ("6.2", frame(HEADERS, 5 | PADDED, 5, &[9, 0]), Connection(PROTOCOL_ERROR)),
        ("6.2", frame(HEADERS, 5 | PADDED, 5, &[]), Connection(FRAME_SIZE_ERROR)),
        ("6.3", frame(PRIORITY, 0, 1, &[0; 4]), Stream(FRAME_SIZE_ERROR)),
        ("6.3", frame(PRIORITY, 0, 0, &[0; 5]), Connection(PROTOCOL_ERROR)),
        ("6.4", frame(RST_STREAM, 0, 0, &[0; 4]), Connection(PROTOCOL_ERROR)),
        ("6.4", frame(RST_STREAM, 0, 1, &[0; 3]), Connection(FRAME_SIZE_ERROR)),
        ("6.5", frame(SETTINGS, 1, 0, &[0; 6]), Connection(FRAME_SIZE_ERROR)),
        ("6.5", frame(SETTINGS, 0, 1, &[]), Connection(PROTOCOL_ERROR)),
        ("6.5", frame(SETTINGS, 0, 0, &[0; 5]), Connection(FRAME_SIZE_ERROR)),
        ("6.5.2, ENABLE_PUSH", setting(2, 2), Connection(PROTOCOL_ERROR)),
        ("6.5.2, INITIAL_WINDOW_SIZE", setting(4, 1 << 31), Connection(FLOW_CONTROL_ERROR)),
        ("6.5.2, MAX_FRAME_SIZE", setting(5, 16_383), Connection(PROTOCOL_ERROR)),
        ("6.5.2, MAX_FRAME_SIZE", setting(5, 1 << 24), Connection(PROTOCOL_ERROR)),
        ("6.6", frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2]), Connection(PROTOCOL_ERROR)),
        ("6.7", frame(PING, 0, 1, &[0; 8]), Connection(PROTOCOL_ERROR)),
        ("6.7", frame(PING, 0, 0, &[0; 7]), Connection(FRAME_SIZE_ERROR)),
        ("6.8", frame(GOAWAY, 0, 1, &[0; 8]), Connection(PROTOCOL_ERROR)),
        ("6.9", frame(WINDOW_UPDATE, 0, 0, &[0; 4]), Connection(PROTOCOL_ERROR)),
        ("6.9", frame(WINDOW_UPDATE, 0, 1, &[0; 4]), Stream(PROTOCOL_ERROR)),
        ("6.9", frame(WINDOW_UPDATE, 0, 0, &[0; 3]), Connection(FRAME_SIZE_ERROR)),
        ("6.9.1", frame(WINDOW_UPDATE, 0, 0, &most), Connection(FLOW_CONTROL_ERROR)),
        ("6.9.1", frame(WINDOW_UPDATE, 0, 1, &most), Stream(FLOW_CONTROL_ERROR)),
        (
            "6.9.2",
            [frame(WINDOW_UPDATE, 0, 1, &[0x7f, 0xff, 0, 0]), setting(4, 0x7fff_ffff)].concat(),
            Connection(FLOW_CONTROL_ERROR),
        ),
        ("6.10", frame(CONTINUATION, END_HEADERS, 1, &head), Connection(PROTOCOL_ERROR)),
        ("6.10", frame(CONTINUATION, END_HEADERS, 0, &head), Connection(PROTOCOL_ERROR)),
        (
            "6.10",
            [frame(HEADERS, 0, 5, &head), frame(PING, 0, 0, &[0; 8])].concat(),
            Connection(PROTOCOL_ERROR),
        ),
        (
            "6.10",
            [frame(HEADERS, 0, 5, &head), frame(CONTINUATION, END_HEADERS, 7, &head)].concat(),
            Connection(PROTOCOL_ERROR),
        ),
        (
            "5.5",
            [frame(HEADERS, 0, 5, &head), frame(0xfa, 0, 0, b"x")].concat(),
            Connection(PROTOCOL_ERROR),
        ),
        ("8.1", frame(HEADERS, END_HEADERS, 1, &block(&[("x", "1")])), Stream(PROTOCOL_ERROR)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_ends_what_the_standard_says_with_an_error() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    let mut wrong = Vec::new();
    for (section, frames, fault) in faults() {
        let mut client = Raw::connect(&identity, array.members[0]).await;
        client.head(1, &request("POST", "/x"), false).await;
        client.get(3, "/x").await;
        client.send(&frames).await;
        let error = client.error().await;
        // h2 often says PROTOCOL_ERROR, which is for whoever knows no better (section 7).
        let names =
            |code: u32| error.is_some_and(|(said, _)| said == code || said == PROTOCOL_ERROR);
        let is_right = match fault {
            Connection(code) => {
                names(code) && error.is_some_and(|(_, of_stream)| !of_stream) && client.rest().await
            }
            Stream(code) => names(code),
        };
        if !is_right {
            wrong.push((section, fault, error));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_or_reserved_is_passed_over() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Array::start_tls(1, origin.address, &identity).await;
    let reserved = 1 << 31;
    for (section, frames) in [
        ("4.1, type", frame(0xfa, 0, 0, b"unknown")),
        ("4.1, flags", frame(PING, 0xfe, 0, b"12345678")),
        ("4.1, reserved bit", frame(WINDOW_UPDATE, 0, reserved, &[0x80, 0, 0, 1])),
        ("5.1, idle", frame(PRIORITY, 0, 9, &[0, 0, 0, 3, 1])),
        ("6.5.2", setting(0xfafa, 7)),
        ("6.5.2", setting(2, 0)),
        ("6.8", frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 0, 1])),
    ] {
        let mut client = Raw::connect(&identity, array.members[0]).await;
        client.get(1, "/before").await;
        client.send(&frames).await;
        let outcome = client.outcome(1).await;
        assert_eq!(outcome, crate::support::h2::Outcome::Status(200), "section {section}");
    }
}
