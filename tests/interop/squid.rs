//! A Squid that has a member as its parent.

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::client::get;
use crate::origin::Origin;
use crate::support::{Processes, Running, free_ports};

#[tokio::test(flavor = "multi_thread")]
async fn pages_pass_through_a_squid_whose_parent_is_a_member() {
    let origin = Origin::start().await;
    let array = Processes::start(3, origin.address);
    let port = free_ports(1);
    let folder = TempDir::new().unwrap();
    // Squid gives up root and works as its own user.
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let config = folder.path().join("squid.conf");
    let settings = format!(
        "http_port 127.0.0.1:{port}\ncache_peer 127.0.0.1 parent {} 0 no-query default\nnever_direct allow all\n\
         http_access allow all\ncache deny all\nvisible_hostname front\npid_filename none\naccess_log none\n\
         cache_log {1}/cache.log\ncoredump_dir {1}\nshutdown_lifetime 0 seconds\n",
        array.addresses[0].port(),
        folder.path().display(),
    );
    std::fs::write(&config, settings).unwrap();
    let squid = Command::new("squid")
        .args(["-N", "-f"])
        .arg(&config)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _squid = Running(squid.unwrap());
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        tokio::task::yield_now().await;
    }
    let urls: Vec<String> = (0..12).map(|i| format!("http://a.test/{i}")).collect();
    for ((i, url), owner) in urls.iter().enumerate().zip(array.owners(&urls)) {
        let reply = get(([127, 0, 0, 1], port).into(), url).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, format!("/{i} 0").as_str()));
        let via = origin.last(&format!("/{i}")).via();
        assert_eq!((via[0].as_str(), via[1].as_str()), ("front", "m1"));
        assert_eq!(via.last(), Some(&owner), "{via:?}");
    }
}
