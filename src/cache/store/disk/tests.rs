//! Files that come, go and fail.

use super::*;
use crate::cache::store::patience::{PATIENCE, PAUSE};

#[test]
fn a_folder_of_somebody_else_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let precious = folder.path().join("new");
    fs::create_dir(&precious).unwrap();
    assert!(Disk::open(folder.path(), 1 << 30).is_err());
    assert!(precious.exists());
    fs::remove_dir(&precious).unwrap();
    let (disk, _) = Disk::open(folder.path(), 1 << 30).unwrap();
    assert!(Disk::open(folder.path(), 1 << 30).is_err(), "by two at the same time");
    drop(disk);
    assert!(Disk::open(folder.path(), 1 << 30).is_ok());
}

/// Stores a response of a few bytes.
fn store(disk: &Disk, key: CacheKey) -> u32 {
    let new = disk.create(key, 4).unwrap();
    new.file.write(0, b"body").unwrap();
    disk.finish(&new, b"head", 4, &[]).unwrap();
    new.id
}

/// A disk of which the folder of this key is away: it can neither be read nor written.
fn broken(disk: &Disk, key: CacheKey) -> (PathBuf, PathBuf) {
    let place = disk.path(key, 0).parent().unwrap().to_owned();
    let away = disk.folder.join("away");
    fs::rename(&place, &away).unwrap();
    File::create(&place).unwrap();
    (place, away)
}

fn mend((place, away): (PathBuf, PathBuf)) {
    fs::remove_file(&place).unwrap();
    fs::rename(away, place).unwrap();
}

#[test]
fn a_purge_tells_what_it_cannot_remove_and_removes_it_later() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, _) = Disk::open(folder.path(), 1 << 30).unwrap();
    let (key, other) = (CacheKey(7), CacheKey(1 << 127));
    let path = disk.path(key, store(&disk, key));
    let away = broken(&disk, key);
    assert_eq!(disk.remove(key), Removed { any: true, gone: false });
    assert!(disk.load(key).is_empty());
    mend(away);
    assert!(path.exists());
    assert_eq!(disk.remove(key), Removed { any: false, gone: true });
    store(&disk, other);
    let swept = disk.sweep();
    assert!(swept.iter().all(|swept| swept.key == key && swept.gone) && swept.len() == 1);
    assert!(!path.exists());
    assert_eq!(disk.remove(key), Removed { any: false, gone: true });
}

#[test]
fn a_folder_that_cannot_be_read_is_not_taken_for_empty() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Disk::open(folder.path(), 1 << 30).unwrap().0;
    let (key, disk) = (CacheKey(7), open());
    store(&disk, key);
    drop(disk);
    let disk = open();
    let away = broken(&disk, key);
    assert!(disk.load(key).is_empty() && disk.may_have(key));
    assert_eq!(disk.remove(key), Removed { any: false, gone: false });
    mend(away);
    assert_eq!(disk.load(key).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_fails_is_left_alone_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, _) = Disk::open(folder.path(), 1 << 30).unwrap();
    let key = CacheKey(7);
    let id = store(&disk, key);
    let away = broken(&disk, key);
    for _ in 0..PATIENCE {
        assert!(!disk.is_resting());
        disk.replace_head(key, id, b"next");
    }
    assert!(disk.is_resting() && disk.load(key).is_empty());
    tokio::time::advance(PAUSE / 2).await;
    for _ in 0..PATIENCE {
        disk.replace_head(key, id, b"next");
        disk.failed(&io::Error::other("again"));
    }
    tokio::time::advance(PAUSE / 2).await;
    assert!(!disk.is_resting(), "what fails meanwhile does not count");
    mend(away);
    assert_eq!(disk.load(key).len(), 1);
}
