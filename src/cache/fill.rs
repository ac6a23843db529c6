//! A response on its way into the store, while any number of clients read it.

use std::io;
use std::pin::pin;
use std::sync::Arc;

use http_body_util::BodyExt as _;
use tokio::sync::OwnedSemaphorePermit;

use super::flights::Flight;
use super::keeper::{Cache, Purge, set_length};
use super::key::CacheKey;
use super::store::codec;
use super::store::disk::{Disk, NewFile, WRITE_AT_ONCE};
use super::store::growing::{Ended, Growing};
use super::store::memory::{Stored, StoredBody};
use super::store::record::BLOCK;
use super::stored::Head;
use crate::net::body::Body;

/// What is left of a body may be this much for it to be fetched although nobody waits any more.
const FINISH_ALONE: u64 = 1 << 20;

/// Bytes that are put together where requests are served. With more, these would have to wait.
const MOST_AT_ONCE: u64 = 1 << 20;

/// A response that is being stored.
#[derive(Debug)]
pub struct Fill {
    cache: Arc<Cache>,
    key: CacheKey,
    /// What readers are given.
    pub stored: Arc<Stored>,
    growing: Arc<Growing>,
    body: Body,
    flight: Option<Flight>,
    room: OwnedSemaphorePermit,
    /// Nobody waits for it; it is fetched for those to come.
    pub alone: bool,
}

/// The part of a body that is on disk already.
struct Spill {
    disk: Arc<Disk>,
    new: NewFile,
    written: u64,
}

impl Fill {
    /// A response of which the head is there, with [room](Cache::reserve) for its body.
    pub fn new(
        cache: &Arc<Cache>,
        key: CacheKey,
        head: Head,
        body: Body,
        room: OwnedSemaphorePermit,
    ) -> Self {
        let growing = Growing::new(head.length());
        let stored = Arc::new(Stored::new(head, StoredBody::Growing(Arc::clone(&growing))));
        Self {
            cache: Arc::clone(cache),
            key,
            stored,
            growing,
            body,
            flight: None,
            room,
            alone: false,
        }
    }

    /// The same, for those who wait for a fetch.
    #[must_use]
    pub fn with_flight(self, flight: Option<Flight>) -> Self {
        Self { flight, ..self }
    }

    /// Reads the body to its end and stores it.
    pub async fn run(self) {
        let Self { cache, key, stored, growing, body, flight, mut room, alone } = self;
        let mut body = pin!(body);
        let mut spill: Option<Spill> = None;
        let mut keep = true;
        let most_in_memory = cache.most_in_memory(&stored.head);
        let ended = loop {
            match body.frame().await {
                None => break Ended::Whole,
                Some(Err(_)) => break Ended::CutOff,
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        growing.push(chunk);
                    }
                }
            }
            let length = growing.len();
            keep = keep && length <= cache.max_object() && cache.reserve_more(&mut room, length);
            if length > most_in_memory || !keep {
                if keep {
                    keep = spill_out(&cache, key, &stored.head, &growing, &mut spill).await;
                }
                if !keep {
                    growing.wait_for_readers().await;
                }
            }
            let wanted = alone
                || growing.has_readers()
                || flight.as_ref().is_some_and(Flight::is_awaited)
                || (keep && is_nearly_there(&growing));
            if !wanted {
                break Ended::CutOff;
            }
        };
        growing.finish(ended);
        let last = cache.last_purge(key);
        let void = flight.as_ref().is_some_and(Flight::is_void) || cache.is_void(key, &stored.head);
        let whole =
            ended == Ended::Whole && stored.head.length().is_none_or(|said| said == growing.len());
        if !(keep && whole) || void {
            if let Some(spill) = spill {
                drop(tokio::task::spawn_blocking(move || spill.new.file.abandon()).await);
            }
            return;
        }
        match spill {
            None => {
                if let Some(pieces) = growing.all() {
                    let (head, is_large) = (stored.head.clone(), growing.len() > MOST_AT_ONCE);
                    let keep = move || cache.keep(key, head, &pieces);
                    if is_large {
                        drop(tokio::task::spawn_blocking(keep).await);
                    } else {
                        keep();
                    }
                }
            }
            Some(spill) => finish(&cache, key, &stored.head, (&growing, spill), last).await,
        }
        // The flight ends here, when the store has what it brought.
        drop(flight);
    }
}

/// Whether so little is missing that it is fetched for those to come.
fn is_nearly_there(growing: &Growing) -> bool {
    growing.total().is_some_and(|total| total.saturating_sub(growing.len()) <= FINISH_ALONE)
}

/// Writes what is worth a write; false if it failed, and the response will not be stored.
async fn spill_out(
    cache: &Arc<Cache>,
    key: CacheKey,
    head: &Head,
    growing: &Arc<Growing>,
    spill: &mut Option<Spill>,
) -> bool {
    let Some(disk) = cache.disk() else { return false };
    if spill.is_none() {
        let (disk, length) = (Arc::clone(disk), codec::encode(head).len() + 32);
        let created = tokio::task::spawn_blocking(move || {
            let new = disk.create(key, length)?;
            io::Result::Ok(Spill { disk, new, written: 0 })
        });
        *spill = created.await.ok().and_then(Result::ok);
    }
    let Some(spill) = spill else { return false };
    if growing.len() - spill.written < WRITE_AT_ONCE {
        return true;
    }
    write(growing, spill, false).await.is_ok()
}

/// Writes whole blocks, or all that is left.
async fn write(growing: &Arc<Growing>, spill: &mut Spill, rest: bool) -> io::Result<()> {
    let chunks = growing.since(spill.written);
    let (file, disk, offset) =
        (Arc::clone(&spill.new.file), Arc::clone(&spill.disk), spill.written);
    let writing = tokio::task::spawn_blocking(move || {
        let mut bytes: Vec<u8> = Vec::with_capacity(chunks.iter().map(bytes::Bytes::len).sum());
        for chunk in &chunks {
            bytes.extend_from_slice(chunk);
        }
        if !rest {
            let block = usize::try_from(BLOCK).unwrap_or(usize::MAX);
            bytes.truncate(bytes.len() / block * block);
        }
        file.write(offset, &bytes).inspect_err(|error| disk.failed(error))?;
        Ok(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
    });
    spill.written += writing.await.map_err(io::Error::other).flatten()?;
    growing.spilled(&spill.new.file, spill.written);
    Ok(())
}

/// Writes the rest, names the file and keeps its head in memory.
async fn finish(
    cache: &Arc<Cache>,
    key: CacheKey,
    head: &Head,
    (growing, mut spill): (&Arc<Growing>, Spill),
    last: Option<Purge>,
) {
    let mut head = head.clone();
    let length = growing.len();
    set_length(&mut head, usize::try_from(length).unwrap_or(usize::MAX));
    head.compact();
    if spill.written < length && write(growing, &mut spill, true).await.is_err() {
        spill.new.file.abandon();
        return;
    }
    let (file, source) = (Arc::clone(&spill.new.file), spill.new.file.source());
    let body = StoredBody::File(source.whole(length));
    let stored = Arc::new(Stored::new(head, body));
    stored.file.set(spill.new.id).ok(); // it was empty
    let (cache, stored_too) = (Arc::clone(cache), Arc::clone(&stored));
    let finished = tokio::task::spawn_blocking(move || {
        let head = codec::encode(&stored_too.head);
        let Some(replaced) = cache.insert(key, &stored_too) else {
            return Err(io::Error::other("there is a newer one"));
        };
        if let Err(error) = spill.disk.finish(&spill.new, &head, length, &replaced) {
            spill.disk.drop_entries(key, &replaced);
            cache.close(key, spill.new.id);
            return Err(error);
        }
        if cache.last_purge(key) != last || cache.is_void(key, &stored_too.head) {
            // Purged while it was named.
            spill.disk.drop_entry(key, spill.new.id);
        }
        cache.close_all(&spill.disk.sweep_some());
        io::Result::Ok(())
    });
    if !matches!(finished.await, Ok(Ok(()))) {
        file.abandon();
    }
}
