//! curl as a client: plain, tunnelled, uploading.

use std::process::Command;

use crate::origin::Origin;
use crate::support::Processes;

fn curl(proxy: std::net::SocketAddr, arguments: &[&str]) -> (Option<i32>, String) {
    let proxy = format!("http://{proxy}");
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "20", "-x", &proxy])
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
