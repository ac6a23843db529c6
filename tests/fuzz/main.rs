//! Mutated inputs for everything that reads what a network or an administrator sends: none may panic.
//!
//! `cargo test --release --test fuzz -- 10000000` gives each target ten million inputs; without a
//! number each gets twenty thousand. The inputs are the same at every run.
#![expect(clippy::print_stdout, reason = "a test program")]

use std::hint::black_box;

use bytes::BytesMut;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Uri, Version};
use parray::auth::Users;
use parray::net::frames::Frames;
use parray::net::message::decode::{Decoder, Malformed, Step};
use parray::net::message::{request, response};
use parray::net::target::target;
use parray::net::translate::translate;
use parray::net::{etag, headers};
use parray::pac::PacRoutes;
use parray::route::RouteKey;
use pat::{Dialect, HashKey, Table};

/// What is fed with inputs, and from which seeds they are made.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
    seeds: &'static [&'static [u8]],
}

const TARGETS: [Target; 9] = [
    Target { name: "table reader", run: read_table, seeds: &[TABLE, SUN] },
    Target { name: "route key", run: route_key, seeds: &[URL, b"[::1]:443", b"ftp://u@h.:21?x#y"] },
    Target {
        name: "request target",
        run: request_target,
        seeds: &[URL, b"h:443", b"/pat", b"*", b"http://[::1]:80?q"],
    },
    Target {
        name: "requests",
        run: requests,
        seeds: &[LENGTH, CHUNKED, b"CONNECT h:443 HTTP/1.1\r\n\r\nx"],
    },
    Target {
        name: "response",
        run: one_response,
        seeds: &[EXACT, PIECES, b"HTTP/1.0 200\r\n\r\nx"],
    },
    Target { name: "HTTP/2 frames", run: frames, seeds: &[FRAMES] },
    Target { name: "HTTP/2 request", run: http2_request, seeds: &[FIELDS, PSEUDO] },
    Target { name: "file of users", run: read_users, seeds: &[USERS] },
    Target {
        name: "header parsers",
        run: header_parsers,
        seeds: &[FIELDS, b"If-None-Match: W/\"1\", \"2\", *\n"],
    },
];

const TABLE: &[u8] = include_bytes!("../data/tables/campus.pat");
const SUN: &[u8] = b"Proxy Array Information/1.0\r\nArrayEnabled:0\r\nConfigID:  1\r\nArrayName: a b\r\nListTTL: 10\r\nX: y\r\n\r\nproxy1 200.29.186.77 8080 http://pat Web Proxy/4 0 on 100 512\r\np2 80 http://x a 0 off 1 0\r\n";
const USERS: &[u8] = b"# people\nann:$2y$05$857/xX0nn7yVH.cdhyZeteUgaytOZOu4NDdzvw9gyIEEzqNqwtDsO\r\nbob:$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzYWx0$fBXr36pc5MtUn8E1/yB6eArYUl5oXEN27K0Jw5O4q3c\ncarl:{SHA}x\n";
const URL: &[u8] = "http://User:pw@WWW.Example.com.:8080/caf\u{e9}/b?c=d&e=%20#f".as_bytes();
const LENGTH: &[u8] = b"POST http://a/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n";
const CHUNKED: &[u8] =
    b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n";
const EXACT: &[u8] = b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nConnection: keep-alive, close\r\n\r\nhello, more";
const PIECES: &[u8] = b"HTTP/1.1 206 \r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nT: u\r\n\r\n";
const FIELDS: &[u8] = b"Connection: close, X-A, upgrade\nUpgrade: websocket\nTE: trailers, gzip;q=0.5\nVia: 1.1 a, 1.0 b:80 (c)\nIf-Match: \"1-2\"\n";

const FRAMES: &[u8] = b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\x01\0\0\0\0\x02\x01\x04\0\0\0\x01\x82\x84\0\0\x03\0\0\0\0\0\x01abc\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08";
const PSEUDO: &[u8] = b"POST\nhttp://a.test:80/x?y\nHost: A.test\nCookie: a=1\nCookie: b=2\nContent-Length: 5\nX: y\n";

fn read_table(input: &[u8]) {
    if let Ok(table) = Table::parse(input) {
        for dialect in [Dialect::Draft, Dialect::Sun] {
            assert_eq!(
                Table::parse(table.print(dialect).as_bytes()).as_ref(),
                Ok(&table),
                "not read back"
            );
        }
    }
    black_box(pat::check(input));
}

fn read_users(input: &[u8]) {
    if let Err(error) = Users::parse(input, "users") {
        let text = error.to_string();
        assert!(text.starts_with("users:"), "an error without its line: {text}");
    }
}

fn route_key(input: &[u8]) {
    let url = String::from_utf8_lossy(input);
    for kind in HashKey::ALL {
        let key = RouteKey::of(&url, kind);
        if kind != HashKey::Host && key.as_str().starts_with("http://") {
            // What follows a bracket is a port, whether or not a colon stands between.
            let colon = usize::from(url.contains(']'));
            let longest = url.len() + "/".len() + colon;
            assert!(key.as_str().len() <= longest, "a key is no longer than its URL and a slash");
        }
    }
    black_box(url.parse::<PacRoutes>().is_ok());
}

fn request_target(input: &[u8]) {
    let Ok(uri) = Uri::try_from(input) else {
        return;
    };
    let mut fields = HeaderMap::new();
    if let Ok(host) = HeaderValue::from_bytes(input) {
        fields.insert("host", host);
    }
    for method in [Method::GET, Method::CONNECT] {
        for version in [Version::HTTP_10, Version::HTTP_11] {
            if let Ok(target) = target(&method, &uri, &fields, version) {
                black_box(target.url());
            }
        }
    }
}

fn requests(input: &[u8]) {
    let (near, far) = input.split_at(input.len() / 2);
    let (whole, halves) = (asked(&[input]), asked(&[near, far]));
    match (&whole, &halves) {
        (Some(_), _) => assert_eq!(whole, halves, "the requests depend on how bytes are cut"),
        // What is refused at its end only may still wait for it.
        (None, Some(found)) => assert!(!found.1, "what is refused is taken in parts"),
        (None, None) => {}
    }
}

/// Heads and bodies.
type Requests = Vec<(String, Vec<u8>)>;

/// The requests that arrive in these parts, and whether the last one has ended; `None`: one is refused.
fn asked(parts: &[&[u8]]) -> Option<(Requests, bool)> {
    let (mut buffer, mut seen) = (BytesMut::new(), 0);
    let (mut found, mut decoder): (Requests, Option<Decoder>) = (Vec::new(), None);
    for part in parts {
        buffer.extend_from_slice(part);
        loop {
            let Some(body) = &mut decoder else {
                let Some(head) = request::take(&mut buffer, &mut seen).ok()? else { break };
                found.push((format!("{:?}", head.parts), Vec::new()));
                decoder = Some(Decoder::new(head.length));
                continue;
            };
            match body.step(&mut buffer).ok()? {
                Step::Data(data) => {
                    if let Some((_, all)) = found.last_mut() {
                        all.extend_from_slice(&data);
                    }
                }
                Step::Trailers(_) => {}
                Step::More => break,
                Step::End => decoder = None,
            }
        }
    }
    Some((found, decoder.is_none() && buffer.is_empty()))
}

fn one_response(input: &[u8]) {
    let (near, far) = input.split_at(input.len() / 2);
    assert_eq!(
        received(&[input]),
        received(&[near, far]),
        "the result depends on how bytes are cut"
    );
}

/// What a response comes to that arrives in these parts: its status, its body, and whether that is whole.
fn received(parts: &[&[u8]]) -> Result<(u16, Vec<u8>, bool), Malformed> {
    let (mut buffer, mut body) = (BytesMut::new(), Vec::new());
    let (mut status, mut seen, mut decoder) = (0, 0, None);
    for part in parts {
        buffer.extend_from_slice(part);
        while decoder.is_none() {
            let Some(head) = response::take(&mut buffer, &mut seen, &Method::GET)? else { break };
            let response::Head { parts, length, .. } = head;
            status = parts.status.as_u16();
            decoder = (!parts.status.is_informational()).then(|| Decoder::new(length));
        }
        let Some(decoder) = &mut decoder else { continue };
        loop {
            match decoder.step(&mut buffer)? {
                Step::Data(data) => body.extend_from_slice(&data),
                Step::Trailers(_) => {}
                Step::End | Step::More => break,
            }
        }
    }
    Ok((status, body, decoder.is_some_and(|decoder| decoder.has_ended())))
}

fn frames(input: &[u8]) {
    let now = tokio::time::Instant::now();
    let (near, far) = input.split_at(input.len() / 2);
    let (mut whole, mut halves) = (Frames::new(now), Frames::new(now));
    let preface = [0; 24];
    for frames in [&mut whole, &mut halves] {
        assert_eq!(frames.receive(&preface, now), Ok(()), "a preface is no frame");
    }
    let once = whole.receive(input, now).and_then(|()| whole.send(input, now));
    let parts = halves
        .receive(near, now)
        .and_then(|()| halves.receive(far, now))
        .and_then(|()| halves.send(near, now))
        .and_then(|()| halves.send(far, now));
    assert_eq!(once, parts, "the verdict depends on how the bytes are cut");
    assert_eq!(whole.owed_since(), halves.owed_since(), "so does what is owed");
}

fn http2_request(input: &[u8]) {
    let mut lines = input.splitn(3, |b| *b == b'\n');
    let (method, uri) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method), Uri::try_from(uri)) else { return };
    let mut request = Request::new(());
    (*request.method_mut(), *request.uri_mut()) = (method, uri);
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = fields(lines.next().unwrap_or_default());
    let (mut head, ()) = request.into_parts();
    if translate(&mut head, |host| host == "a.test").is_ok() {
        assert!(head.headers.get_all("cookie").iter().count() < 2, "crumbs are left");
        black_box(target(&head.method, &head.uri, &head.headers, head.version).is_ok());
    }
}

fn fields(input: &[u8]) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in input.split(|b| *b == b'\n').take(64) {
        let colon = line.iter().position(|b| *b == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value))
        {
            fields.append(name, value);
        }
    }
    fields
}

fn header_parsers(input: &[u8]) {
    let mut fields = fields(input);
    black_box((etag::match_fails(&fields, "\"1-2\""), etag::none_match_fails(&fields, "\"2\"")));
    black_box((headers::upgrade_of(&fields), headers::via_has(&fields, "a")));
    headers::remove_hop_by_hop(&mut fields);
    assert!(!fields.contains_key("keep-alive"), "a field of one connection is left");
}

/// Numbers that look random and are the same each time (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn byte(&mut self) -> u8 {
        const ODD: &[u8] = b"\0\r\n\t :/@?#[]%\"';,.0987-+AZaz\x7f\x80\xc3\xa9\xff";
        let [any, which, ..] = self.next().to_le_bytes();
        if which < 160 {
            ODD.get(usize::from(any) % ODD.len()).copied().unwrap_or(any)
        } else {
            any
        }
    }
}

/// Changes a seed in one to eight places.
fn mutate(seed: &[u8], random: &mut Random, input: &mut Vec<u8>) {
    input.clear();
    input.extend_from_slice(seed);
    for _ in 0..=random.below(8) {
        let at = random.below(input.len() + 1);
        match random.below(7) {
            0 => input.insert(at, random.byte()),
            1 => drop(input.drain(at..(at + random.below(8)).min(input.len()))),
            2 => input.truncate(at),
            3 => {
                let piece: Vec<u8> =
                    input.iter().skip(at).take(random.below(32)).copied().collect();
                input.splice(at..at, piece);
            }
            4 => input
                .splice(at..at, seed.iter().skip(random.below(seed.len())).take(16).copied())
                .for_each(drop),
            _ => {
                let byte = random.byte();
                if let Some(place) = input.get_mut(at) {
                    *place = byte;
                }
            }
        }
    }
}

fn fuzz(target: &Target, count: u64) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut input = Vec::new();
    for _ in 0..count {
        let seed = target.seeds.get(random.below(target.seeds.len())).copied().unwrap_or_default();
        mutate(seed, &mut random, &mut input);
        let run = std::panic::catch_unwind(|| (target.run)(&input));
        assert!(run.is_ok(), "{} failed on {:?}", target.name, String::from_utf8_lossy(&input));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // What nextest asks of a test program.
    if arguments.iter().any(|word| word == "--list") {
        if !arguments.iter().any(|word| word == "--ignored") {
            println!("no_input_panics: test");
        }
        return;
    }
    let count = arguments.iter().find_map(|word| word.parse().ok()).unwrap_or(20_000);
    std::thread::scope(|scope| {
        #[expect(
            clippy::needless_collect,
            reason = "all are started before the first is waited for"
        )]
        let threads: Vec<_> =
            TARGETS.iter().map(|target| scope.spawn(move || fuzz(target, count))).collect();
        for (thread, target) in threads.into_iter().zip(&TARGETS) {
            assert!(thread.join().is_ok(), "{} panicked", target.name);
            println!("{}: {count} inputs, no panic", target.name);
        }
    });
    println!("{} passed, 0 failed", TARGETS.len());
}
