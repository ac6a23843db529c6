//! Real browsers with the generated PAC: what arrives at the members is what `parray route` says.
//!
//! A page fetches a thousand URLs; the origin sees in `Via` which member the browser asked and which
//! took the request to the origin. And their resolvers, asked alone, read any PAC as `parray pac eval` does.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "in a test a panic is the report"
)]

#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../array/support/origin.rs"]
mod origin;
mod resolvers;
#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../cli/support.rs"]
mod support;
#[expect(dead_code, reason = "this suite uses a part of it")]
#[path = "../array/support/tls.rs"]
mod tls;

use std::process::{Command, Stdio};

use tempfile::TempDir;

use origin::{Arrived, Origin};
use support::{Processes, Running};
use tls::Identity;

const COUNT: usize = 1000;

/// URLs over 40 hosts, with queries, escapes and other odds and ends.
fn urls() -> Vec<String> {
    let url = |i: usize| match i % 5 {
        0 => format!("http://h{}.test/p{i}", i % 40),
        1 => format!("http://h{}.test/p{i}/a/b/c.html?x={i}&y=2", i % 40),
        2 => format!("http://h{}.test/p{i}/caf%C3%A9%20?q=%F0%9F%98%80", i % 40),
        3 => format!("http://h{}.test:8080/p{i}?;,/?:@&=+$-_.!~*'()", i % 40),
        _ => format!("http://h{}.test/p{i}//double/./;v=1?", i % 40),
    };
    (0..COUNT).map(url).collect()
}

/// A page that fetches all of them, sixteen at a time, and then asks for `/done`.
fn page(urls: &[String]) -> String {
    format!(
        "<!doctype html><title>start</title><script>
const urls = {};
let next = 0;
async function work() {{
  while (next < urls.length) await fetch(urls[next++], {{ mode: 'no-cors', cache: 'no-store' }}).catch(() => {{}});
}}
Promise.all(Array.from({{ length: 16 }}, work)).then(() => fetch('/done'));
</script>",
        serde_json::to_string(urls).unwrap()
    )
}

/// Runs a browser on the page until it has fetched everything; the URLs that arrived, and their requests.
/// With an identity, the browser speaks TLS to the members.
async fn browse(
    identity: Option<&Identity>,
    start: impl FnOnce(&Processes, &TempDir) -> Command,
) -> (Processes, Vec<String>, Vec<Arrived>) {
    let urls = urls();
    let origin = Origin::with_start_page(page(&urls)).await;
    let array = match identity {
        Some(identity) => {
            let (folder, settings) = (TempDir::new().unwrap(), identity.settings());
            Processes::start_all(folder, 3, origin.address, &["--scheme", "HTTPS"], &settings)
        }
        None => Processes::start(3, origin.address),
    };
    let profile = TempDir::new().unwrap();
    let mut command = start(&array, &profile);
    let browser = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _browser = Running(
        browser.unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display())),
    );
    origin.until("/done").await;
    // A browser may escape more than the page did: what counts is the URL that arrived.
    let all = origin.arrived();
    let number = |request: &Arrived| {
        let digits: String =
            request.path().strip_prefix("/p")?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<usize>().ok()
    };
    let mut arrived: Vec<(usize, Arrived)> =
        all.into_iter().filter_map(|request| Some((number(&request)?, request))).collect();
    arrived.sort_by_key(|(number, _)| *number);
    let numbers: Vec<usize> = arrived.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..COUNT).collect::<Vec<_>>(), "every URL arrives once");
    let arrived: Vec<Arrived> = arrived.into_iter().map(|(_, request)| request).collect();
    let url =
        |request: &Arrived| format!("http://{}{}", request.header("host").unwrap(), request.path());
    (array, arrived.iter().map(url).collect(), arrived)
}

fn chromium(array: &Processes, profile: &TempDir) -> Command {
    let mut command = Command::new("chromium");
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--proxy-pac-url={}/proxy.pac", array.master_url))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("http://start.test/start");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_asks_the_owner_of_every_url() {
    let (array, urls, arrived) = browse(None, chromium).await;
    for ((url, request), owner) in urls.iter().zip(&arrived).zip(array.owners(&urls)) {
        assert_eq!(request.via(), [owner], "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chromium_speaks_http2_over_tls_to_the_owner_of_every_url() {
    let identity = Identity::new();
    let (array, urls, arrived) = browse(Some(&identity), |array, profile| {
        let mut command = chromium(array, profile);
        // The certificate is nobody's but this test's.
        command.arg("--ignore-certificate-errors");
        command
    })
    .await;
    for ((url, request), owner) in urls.iter().zip(&arrived).zip(array.owners(&urls)) {
        assert_eq!(request.header("via"), Some(format!("2.0 {owner}")), "{url}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn firefox_asks_the_owner_of_the_host_and_the_member_passes_it_on() {
    let (array, urls, arrived) = browse(None, |array, profile| {
        let preferences = format!(
            "user_pref('network.proxy.type', 2);\nuser_pref('network.proxy.autoconfig_url', '{}/proxy.pac');\n\
             user_pref('network.captive-portal-service.enabled', false);\nuser_pref('network.connectivity-service.enabled', false);\n\
             user_pref('browser.shell.checkDefaultBrowser', false);\nuser_pref('app.normandy.enabled', false);\n\
             user_pref('datareporting.policy.dataSubmissionEnabled', false);\nuser_pref('toolkit.telemetry.enabled', false);\n\
             user_pref('dom.security.https_only_mode', false);\nuser_pref('dom.security.https_first', false);\n",
            array.master_url
        );
        std::fs::write(profile.path().join("user.js"), preferences).unwrap();
        let mut command = Command::new("firefox-esr");
        command.env("HOME", profile.path());
        command.args(["--headless", "--no-remote", "--profile"]).arg(profile.path()).arg("http://start.test/start");
        command
    })
    .await;
    let hosts: Vec<String> =
        urls.iter().map(|url| url.split_inclusive('/').take(3).collect()).collect();
    let first = array.owners(&hosts);
    for (((url, request), host_owner), owner) in
        urls.iter().zip(&arrived).zip(first).zip(array.owners(&urls))
    {
        let expected = if host_owner == owner { vec![owner] } else { vec![host_owner, owner] };
        assert_eq!(request.via(), expected, "{url}");
    }
}
