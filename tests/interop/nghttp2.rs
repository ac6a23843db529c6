//! nghttp, h2load and curl, which speak HTTP/2 to a member. Debian's curl has no `--proxy-http2`: it gets own pages.

use std::process::{Command, Output};

use crate::client::page;
use crate::origin::Origin;
use crate::support::Processes;
use crate::tls::Identity;

fn run(program: &str, arguments: &[&str]) -> (Output, String) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (output, text)
}

#[tokio::test(flavor = "multi_thread")]
async fn nghttp_gets_what_plain_clients_get() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Processes::start_with(1, origin.address, &identity.settings());
    let member = array.addresses[0];
    let mut table = page(member, "/pat").await;
    while table.status != 200 {
        table = page(member, "/pat").await;
    }
    let url = format!("https://{member}/pat");
    let (output, text) = run("nghttp", &["-y", "-t", "20s", &url]);
    assert!(output.status.success(), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), table.body);
    // Padding, and a head that goes on in CONTINUATION frames.
    let (output, text) = run("nghttp", &["-y", "-t", "20s", "-b", "64", "--continuation", &url]);
    assert!(output.status.success() && text.contains(&table.body), "{text}");
    let (_, text) = run("nghttp", &["-y", "-v", "-n", "-t", "20s", "-H", ":method: HEAD", &url]);
    assert!(text.contains(":status: 200"), "{text}");
    let (_, text) =
        run("nghttp", &["-y", "-v", "-n", "-t", "20s", "-H", ":authority: other.test", &url]);
    assert!(text.contains(":status: 421"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn h2load_finds_no_failure() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Processes::start_with(1, origin.address, &identity.settings());
    let url = format!("https://{}/healthz", array.addresses[0]);
    let (output, text) = run("h2load", &["-n", "20000", "-c", "50", "-m", "100", &url]);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("20000 succeeded, 0 failed, 0 errored, 0 timeout"), "{text}");
    assert!(text.contains("Application protocol: h2"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nghttp_gets_pages_of_others_through_a_member() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Processes::start_with(1, origin.address, &identity.settings());
    let url = format!("https://{}/page", array.addresses[0]);
    let elsewhere = ["-H", ":scheme: http", "-H", ":authority: a.test"];
    let (output, text) = run("nghttp", &[&["-y", "-t", "20s"], &elsewhere[..], &[&url]].concat());
    assert!(output.status.success(), "{text}");
    assert_eq!(origin.last("/page").header("host").as_deref(), Some("a.test"), "{text}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("/page"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_speaks_http2_to_own_pages() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Processes::start_with(1, origin.address, &identity.settings());
    let url = format!("https://{}/healthz", array.addresses[0]);
    let (output, text) =
        run("curl", &["-sS", "--max-time", "20", "-k", "--http2", "-w", "%{http_version}", &url]);
    assert!(output.status.success() && text.contains("\"role\":\"member\""), "{text}");
    assert!(text.ends_with('2'), "{text}");
}
