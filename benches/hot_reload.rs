//! What a change of the table costs under load: `cargo bench -p parray-cli --bench hot_reload`.
//!
//! Real processes on loopback: a master and four members; 2 000 requests a second for 20 s, once
//! without changes and once with a change every 500 ms. The goal: no failed request, no connection
//! closed, and the longest gap between two answers at most 10 ms longer than without changes. Then a
//! member is killed under the same load; the goal: no failed request of those to the others.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a measuring program"
)]

#[expect(dead_code, reason = "this program uses a part of it")]
#[path = "../tests/array/support/client.rs"]
mod client;
#[path = "../tests/array/support/load.rs"]
mod load;
#[expect(dead_code, reason = "this program uses a part of it")]
#[path = "../tests/cli/support.rs"]
mod support;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use load::{Outcome, Plan};
use support::Processes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Longest gap that a change may add.
const GOAL_MS: f64 = 10.0;

const EDITS: [(&str, &str, &str); 8] = [
    ("PATCH", "members/m2", r#"{"load_factor": 300}"#),
    ("PATCH", "members/m3", r#"{"status": "off"}"#),
    ("DELETE", "members/m4", ""),
    ("PATCH", "members/m3", r#"{"status": "on"}"#),
    ("PATCH", "members/m2", r#"{"load_factor": 100}"#),
    ("PATCH", "members/m1", r#"{"load_factor": 50}"#),
    ("POST", "members", "m4"),
    ("PATCH", "members/m1", r#"{"load_factor": 100}"#),
];

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(measure())
}

async fn measure() -> ExitCode {
    let (origin, _serving) = origin().await;
    let mut array = Processes::start(4, origin);
    let plan = Plan { rate: 2_000, length: Duration::from_secs(20), connections: 50 };
    let warm = Plan { length: Duration::from_secs(2), ..plan };
    load::run(&array.addresses, warm).await;
    println!(
        "{:<10} {:>9} {:>7} {:>7} {:>8} {:>14}",
        "run", "answered", "failed", "closed", "changes", "longest gap"
    );
    let quiet = load::run(&array.addresses, plan).await;
    print("unchanged", &quiet, 0);
    let mut changes = 0;
    let changed = tokio::select! {
        outcome = load::run(&array.addresses, plan) => outcome,
        () = change(&array, &mut changes) => panic!("changes ended before the load"),
    };
    print("changing", &changed, changes);
    let added = changed.longest_gap_ms - quiet.longest_gap_ms;
    let killed = kill(&mut array, plan).await;
    print("killed", &killed, 0);
    let good = changed.failed == 0 && changed.closed == 0 && added <= GOAL_MS && killed.failed == 0;
    println!("gap added by changes: {added:.1} ms (goal: at most {GOAL_MS} ms)");
    println!("goals {}", if good { "met" } else { "NOT met" });
    for why in changed.failures.iter().chain(&killed.failures) {
        println!("failed: {why}");
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Kills m4 two seconds into a load through the others.
async fn kill(array: &mut Processes, plan: Plan) -> Outcome {
    // The changes may have left it out of the table.
    let m4 =
        format!(r#"{{"name": "m4", "port": {}, "ip": "127.0.0.1"}}"#, array.addresses[3].port());
    edit(array, "POST", "members", &m4).await;
    let mut member = array.members.pop().unwrap();
    let survivors = array.addresses[..3].to_vec();
    let kill = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        member.kill();
    };
    tokio::join!(load::run(&survivors, plan), kill).0
}

fn print(name: &str, outcome: &Outcome, changes: u32) {
    let Outcome { answered, failed, closed, longest_gap_ms, .. } = outcome;
    println!(
        "{name:<10} {answered:>9} {failed:>7} {closed:>7} {changes:>8} {longest_gap_ms:>11.1} ms"
    );
}

async fn change(array: &Processes, done: &mut u32) {
    let m4 =
        format!(r#"{{"name": "m4", "port": {}, "ip": "127.0.0.1"}}"#, array.addresses[3].port());
    let mut pace = tokio::time::interval(Duration::from_millis(500));
    for (method, path, body) in EDITS.iter().cycle() {
        pace.tick().await;
        let body = if *body == "m4" { m4.as_str() } else { body };
        let reply = edit(array, method, path, body).await;
        assert!(matches!(reply.status, 200 | 201), "{method} {path}: {}", reply.body);
        *done += 1;
    }
}

async fn edit(array: &Processes, method: &str, path: &str, body: &str) -> client::Reply {
    let master: SocketAddr = array.master_url.trim_start_matches("http://").parse().unwrap();
    let text = format!(
        "{method} /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    client::exchange(master, &text).await
}

/// Answers everything with a kilobyte, as cheaply as can be.
async fn origin() -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n{}", "x".repeat(1024));
        let mut connections = JoinSet::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let answer = answer.clone();
            connections.spawn(async move {
                let mut request = vec![0; 4096];
                // One request is one read: heads are short, and nobody pipelines.
                while stream.read(&mut request).await.unwrap_or(0) > 0 {
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, serving)
}
