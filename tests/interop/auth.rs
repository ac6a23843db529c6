//! Users made by Apache's `htpasswd`, and curl with and without their passwords.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::lone::lone_member;
use crate::origin::Origin;
use crate::support::{parray, stderr};

fn htpasswd(arguments: &[&str]) -> String {
    let output = Command::new("htpasswd").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned() + "\n"
}

/// What curl got: its status, or that of a refused CONNECT, and the body.
fn curl(arguments: &[&str], url: &str) -> String {
    let output = Command::new("curl")
        .args(["-s", "--max-time", "20", "-w", " %{http_code} %{http_connect}"])
        .args(arguments)
        .arg(url)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn settings(users: &Path) -> String {
    let ports = "[access]\nconnect_ports = [\"1-65535\"]";
    format!("[auth]\nhtpasswd = {:?}\nrealm = \"lab\"\n{ports}", users.display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_passes_with_the_password_that_htpasswd_was_given() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let users = folder.path().join("users");
    let ann = htpasswd(&["-nbB", "-C", "5", "ann", "p@ss: w\u{f6}rd"]);
    // Of argon2(1): `hunter2`.
    let bob = "bob:$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHRzYWx0$fBXr36pc5MtUn8E1/yB6eArYUl5oXEN27K0Jw5O4q3c\n";
    std::fs::write(&users, ann + bob).unwrap();
    let (_member, proxy) = lone_member(folder.path(), origin.address, &settings(&users));
    let plain = |user: &str| {
        curl(&["-x", &format!("http://{proxy}"), "--proxy-user", user], "http://a.test/page")
    };
    assert_eq!(plain("ann:p@ss: w\u{f6}rd"), "/page 0 200 000");
    assert_eq!(plain("bob:hunter2"), "/page 0 200 000");
    assert!(plain("ann:p@ss").ends_with(" 407 000") && plain("carl:x").ends_with(" 407 000"));
    let in_url = format!("http://bob:hunter2@{proxy}");
    assert_eq!(curl(&["-x", &in_url], "http://a.test/page"), "/page 0 200 000");
    let tunnelled = format!("http://a.test:{}/tunnel", origin.address.port());
    assert_eq!(curl(&["-p", "-x", &in_url], &tunnelled), "/tunnel 0 200 200");
    // curl finds out by itself what is asked for.
    let any = ["-x", &format!("http://{proxy}"), "--proxy-anyauth", "--proxy-user", "bob:hunter2"];
    assert!(curl(&any, "http://a.test/page").ends_with("/page 0 200 000"));
    assert!(origin.arrived().iter().all(|request| request.header("proxy-authorization").is_none()));
    nobody_passes_without(proxy, &tunnelled);
}

fn nobody_passes_without(proxy: SocketAddr, tunnelled: &str) {
    let proxy = format!("http://{proxy}");
    assert!(curl(&["-x", &proxy], "http://a.test/page").ends_with(" 407 000"));
    assert!(curl(&["-p", "-x", &proxy], tunnelled).ends_with(" 000 407"));
    assert!(curl(&[], &format!("{proxy}/proxy.pac")).contains("FindProxyForURL"));
}

#[test]
fn weak_hashes_of_htpasswd_are_refused_with_their_line() {
    let folder = TempDir::new().unwrap();
    let (users, config) = (folder.path().join("users"), folder.path().join("m1.toml"));
    let shown = users.display().to_string();
    for (flag, found) in [
        ("-m", "$apr1$ (MD5)"),
        ("-s", "{SHA}"),
        ("-d", "no scheme: DES crypt or plain text"),
        ("-p", "no scheme: DES crypt or plain text"),
        ("-5", "$6$ (SHA-512 crypt)"),
    ] {
        let good = htpasswd(&["-nbB", "-C", "5", "ann", "x"]);
        std::fs::write(&users, good + &htpasswd(&["-nb", flag, "bob", "secret"])).unwrap();
        let text = format!("name = \"m1\"\ntable = \"t\"\n{}", settings(&users));
        std::fs::write(&config, text).unwrap();
        let output =
            parray().args(["member", "--check", "--config"]).arg(&config).output().unwrap();
        assert_eq!(output.status.code(), Some(78), "{flag}");
        let error = stderr(&output);
        let expected = format!("{shown}:2: password of \"bob\" must be bcrypt");
        assert!(error.contains(&expected) && error.contains(&format!("found {found}")), "{error}");
    }
}
