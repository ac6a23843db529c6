//! An open-loop load: so many requests a second, whatever the answers do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What a load asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Requests a second, over all connections.
    pub(crate) rate: u32,
    /// How long.
    pub(crate) length: Duration,
    /// Connections, each kept alive.
    pub(crate) connections: u32,
}

/// What became of a load.
#[derive(Debug, Default, Clone)]
pub(crate) struct Outcome {
    /// Answers 200 with a whole body.
    pub(crate) answered: u64,
    /// Anything else, with what it was (the first few).
    pub(crate) failed: u64,
    pub(crate) failures: Vec<String>,
    /// Connections that the proxy closed.
    pub(crate) closed: u64,
    /// Milliseconds between one answer and the next, at most.
    pub(crate) longest_gap_ms: f64,
}

/// Runs a load through proxies in turn; URL number i is `http://w<i % 97>.test/<i>`.
pub(crate) async fn run(proxies: &[SocketAddr], plan: Plan) -> Outcome {
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let times = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    let mut connections = JoinSet::new();
    for number in 0..plan.connections {
        let proxy = proxies[usize::try_from(number).unwrap() % proxies.len()];
        let (outcome, times) = (Arc::clone(&outcome), Arc::clone(&times));
        connections.spawn(async move {
            let mut connection = None;
            let step = Duration::from_secs(1) * plan.connections / plan.rate;
            let mut due = start + step * number / plan.connections;
            let mut url = u64::from(number);
            while due < start + plan.length {
                tokio::time::sleep_until(due).await;
                let result = request(&mut connection, proxy, url, &outcome).await;
                let mut outcome = outcome.lock().unwrap();
                match result {
                    Ok(()) => {
                        outcome.answered += 1;
                        times.lock().unwrap().push(Instant::now());
                    }
                    Err(why) => {
                        outcome.failed += 1;
                        if outcome.failures.len() < 10 {
                            outcome.failures.push(why);
                        }
                    }
                }
                due += step;
                url += u64::from(plan.connections);
            }
        });
    }
    while let Some(ended) = connections.join_next().await {
        ended.unwrap();
    }
    let mut times = times.lock().unwrap().clone();
    times.sort();
    let gaps = times.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1000.0);
    let mut outcome = outcome.lock().unwrap().clone();
    outcome.longest_gap_ms = gaps.fold(0.0, f64::max);
    outcome
}

/// One GET on a kept connection; a new one is opened only when the proxy closed the old one.
async fn request(
    connection: &mut Option<TcpStream>,
    proxy: SocketAddr,
    url: u64,
    outcome: &Mutex<Outcome>,
) -> Result<(), String> {
    let mut stream = if let Some(stream) = connection.take() {
        stream
    } else {
        let stream =
            TcpStream::connect(proxy).await.map_err(|error| format!("connect: {error}"))?;
        stream.set_nodelay(true).ok();
        stream
    };
    let host = format!("w{}.test", url % 97);
    let text = format!("GET http://{host}/{url} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(text.as_bytes()).await.map_err(|error| format!("write: {error}"))?;
    let mut answer = Vec::with_capacity(512);
    loop {
        if let Some((status, close)) = whole(&answer) {
            if close {
                outcome.lock().unwrap().closed += 1;
            } else {
                *connection = Some(stream);
            }
            return if status == "200" {
                Ok(())
            } else {
                Err(String::from_utf8_lossy(&answer).into_owned())
            };
        }
        let read = stream.read_buf(&mut answer).await.map_err(|error| format!("read: {error}"))?;
        if read == 0 {
            outcome.lock().unwrap().closed += 1;
            return Err(format!("closed after {} bytes", answer.len()));
        }
    }
}

/// Status and whether the connection ends, once the answer is whole.
fn whole(answer: &[u8]) -> Option<(String, bool)> {
    let text = std::str::from_utf8(answer).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let lower = head.to_ascii_lowercase();
    let length: usize =
        lower.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    (body.len() >= length).then(|| {
        (
            head.split(' ').nth(1).unwrap_or_default().to_owned(),
            lower.contains("\r\nconnection: close"),
        )
    })
}
