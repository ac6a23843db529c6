//! Users and passwords.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::array::Array;
use crate::support::client::{Client, Reply, exchange, page};
use crate::support::origin::Origin;

/// By `htpasswd -nbB -C 5`: `pass:word` and `b`.
const ANN: &str = "ann:$2y$05$857/xX0nn7yVH.cdhyZeteUgaytOZOu4NDdzvw9gyIEEzqNqwtDsO\n";
const BOB: &str = "bob:$2y$05$M0Qjj61Hgni4gWTdoIGAkOeLITYN0p.o5b1udRFQhcpj8ShtMtOvG\n";

/// By `htpasswd -nbB -C 11`: `x`. To check it takes a while.
const SLOW: &str = "slow:$2y$11$iFvf3ae0c8qwJXtS.hCS0epMe.N8nJTRzcf9z9yrla4JdFf4XWIYC\n";

/// `ann:pass:word`, `bob:b`, `ann:wrong` and `zoe:pass:word`.
const RIGHT: &str = "YW5uOnBhc3M6d29yZA==";
const BOBS: &str = "Ym9iOmI=";
const WRONG: &str = "YW5uOndyb25n";
const NOBODY: &str = "em9lOnBhc3M6d29yZA==";

async fn asking(count: usize, origin: &Origin, folder: &TempDir, users: &str) -> Array {
    let path = folder.path().join("users");
    std::fs::write(&path, users).unwrap();
    Array::start_with(count, origin.address, |settings| {
        let name = format!("{}.log", settings.name.as_ref().unwrap());
        settings.access_log.path = Some(folder.path().join(name));
        settings.access_log.format = Some("json".to_owned());
        settings.auth.htpasswd = Some(path.clone());
        settings.auth.realm = Some("the array".to_owned());
        settings.limits.drain = Some("500ms".parse().unwrap());
    })
    .await
}

fn request(url: &str, credentials: &str) -> String {
    let method = if url.starts_with("http") { "GET" } else { "CONNECT" };
    let field = if credentials.is_empty() {
        String::new()
    } else {
        format!("Proxy-Authorization: Basic {credentials}\r\n")
    };
    format!("{method} {url} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n{field}\r\n")
}

async fn ask(array: &Array, url: &str, credentials: &str) -> Reply {
    exchange(array.members[0], &request(url, credentials)).await
}

async fn counts(array: &Array) -> Value {
    let body = page(array.members[0], "/healthz").await.body;
    serde_json::from_str::<Value>(&body).unwrap()["auth"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_is_asked_for_one_and_who_has_passes() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = asking(1, &origin, &folder, ANN).await;
    for credentials in ["", WRONG, NOBODY, "!", WRONG] {
        for url in ["http://a.test/in", "a.test:80"] {
            let reply = ask(&array, url, credentials).await;
            assert_eq!(reply.status, 407, "{credentials}");
            let challenge = "Basic realm=\"the array\", charset=\"UTF-8\"";
            assert_eq!(reply.header("proxy-authenticate"), Some(challenge));
        }
    }
    for _ in 0..3 {
        assert_eq!(ask(&array, "http://a.test/out", RIGHT).await.status, 200);
    }
    let arrived = origin.arrived();
    assert!(arrived.iter().all(|request| request.path() == "/out"), "{arrived:?}");
    assert!(arrived.iter().all(|request| request.header("proxy-authorization").is_none()));
    // One computation for each kind of credentials, wrong ones too.
    let counts = counts(&array).await;
    assert_eq!((&counts["computed"], &counts["wrong"]), (&3.into(), &6.into()));
    array.end().await;
    let log = std::fs::read_to_string(folder.path().join("m1.log")).unwrap();
    let of_ann = log.lines().filter(|line| line.contains("\"user\":\"ann\"")).count();
    assert_eq!(of_ann, 3);
    assert!(!log.contains(RIGHT) && !log.contains("pass:word"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_member_need_no_password() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = asking(1, &origin, &folder, ANN).await;
    for path in ["/pat", "/proxy.pac", "/wpad.dat", "/healthz"] {
        assert_eq!(page(array.members[0], path).await.status, 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_passes_on_whom_it_has_let_in_and_nobody_else_is_believed() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = asking(2, &origin, &folder, ANN).await;
    for i in 0..8 {
        let url = format!("http://a.test/{i}");
        assert_eq!(ask(&array, &url, RIGHT).await.status, 200);
    }
    assert!(origin.arrived().iter().any(|request| request.via().len() == 2));
    // The marker of a member from an address that is none.
    let mut client = Client::connect_from([127, 0, 0, 2], array.members[0]).await;
    let marked = request("http://a.test/in", "").replace("\r\n\r\n", "\r\nParray-Hop: x\r\n\r\n");
    client.send(&marked).await;
    assert!(client.rest().await.starts_with("HTTP/1.1 407 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_taken_and_a_broken_one_is_not() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = asking(1, &origin, &folder, ANN).await;
    assert_eq!(ask(&array, "http://a.test/1", RIGHT).await.status, 200);
    let path = folder.path().join("users");
    let replace = |text: &str| {
        std::fs::write(folder.path().join("new"), text).unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
    };
    replace("ann:plain\n");
    while counts(&array).await["refused_files"] != 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&array, "http://a.test/2", RIGHT).await.status, 200);
    // Another hash of the same password would do; another's would not.
    replace(&(ANN.replace("ann:", "carl:") + BOB));
    while counts(&array).await["users"] != 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&array, "http://a.test/3", RIGHT).await.status, 407);
    assert_eq!(ask(&array, "http://a.test/4", BOBS).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_wrong_passwords_stops_nobody_else() {
    let (origin, folder) = (Origin::start().await, TempDir::new().unwrap());
    let array = asking(1, &origin, &folder, &(ANN.to_owned() + BOB + SLOW)).await;
    assert_eq!(ask(&array, "http://a.test/known", RIGHT).await.status, 200);
    let mut flood = tokio::task::JoinSet::new();
    for i in 0_u8..40 {
        let member = array.members[0];
        flood.spawn(async move {
            let mut client = Client::connect_from([127, 0, 0, 66], member).await;
            // `slow:` and two letters.
            let guess = format!(
                "c2xvdz{}{}",
                ['o', 'p', 'q', 'r'][usize::from(i % 4)],
                "x".repeat(1 + usize::from(i / 4))
            );
            let padded = guess.clone() + &"=".repeat((4 - guess.len() % 4) % 4);
            client.send(&request("http://a.test/in", &padded)).await;
            client.rest().await
        });
    }
    // While they are checked: who is known passes at once, who is not waits for no more than its turn.
    for _ in 0..20 {
        assert_eq!(ask(&array, "http://a.test/known", RIGHT).await.status, 200);
    }
    assert_eq!(ask(&array, "http://a.test/fresh", BOBS).await.status, 200);
    let answers = flood.join_all().await;
    let of = |status: &str| answers.iter().filter(|answer| answer.contains(status)).count();
    assert_eq!(of("HTTP/1.1 407 ") + of("HTTP/1.1 503 "), 40, "{answers:?}");
    assert!(of("HTTP/1.1 503 ") > 0 && of("retry-after: 1") == of("HTTP/1.1 503 "));
    assert!(origin.arrived().iter().all(|request| request.path() != "/in"));
}
