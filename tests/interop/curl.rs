//! curl as a client: plain, tunnelled, uploading.

use std::process::Command;

use crate::origin::Origin;
use crate::support::{Processes, run, stdout};
use crate::tls::Identity;

fn curl(proxy: std::net::SocketAddr, arguments: &[&str]) -> (Option<i32>, String) {
    through(&format!("http://{proxy}"), arguments)
}

fn through(proxy: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "20", "-x", proxy])
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_gets_tunnels_and_uploads_through_every_member() {
    let origin = Origin::start().await;
    let array = Processes::start(3, origin.address);
    let tunnelled = format!("http://a.test:{}/tunnel", origin.address.port());
    for proxy in &array.addresses {
        assert_eq!(curl(*proxy, &["http://a.test/page"]), (Some(0), "/page 0".to_owned()));
        assert_eq!(curl(*proxy, &["-p", &tunnelled]), (Some(0), "/tunnel 0".to_owned()));
        assert!(origin.last("/tunnel").via().is_empty(), "nobody reads a tunnel");
        let upload = curl(
            *proxy,
            &["-T", "/proc/self/environ", "-H", "Expect: 100-continue", "http://a.test/continue"],
        );
        assert!(upload.0 == Some(0) && upload.1.starts_with("/continue "), "{upload:?}");
        let (_, refused) = curl(*proxy, &["-p", "http://a.test:22/"]);
        assert!(refused.contains("403"), "{refused}");
        let (_, refused) =
            curl(*proxy, &["-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:9/"]);
        assert!(refused.starts_with("403"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_speaks_tls_to_the_members_that_a_pac_names() {
    let (origin, identity) = (Origin::start().await, Identity::new());
    let array = Processes::start_with(3, origin.address, &identity.settings());
    let pac = array.folder.path().join("proxy.pac");
    let pac = pac.to_str().unwrap();
    let generated = run(&[
        "pac",
        "generate",
        "--table",
        &array.master_url,
        "--scheme",
        "HTTPS",
        "--address",
        "ip",
        "-o",
        pac,
    ]);
    assert!(generated.status.success(), "{generated:?}");
    let trusted = identity.certificate.to_str().unwrap();
    let trust = ["--proxy-cacert", trusted];
    for i in 0..12 {
        let url = format!("http://a.test/{i}");
        let answer = stdout(&run(&["pac", "eval", pac, &url]));
        let named = answer.split_once("HTTPS ").unwrap().1.split(';').next().unwrap();
        let proxy = format!("https://{named}");
        let got = through(&proxy, &[&trust[..], &[&url]].concat());
        assert_eq!(got, (Some(0), format!("/{i} 0")), "{answer}");
        // The PAC and the members agree: one hop.
        assert_eq!(origin.last(&format!("/{i}")).via().len(), 1);
        let tunnelled = format!("http://a.test:{}/tunnel/{i}", origin.address.port());
        let got = through(&proxy, &[&trust[..], &["-p", &tunnelled]].concat());
        assert_eq!(got, (Some(0), format!("/tunnel/{i} 0")));
        let upload = ["-T", "/proc/self/environ", "-H", "Expect: 100-continue", &url];
        assert_eq!(through(&proxy, &[&trust[..], &upload].concat()).0, Some(0));
    }
    let distrusted = through(&format!("https://{}", array.addresses[0]), &["http://a.test/"]);
    assert_eq!(distrusted.0, Some(60), "{distrusted:?}");
}
