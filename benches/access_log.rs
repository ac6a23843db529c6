//! What a line of the access log costs a request: `cargo bench --bench access_log`.
//!
//! The goal: less than 1 µs from the arrival of a request to its line in the queue.
#![expect(clippy::unwrap_used, reason = "criterion's macros, and a bench may panic")]

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use criterion::{Criterion, criterion_group, criterion_main};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Request, StatusCode, Uri};
use parray::access_log::{AccessLog, Format, LogConfig, Outcome, Started};
use parray::net::body::Ticket;
use tokio::time::Instant;

fn entry(c: &mut Criterion) {
    // As hyper makes it: a part of the connection's buffer.
    let url = Bytes::from(
        b"http://www123.example.com/0123456789abcdef0123456789abcdef/i.png?q=1".to_vec(),
    );
    let _shared = url.clone();
    let request = Request::get(Uri::from_maybe_shared(url).unwrap())
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .header("referer", "http://www123.example.com/0123456789abcdef/index.html");
    let (head, ()) = request.body(()).unwrap().into_parts();
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("image/png"));
    let client = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77));
    let mut group = c.benchmark_group("one line");
    for (name, format) in
        [("squid", Format::Squid), ("combined", Format::Combined), ("json", Format::Json)]
    {
        let config = LogConfig { path: PathBuf::from("/dev/null"), format };
        let log = AccessLog::start(&config, "cache1.example.com");
        group.bench_function(name, |b| {
            b.iter(|| {
                let mut entry =
                    log.begin(&head, client, Started { at: Instant::now(), on: UNIX_EPOCH });
                entry.responded(StatusCode::OK, &headers, Outcome::default());
                entry.ended(12_345, true);
            });
        });
        log.close();
    }
    group.finish();
}

criterion_group!(benches, entry);
criterion_main!(benches);
