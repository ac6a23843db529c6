//! What is stored on disk: it outlives the process, and no byte of it is ever wrong.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::pattern::{Got, Numbers, Patterns, Storing, get};

/// URLs of 1 byte to 3 MB, most of them small.
fn paths() -> Vec<String> {
    let sizes = [1, 100, 5000, 65_535, 65_536, 65_537, 300_000, 1_048_576, 1_048_577, 3_000_000];
    (0..300).map(|i| format!("/{}/{i}", sizes[i * i % sizes.len()] + i / 100)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_outlives_a_restart_and_needs_no_origin() {
    let origin = Patterns::start().await;
    let mut member = Storing::start(origin.address);
    let paths: Vec<String> = paths().into_iter().take(60).collect();
    for path in &paths {
        assert_eq!(get(member.address, path).await, Got::Whole);
        member.settled().await;
        member.on_disk(path).await;
    }
    drop(origin);
    member.restart();
    for path in &paths {
        assert_eq!(get(member.address, path).await, Got::Hit, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_and_a_purge_outlive_a_restart() {
    let origin = Patterns::start().await;
    let mut member = Storing::start(origin.address);
    let (banned, purged, kept) = ("/5000/banned", "/5000/purged", "/5000/kept");
    for path in [banned, purged, kept] {
        get(member.address, path).await;
        member.on_disk(path).await;
    }
    for document in
        [r#"{"prefix":"http://a.test/5000/b"}"#, r#"{"url":"http://a.test/5000/purged"}"#]
    {
        let request = format!(
            "POST /api/v1/cache/purge HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{document}",
            document.len()
        );
        assert_eq!(crate::client::exchange(member.address, &request).await.status, 200);
    }
    member.restart();
    assert_eq!(get(member.address, banned).await, Got::Whole);
    assert_eq!(get(member.address, purged).await, Got::Whole);
    assert_eq!(get(member.address, kept).await, Got::Hit);
}

/// How often the member is killed; another number by `PARRAY_KILLS`.
fn kills() -> usize {
    std::env::var("PARRAY_KILLS").map_or(50, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_it_is_killed_no_byte_is_wrong_and_little_is_lost() {
    let origin = Patterns::start().await;
    let mut member = Storing::start(origin.address);
    let paths = Arc::new(paths());
    let served = Arc::new(Mutex::new(HashSet::new()));
    let mut numbers = Numbers(1);
    let (mut hits, mut cut_off) = (0, 0);
    for round in 0..kills() {
        let answers = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for client in 0..4 {
            let (paths, answers) = (Arc::clone(&paths), Arc::clone(&answers));
            let (served, address) = (Arc::clone(&served), member.address);
            let mut numbers = Numbers(u64::try_from(round * 4 + client).unwrap());
            clients.spawn(async move {
                let mut got = Vec::new();
                loop {
                    let path = &paths[numbers.below(paths.len())];
                    got.push(get(address, path).await);
                    match got.last() {
                        Some(Got::Hit | Got::Whole) => served.lock().unwrap().insert(path.clone()),
                        _ => return got,
                    };
                    answers.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let moment = 5 + numbers.below(100);
        while answers.load(Ordering::SeqCst) < moment {
            tokio::task::yield_now().await;
        }
        member.running.kill();
        for got in clients.join_all().await.into_iter().flatten() {
            hits += usize::from(got == Got::Hit);
            cut_off += usize::from(got == Got::CutOff);
        }
        member.start_again();
    }
    assert!(hits > 0);
    let served = served.lock().unwrap().clone();
    let mut found = 0;
    for path in &served {
        found += usize::from(get(member.address, path).await == Got::Hit);
    }
    println!(
        "{} kills, {hits} hits, {cut_off} cut off; of {} URLs served, {found} are stored at the end",
        kills(),
        served.len()
    );
    assert!(found * 10 >= served.len() * 9, "{found} of {} are left", served.len());
    let unfinished = std::fs::read_dir(member.cache.join("new")).unwrap().count();
    assert_eq!(unfinished, 0, "what was not finished was swept away");
}

/// Changes a byte of a file, or cuts it off.
fn damage(file: &Path, numbers: &mut Numbers) {
    let mut bytes = std::fs::read(file).unwrap();
    let at = numbers.below(bytes.len());
    if numbers.below(3) == 0 {
        bytes.truncate(at);
    } else {
        bytes[at] ^= 1 << numbers.below(8);
    }
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_are_no_hits_and_are_replaced() {
    let origin = Patterns::start().await;
    let mut member = Storing::start(origin.address);
    let paths: Vec<String> = paths().into_iter().take(100).collect();
    for path in &paths {
        assert_eq!(get(member.address, path).await, Got::Whole);
        member.on_disk(path).await;
    }
    let mut numbers = Numbers(2);
    for _ in 0..3 {
        member.running.kill();
        let files = member.files();
        assert!(files.len() >= paths.len(), "{} files", files.len());
        for file in &files {
            damage(file, &mut numbers);
        }
        member.start_again();
        let mut cut_off = 0;
        for path in &paths {
            // What is found damaged while it is sent ends there; it is no hit a second time.
            let first = get(member.address, path).await;
            assert_ne!(first, Got::Nothing, "{path}");
            if first == Got::CutOff {
                cut_off += 1;
                assert_eq!(get(member.address, path).await, Got::Whole, "{path}");
            }
            member.on_disk(path).await;
        }
        println!("{cut_off} of {} were cut off", paths.len());
        for path in &paths {
            assert_eq!(get(member.address, path).await, Got::Hit, "{path}");
        }
    }
}

/// How many files there are; another number by `PARRAY_FILES`.
fn files() -> usize {
    std::env::var("PARRAY_FILES").map_or(1_000_000, |count| count.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_hit_does_not_wait_until_all_is_read_in() {
    let origin = Patterns::start().await;
    let mut member = Storing::start(origin.address);
    get(member.address, "/5000/wanted").await;
    member.on_disk("/5000/wanted").await;
    member.running.kill();
    let mut one = member.files().pop().unwrap();
    let folders: HashSet<_> = (0..4096).map(|place| format!("{place:03x}")).collect();
    for folder in &folders {
        std::fs::create_dir_all(member.cache.join(folder)).unwrap();
    }
    let mut numbers = Numbers(3);
    for i in 0..files() {
        // A file system allows so many links to one file only.
        let key = format!("{:016x}{:016x}", numbers.next(), numbers.next());
        let other = member.cache.join(key.get(..3).unwrap()).join(format!("{key}.{i:08x}"));
        if std::fs::hard_link(&one, &other).is_err() {
            std::fs::copy(&one, &other).unwrap();
            one = other;
        }
    }
    let before = std::time::SystemTime::now();
    member.start_again();
    assert_eq!(get(member.address, "/5000/wanted").await, Got::Hit);
    let took = before.elapsed().unwrap();
    println!("{} files: first hit after {took:?}", files());
    assert!(took < Duration::from_secs(1), "{took:?}");
    // The rest is read in meanwhile.
    let all = u64::try_from(files()).unwrap() + 1;
    while member.statistics().await["disk"]["urls"] != all {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_folder_after_a_restart_is_heeded() {
    let origin = Patterns::start().await;
    let folder = tempfile::TempDir::new().unwrap();
    let cache = folder.path().join("cache");
    let mut member = Storing::start_in(folder, cache.clone(), origin.address, "size = \"64MB\"\n");
    for i in 0..50 {
        let path = format!("/1000000/{i}");
        get(member.address, &path).await;
        member.on_disk(&path).await;
    }
    assert!(member.files().len() >= 45);
    member.running.kill();
    member.set("size = \"16MB\"\n");
    member.start_again();
    while member.files().len() > 16 {
        tokio::task::yield_now().await;
    }
    assert!(member.files().len() > 8, "{}", member.files().len());
}
