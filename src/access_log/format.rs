//! A line of each format: pure.

use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use hyper::header::HeaderValue;
use hyper::http::uri::Authority;
use hyper::{Method, StatusCode, Uri, Version};

use super::date::{Spelled, since_1970};
use super::entry::{Fields, RequestLine, When};
use super::outcome::NextHop;
use super::{Format, Shared, escape};

/// Appends a request's line, its end included.
pub(super) fn line(
    log: &Shared,
    fields: &Fields,
    when: When,
    spelled: &mut Spelled,
    line: &mut Vec<u8>,
) {
    match log.format {
        Format::Squid => squid(fields, when, line),
        Format::Combined => combined(fields, when, spelled, line),
        Format::Json => json(fields, &log.member, when, spelled, line),
    }
    line.push(b'\n');
}

/// `time elapsed client code/status bytes method URL user hierarchy/next-hop type`.
fn squid(fields: &Fields, When { now, elapsed }: When, line: &mut Vec<u8>) {
    let (seconds, millis) = since_1970(now);
    let code = fields.outcome.cache.squid();
    let aborted = if fields.whole { "" } else { "_ABORTED" };
    let status = fields.status.map_or(0, |status| status.as_u16());
    decimal(line, seconds, 1, b'0');
    line.push(b'.');
    decimal(line, millis.into(), 3, b'0');
    line.push(b' ');
    decimal(line, in_millis(elapsed), 6, b' ');
    line.push(b' ');
    address(line, fields.client);
    for text in [" ", code, aborted, "/"] {
        line.extend_from_slice(text.as_bytes());
    }
    decimal(line, status.into(), 3, b'0');
    line.push(b' ');
    decimal(line, fields.sent, 1, b'0');
    line.push(b' ');
    match &fields.request {
        Some(request) => {
            line.extend_from_slice(request.method.as_str().as_bytes());
            line.push(b' ');
            url(line, request, |line, text| escape::percent(line, text, false));
        }
        None => line.extend_from_slice(b"- error:invalid-request"),
    }
    line.push(b' ');
    match &fields.user {
        Some(user) => escape::percent(line, user.as_bytes(), true),
        None => line.push(b'-'),
    }
    match &fields.outcome.next_hop {
        NextHop::Nobody => line.extend_from_slice(b" HIER_NONE/- "),
        NextHop::Origin => {
            line.extend_from_slice(b" HIER_DIRECT/");
            escape::percent(line, host(fields).as_bytes(), false);
            line.push(b' ');
        }
        NextHop::Member(name) => {
            line.extend_from_slice(b" CARP/");
            escape::percent(line, name.as_bytes(), false);
            line.push(b' ');
        }
    }
    let media = fields.content_type.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
    let media = media.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if media.is_empty() {
        line.push(b'-');
    } else {
        escape::percent(line, media, false);
    }
}

/// `client - user [time] "method URL version" status bytes "referer" "user agent"`.
fn combined(
    fields: &Fields,
    When { now, elapsed }: When,
    spelled: &mut Spelled,
    line: &mut Vec<u8>,
) {
    address(line, fields.client);
    line.extend_from_slice(b" - ");
    match &fields.user {
        Some(user) => escape::quoted(line, user.as_bytes(), false),
        None => line.push(b'-'),
    }
    // Apache's time is that of the request's arrival.
    let arrived = now.checked_sub(elapsed).unwrap_or(now);
    for text in [" [", spelled.apache(arrived), "] \""] {
        line.extend_from_slice(text.as_bytes());
    }
    match &fields.request {
        Some(request) => {
            line.extend_from_slice(request.method.as_str().as_bytes());
            line.push(b' ');
            url(line, request, |line, text| escape::quoted(line, text, false));
            line.push(b' ');
            line.extend_from_slice(version(request.version).as_bytes());
        }
        None => line.push(b'-'),
    }
    line.extend_from_slice(b"\" ");
    match fields.status {
        Some(status) => decimal(line, status.as_u16().into(), 3, b'0'),
        None => line.push(b'-'),
    }
    line.push(b' ');
    match fields.sent {
        0 => line.push(b'-'),
        sent => decimal(line, sent, 1, b'0'),
    }
    for value in [&fields.referer, &fields.user_agent] {
        line.extend_from_slice(b" \"");
        match value {
            Some(value) => escape::quoted(line, value.as_bytes(), true),
            None => line.push(b'-'),
        }
        line.push(b'"');
    }
}

/// One object; a field that does not apply is null.
fn json(
    fields: &Fields,
    member: &str,
    When { now, elapsed }: When,
    spelled: &mut Spelled,
    line: &mut Vec<u8>,
) {
    let (_, millis) = since_1970(now);
    line.extend_from_slice(b"{\"time\":\"");
    line.extend_from_slice(spelled.iso(now).as_bytes());
    line.push(b'.');
    decimal(line, millis.into(), 3, b'0');
    line.extend_from_slice(b"Z\"");
    number(line, ",\"elapsed_ms\":", Some(in_millis(elapsed)));
    text(line, ",\"member\":", Some(member.as_bytes()));
    line.extend_from_slice(b",\"client\":\"");
    address(line, fields.client);
    line.push(b'"');
    text(line, ",\"user\":", fields.user.as_deref().map(str::as_bytes));
    match &fields.request {
        Some(request) => {
            text(line, ",\"method\":", Some(request.method.as_str().as_bytes()));
            line.extend_from_slice(b",\"url\":\"");
            url(line, request, escape::json);
            line.push(b'"');
            text(line, ",\"version\":", Some(version(request.version).as_bytes()));
        }
        None => line.extend_from_slice(b",\"method\":null,\"url\":null,\"version\":null"),
    }
    number(line, ",\"status\":", fields.status.as_ref().map(StatusCode::as_u16).map(u64::from));
    number(line, ",\"bytes\":", Some(fields.sent));
    number(line, ",\"bytes_received\":", fields.received);
    line.extend_from_slice(b",\"aborted\":");
    line.extend_from_slice(if fields.whole { b"false" } else { b"true" });
    text(line, ",\"cache\":", Some(fields.outcome.cache.as_str().as_bytes()));
    let (kind, name) = match &fields.outcome.next_hop {
        NextHop::Nobody => (None, None),
        NextHop::Origin => (Some(&b"origin"[..]), Some(host(fields).as_bytes())),
        NextHop::Member(name) => (Some(&b"member"[..]), Some(name.as_bytes())),
    };
    text(line, ",\"next_hop\":", kind);
    text(line, ",\"next_hop_name\":", name);
    text(line, ",\"error\":", fields.outcome.error.map(str::as_bytes));
    text(line, ",\"content_type\":", fields.content_type.as_ref().map(HeaderValue::as_bytes));
    text(line, ",\"referer\":", fields.referer.as_ref().map(HeaderValue::as_bytes));
    text(line, ",\"user_agent\":", fields.user_agent.as_ref().map(HeaderValue::as_bytes));
    line.push(b'}');
}

/// `name` with its comma, quotes and colon, so that it is copied at once.
fn text(line: &mut Vec<u8>, name: &str, value: Option<&[u8]>) {
    line.extend_from_slice(name.as_bytes());
    match value {
        Some(value) => {
            line.push(b'"');
            escape::json(line, value);
            line.push(b'"');
        }
        None => line.extend_from_slice(b"null"),
    }
}

fn number(line: &mut Vec<u8>, name: &str, value: Option<u64>) {
    line.extend_from_slice(name.as_bytes());
    match value {
        Some(value) => decimal(line, value, 1, b'0'),
        None => line.extend_from_slice(b"null"),
    }
}

/// The target as it was asked for, without credentials.
fn url(line: &mut Vec<u8>, request: &RequestLine, escape: impl Fn(&mut Vec<u8>, &[u8])) {
    let uri = &request.uri;
    if let Some(scheme) = uri.scheme_str() {
        // Letters, digits, `+`, `-` and `.` (RFC 3986, section 3.1).
        line.extend_from_slice(scheme.as_bytes());
        line.extend_from_slice(b"://");
    }
    escape(line, place(uri).as_bytes());
    if request.method != Method::CONNECT
        && let Some(path) = uri.path_and_query()
    {
        if path.as_str().starts_with('?') {
            line.push(b'/');
        }
        escape(line, path.as_str().as_bytes());
    }
}

/// `host[:port]` of a target, without credentials; empty for a page of this member.
fn place(uri: &Uri) -> &str {
    let whole = uri.authority().map(Authority::as_str).unwrap_or_default();
    memchr::memrchr(b'@', whole.as_bytes()).and_then(|at| whole.get(at + 1..)).unwrap_or(whole)
}

/// The host of a target, IPv6 with its brackets; `-` for a page of this member.
fn host(fields: &Fields) -> &str {
    let place = fields.request.as_ref().map_or("", |request| place(&request.uri));
    let end = if place.starts_with('[') {
        place.find(']').map(|bracket| bracket + 1)
    } else {
        memchr::memchr(b':', place.as_bytes())
    };
    let host = end.and_then(|end| place.get(..end)).unwrap_or(place);
    if host.is_empty() { "-" } else { host }
}

fn version(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2.0",
        Version::HTTP_3 => "HTTP/3.0",
        _ => "HTTP/1.1",
    }
}

fn in_millis(elapsed: Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// An address; IPv4 by hand, since it is most of what `fmt` would cost a line.
fn address(line: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            decimal(line, a.into(), 1, b'0');
            for part in [b, c, d] {
                line.push(b'.');
                decimal(line, part.into(), 1, b'0');
            }
        }
        IpAddr::V6(v6) => write!(line, "{v6}").unwrap_or_default(), // a Vec takes all
    }
}

/// A number of at least `width` places, filled up in front.
fn decimal(line: &mut Vec<u8>, value: u64, width: usize, fill: u8) {
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value);
    for _ in digits.len()..width {
        line.push(fill);
    }
    line.extend_from_slice(digits.as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::SystemTime;

    use super::super::outcome::{CacheResult, Outcome};
    use super::super::writer::Writer;
    use super::*;

    fn fields(method: &str, uri: &str) -> Fields {
        Fields {
            client: IpAddr::from([192, 0, 2, 7]),
            request: Some(RequestLine {
                method: method.parse().unwrap(),
                uri: uri.parse().unwrap(),
                version: Version::HTTP_11,
            }),
            referer: Some(HeaderValue::from_static("http://a.example/\" x")),
            user_agent: Some(HeaderValue::from_bytes(b"agent\\ \xff").unwrap()),
            user: Some(Arc::from("ann e")),
            status: Some(StatusCode::OK),
            content_type: Some(HeaderValue::from_static("text/html; charset=utf-8")),
            outcome: Outcome::default(),
            sent: 1234,
            received: None,
            whole: true,
        }
    }

    fn written(format: Format, fields: &Fields) -> String {
        let writer = Writer::start(std::path::Path::new("/dev/null"));
        let log = Shared { format, member: "cache1".to_owned(), writer };
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_798_761_600_042);
        let mut text = Vec::new();
        let when = When { now, elapsed: Duration::from_millis(57) };
        line(&log, fields, when, &mut Spelled::default(), &mut text);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn numbers_are_filled_up_and_never_cut() {
        for value in [0, 7, 10, 999, 1000, u64::MAX] {
            let mut line = Vec::new();
            decimal(&mut line, value, 3, b'0');
            line.push(b' ');
            decimal(&mut line, value, 6, b' ');
            assert_eq!(String::from_utf8(line).unwrap(), format!("{value:03} {value:6}"));
        }
        for ip in ["1.20.255.0", "2001:db8::1"] {
            let mut line = Vec::new();
            address(&mut line, ip.parse().unwrap());
            assert_eq!(line, ip.as_bytes());
        }
    }

    #[test]
    fn squid_lines_have_ten_fields() {
        let mut fields = fields("GET", "http://u:secret@a.example:81/x?y=|z");
        assert_eq!(
            written(Format::Squid, &fields),
            "1798761600.042     57 192.0.2.7 TCP_MISS/200 1234 GET http://a.example:81/x?y=|z ann%20e HIER_DIRECT/a.example text/html\n"
        );
        fields.outcome.next_hop = NextHop::Member(Arc::from("cache2"));
        fields.outcome.cache = CacheResult::Revalidated;
        (fields.user, fields.content_type, fields.whole) = (None, None, false);
        assert_eq!(
            written(Format::Squid, &fields),
            "1798761600.042     57 192.0.2.7 TCP_REFRESH_UNMODIFIED_ABORTED/200 1234 GET http://a.example:81/x?y=|z - CARP/cache2 -\n"
        );
    }

    #[test]
    fn a_tunnel_is_logged_by_its_authority_and_a_page_of_ours_by_its_path() {
        let mut tunnel = fields("CONNECT", "a.example:443");
        tunnel.outcome.cache = CacheResult::Tunnel;
        let line = written(Format::Squid, &tunnel);
        let end =
            "TCP_TUNNEL/200 1234 CONNECT a.example:443 ann%20e HIER_DIRECT/a.example text/html\n";
        assert!(line.ends_with(end), "{line}");
        let mut own = fields("GET", "/pat?wait=30");
        own.outcome.next_hop = NextHop::Nobody;
        assert!(written(Format::Squid, &own).contains(" /pat?wait=30 ann%20e HIER_NONE/- "));
        let mut left = fields("GET", "http://a.example?q");
        (left.status, left.whole) = (None, false);
        assert!(
            written(Format::Squid, &left).contains("_ABORTED/000 1234 GET http://a.example/?q ")
        );
        assert!(written(Format::Combined, &left).contains(" HTTP/1.1\" - 1234 "));
    }

    #[test]
    fn what_cannot_be_read_has_a_line_that_says_so() {
        let mut unread = fields("GET", "/");
        (unread.request, unread.user, unread.referer, unread.user_agent) = (None, None, None, None);
        unread.outcome.cache = CacheResult::Unasked;
        unread.outcome.next_hop = NextHop::Nobody;
        unread.status = Some(StatusCode::BAD_REQUEST);
        assert_eq!(
            written(Format::Squid, &unread),
            "1798761600.042     57 192.0.2.7 NONE_NONE/400 1234 - error:invalid-request - HIER_NONE/- text/html\n"
        );
        assert_eq!(
            written(Format::Combined, &unread),
            "192.0.2.7 - - [31/Dec/2026:23:59:59 +0000] \"-\" 400 1234 \"-\" \"-\"\n"
        );
        let line = written(Format::Json, &unread);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        for name in ["method", "url", "version", "next_hop", "user_agent"] {
            assert_eq!(read.get(name), Some(&serde_json::Value::Null), "{name}: {line}");
        }
    }

    #[test]
    fn combined_lines_tell_when_the_request_arrived() {
        let fields = fields("GET", "http://a.example/x\"y");
        assert_eq!(
            written(Format::Combined, &fields),
            "192.0.2.7 - ann\\x20e [31/Dec/2026:23:59:59 +0000] \"GET http://a.example/x\\\"y HTTP/1.1\" 200 1234 \"http://a.example/\\\" x\" \"agent\\\\ \\xff\"\n"
        );
    }

    #[test]
    fn json_lines_are_objects_with_every_field() {
        let mut fields = fields("CONNECT", "a.example:443");
        fields.received = Some(9);
        let line = written(Format::Json, &fields);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        let expected = serde_json::json!({
            "time": "2027-01-01T00:00:00.042Z", "elapsed_ms": 57, "member": "cache1",
            "client": "192.0.2.7", "user": "ann e", "method": "CONNECT", "url": "a.example:443",
            "version": "HTTP/1.1", "status": 200, "bytes": 1234, "bytes_received": 9,
            "aborted": false, "cache": "miss", "next_hop": "origin", "next_hop_name": "a.example",
            "error": null, "content_type": "text/html; charset=utf-8",
            "referer": "http://a.example/\" x", "user_agent": "agent\\ \u{fffd}",
        });
        assert_eq!(read, expected);
    }
}
