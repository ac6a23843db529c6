//! `parray up`: a newcomer's first command.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::client::get;
use crate::origin::Origin;
use crate::support::{Running, free_ports, parray, run, stderr, stdout};

#[tokio::test(flavor = "multi_thread")]
async fn up_starts_an_array_that_can_be_used_and_drains() {
    let origin = Origin::start().await;
    let folder = TempDir::new().unwrap();
    let first = free_ports(4);
    let (master_port, member_port) = (first.to_string(), (first + 1).to_string());
    let mut command = parray();
    command
        .args(["up", "--master-port", &master_port, "--member-port", &member_port, "--dir"])
        .arg(folder.path());
    let mut up = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(up.0.stdout.take().unwrap()).lines();
    let greeting: Vec<String> =
        lines.by_ref().map(Result::unwrap).take_while(|line| !line.starts_with("Ctrl-C")).collect();
    let greeting = greeting.join("\n");
    let master = format!("http://127.0.0.1:{first}");
    for expected in [
        format!("PAC URL  {master}/proxy.pac"),
        format!("curl -x http://127.0.0.1:{member_port} "),
        format!("parray route --table {master}"),
        format!("parray pat off --master {master}"),
    ] {
        assert!(greeting.contains(&expected), "{expected} is not in\n{greeting}");
    }
    let url = format!("http://{}/page", origin.address);
    assert_eq!(get(([127, 0, 0, 1], first + 2).into(), &url).await.status, 200);
    let off = run(&["pat", "off", "--master", &master, "member3"]);
    assert_eq!(stdout(&off), "table is now ConfigID 2\n");
    assert!(!stdout(&run(&["route", "--table", &master, &url])).contains("member3"));
    assert!(
        Command::new("kill").args(["-INT", &up.0.id().to_string()]).status().unwrap().success()
    );
    assert_eq!(lines.last().unwrap().unwrap(), "drained");
    assert!(up.0.wait().unwrap().success());
    assert!(folder.path().join("parray.pat").exists());
}

#[test]
fn a_taken_port_names_the_port_and_the_flag() {
    let folder = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let dir = folder.path().display().to_string();
    let other = free_ports(3).to_string();
    for (flag, rest) in [("--master-port", "--member-port"), ("--member-port", "--master-port")] {
        let output = run(&["up", "--dir", &dir, flag, &port, rest, &other]);
        assert_eq!(output.status.code(), Some(74));
        let said = stderr(&output);
        assert!(
            said.contains(&format!("port {port} of 127.0.0.1 is taken")) && said.contains(flag),
            "{said}"
        );
    }
}
