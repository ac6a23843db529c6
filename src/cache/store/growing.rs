//! A body that is still coming: one fetch writes it, any number of readers follow, each at its own pace.
//!
//! A reader that is behind what memory keeps reads from the disk. Where there is no disk, nothing is
//! forgotten before all have read it, so that the fetch waits for the slowest: only there, and only
//! for bodies larger than what memory keeps of one.

use std::collections::VecDeque;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::Notify;

use super::reader::BlockReader;
use super::record::{BLOCK, Unfinished};
use crate::net::body::BodyError;

/// What memory keeps of a body that does not stay there, in bytes.
pub const WINDOW: u64 = 1 << 18;

/// Pieces that lie side by side are put together up to so many bytes: what was read for a small piece may be a
/// thousand times as large, and stays as long as the piece does.
const TOGETHER: usize = 16 << 10;

/// A body that is being written.
#[derive(Debug)]
pub struct Growing {
    state: Mutex<State>,
    /// Wakes the writer: a reader went on, or left.
    room: Notify,
}

#[derive(Debug)]
struct State {
    /// Where the first chunk begins.
    base: u64,
    chunks: VecDeque<Bytes>,
    /// Bytes that came.
    end: u64,
    /// How it ended.
    ended: Option<Ended>,
    /// The file that has the bytes below `spilled`.
    file: Option<Arc<Unfinished>>,
    spilled: u64,
    readers: Vec<Option<Place>>,
    /// The whole length, if its head tells.
    length: Option<u64>,
}

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is whole.
    Whole,
    /// Its fetch failed.
    CutOff,
}

#[derive(Debug)]
struct Place {
    offset: u64,
    waker: Option<Waker>,
}

impl Growing {
    /// An empty body, with its length if that is known.
    pub fn new(length: Option<u64>) -> Arc<Self> {
        let state = State {
            base: 0,
            chunks: VecDeque::new(),
            end: 0,
            ended: None,
            file: None,
            spilled: 0,
            readers: Vec::new(),
            length,
        };
        Arc::new(Self { state: Mutex::new(state), room: Notify::new() })
    }

    /// A reader of these bytes, `None` for all; `None` if the beginning is gone.
    pub fn reader(self: &Arc<Self>, range: Option<Range<u64>>) -> Option<GrowingReader> {
        let mut state = self.lock();
        let offset = range.as_ref().map_or(0, |range| range.start);
        if offset < state.base && state.on_disk() < state.base {
            return None;
        }
        let place = Place { offset, waker: None };
        let free = state.readers.iter().position(Option::is_none);
        let slot = free.unwrap_or(state.readers.len());
        match state.readers.get_mut(slot) {
            Some(empty) => *empty = Some(place),
            None => state.readers.push(Some(place)),
        }
        let end = range.map(|range| range.end).or(state.length);
        Some(GrowingReader { body: Arc::clone(self), slot, offset, end, from_disk: None })
    }

    /// Adds a chunk, and wakes who waits for it.
    pub fn push(&self, mut chunk: Bytes) {
        let mut state = self.lock();
        state.end += length_of(&chunk);
        // Only with what is no larger, so that no byte is copied often.
        while let Some(last) = state.chunks.back()
            && last.len() <= chunk.len()
            && last.len() + chunk.len() <= TOGETHER
        {
            chunk = [&**last, &*chunk].concat().into();
            state.chunks.pop_back();
        }
        state.chunks.push_back(chunk);
        state.wake();
    }

    /// Ends the body.
    pub fn finish(&self, ended: Ended) {
        let mut state = self.lock();
        state.ended = Some(ended);
        state.wake();
    }

    /// Bytes that came.
    pub fn len(&self) -> u64 {
        self.lock().end
    }

    /// Whether nothing came.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The length of the whole, if it is known.
    pub fn total(&self) -> Option<u64> {
        let state = self.lock();
        state.length.or_else(|| (state.ended == Some(Ended::Whole)).then_some(state.end))
    }

    /// Whether somebody reads.
    pub fn has_readers(&self) -> bool {
        self.lock().readers.iter().any(Option::is_some)
    }

    /// The chunks of all that came, if memory still has it.
    pub fn all(&self) -> Option<Vec<Bytes>> {
        let state = self.lock();
        (state.base == 0).then(|| state.chunks.iter().cloned().collect())
    }

    /// The chunks from `offset` on.
    pub fn since(&self, offset: u64) -> Vec<Bytes> {
        let state = self.lock();
        let mut begins = state.base;
        let mut found = Vec::new();
        for chunk in &state.chunks {
            let ends = begins + length_of(chunk);
            if ends > offset {
                let skip = usize::try_from(offset.saturating_sub(begins)).unwrap_or(chunk.len());
                found.push(chunk.slice(skip.min(chunk.len())..));
            }
            begins = ends;
        }
        found
    }

    /// The file has all bytes below `spilled`: memory may forget them, but for a window.
    pub fn spilled(&self, file: &Arc<Unfinished>, spilled: u64) {
        let mut state = self.lock();
        state.file.get_or_insert_with(|| Arc::clone(file));
        state.spilled = spilled;
        state.forget(spilled);
    }

    /// Forgets what all readers have read, and waits until the slowest is no more than two windows behind.
    pub async fn wait_for_readers(&self) {
        loop {
            let notified = self.room.notified();
            {
                let mut state = self.lock();
                let slowest = state.readers.iter().flatten().map(|place| place.offset).min();
                let spilled = state.spilled;
                let end = state.end;
                let read = slowest.unwrap_or(end).max(spilled);
                state.forget(read);
                // What they have read may still be there: chunks are forgotten whole.
                if end - read <= WINDOW * 2 {
                    return;
                }
            }
            notified.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Bytes that can be read from the disk: whole blocks only.
    fn on_disk(&self) -> u64 {
        if self.file.is_some() { self.spilled / BLOCK * BLOCK } else { 0 }
    }

    fn wake(&mut self) {
        for place in self.readers.iter_mut().flatten() {
            if let Some(waker) = place.waker.take() {
                waker.wake();
            }
        }
    }

    fn forget(&mut self, below: u64) {
        while let Some(first) = self.chunks.front() {
            let ends = self.base + length_of(first);
            if ends > below || self.end - ends < WINDOW {
                break;
            }
            self.base = ends;
            self.chunks.pop_front();
        }
    }

    /// The chunk at an offset, cut to begin there.
    fn chunk_at(&self, offset: u64) -> Option<Bytes> {
        let mut begins = self.base;
        for chunk in &self.chunks {
            let ends = begins + length_of(chunk);
            if offset < ends {
                return Some(chunk.slice(usize::try_from(offset - begins).ok()?..));
            }
            begins = ends;
        }
        None
    }
}

fn length_of(chunk: &Bytes) -> u64 {
    u64::try_from(chunk.len()).unwrap_or(u64::MAX)
}

/// Reads a growing body.
#[derive(Debug)]
pub struct GrowingReader {
    body: Arc<Growing>,
    slot: usize,
    offset: u64,
    /// Where it stops; `None`: where the body does.
    end: Option<u64>,
    from_disk: Option<BlockReader>,
}

impl GrowingReader {
    fn cut(&mut self, chunk: &Bytes) -> Bytes {
        let left = self.end.map_or(u64::MAX, |end| end.saturating_sub(self.offset));
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
        let chunk = chunk.slice(..length);
        self.offset += length_of(&chunk);
        chunk
    }
}

impl HttpBody for GrowingReader {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if this.end.is_some_and(|end| this.offset >= end) {
            return Poll::Ready(None);
        }
        loop {
            if let Some(reader) = &mut this.from_disk {
                match std::task::ready!(reader.poll(cx)) {
                    Some(Ok(chunk)) => {
                        let chunk = this.cut(&chunk);
                        let mut state = this.body.lock();
                        if let Some(Some(place)) = state.readers.get_mut(this.slot) {
                            place.offset = this.offset;
                        }
                        return Poll::Ready(Some(Ok(Frame::data(chunk))));
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => this.from_disk = None,
                }
            }
            let body = Arc::clone(&this.body);
            let mut state = body.lock();
            if let Some(chunk) =
                (this.offset >= state.base).then(|| state.chunk_at(this.offset)).flatten()
            {
                let chunk = this.cut(&chunk);
                if let Some(Some(place)) = state.readers.get_mut(this.slot) {
                    place.offset = this.offset;
                }
                drop(state);
                body.room.notify_one();
                return Poll::Ready(Some(Ok(Frame::data(chunk))));
            }
            if this.offset < state.base {
                // Memory has the rest.
                let on_disk = state.on_disk().min(this.end.unwrap_or(u64::MAX));
                let Some(file) = state.file.as_ref().filter(|_| this.offset < on_disk) else {
                    return Poll::Ready(Some(Err(BodyError::Lost)));
                };
                this.from_disk = Some(BlockReader::new(file.source(), this.offset..on_disk));
                continue;
            }
            match state.ended {
                Some(Ended::Whole) => return Poll::Ready(None),
                Some(Ended::CutOff) => return Poll::Ready(Some(Err(BodyError::Lost))),
                None => {
                    if let Some(Some(place)) = state.readers.get_mut(this.slot) {
                        place.waker = Some(cx.waker().clone());
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.end.is_some_and(|end| self.offset >= end)
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.end.map(|end| end.saturating_sub(self.offset));
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for GrowingReader {
    fn drop(&mut self) {
        if let Some(place) = self.body.lock().readers.get_mut(self.slot) {
            *place = None;
        }
        self.body.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use http_body_util::BodyExt;

    use super::*;

    fn chunk(kib: usize) -> Bytes {
        vec![b'x'; kib << 10].into()
    }

    #[tokio::test]
    async fn the_writer_does_not_wait_for_readers_who_have_read_all() {
        // Large chunks and small ones: they are forgotten whole, and more than two windows stay.
        let body = Growing::new(None);
        let mut reader = body.reader(None).unwrap();
        for kib in [400, 250, 400, 250] {
            body.push(chunk(kib));
            let frame = reader.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap().len(), kib << 10);
            body.wait_for_readers().await;
        }
        assert!(body.since(0).iter().map(Bytes::len).sum::<usize>() < 700 << 10, "it forgets");
    }

    #[test]
    fn small_pieces_are_put_together_and_all_bytes_stay_in_their_places() {
        let body = Growing::new(None);
        let mut expected = Vec::new();
        for number in 0..100_000_u32 {
            let piece = number.to_string();
            expected.extend_from_slice(piece.as_bytes());
            // As it is read: a small part of a large buffer.
            let mut read = BytesMut::with_capacity(8 << 10);
            read.extend_from_slice(piece.as_bytes());
            body.push(read.freeze());
        }
        let chunks = body.all().unwrap();
        assert!(chunks.len() < 2 * expected.len() / TOGETHER + 20, "{}", chunks.len());
        assert_eq!(chunks.concat(), expected);
        assert_eq!(body.since(1234).concat(), expected[1234..]);
        assert_eq!(body.len(), length_of(&expected.into()));
    }

    #[tokio::test]
    async fn where_neither_memory_nor_disk_has_the_beginning_nobody_begins_to_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = Arc::new(Unfinished::create(folder.path().join("x"), 0, 0).unwrap());
        let body = Growing::new(None);
        let mut first = body.reader(None).unwrap();
        let written = 4 * BLOCK;
        body.push(chunk(usize::try_from(written >> 10).unwrap()));
        file.write(0, &vec![b'x'; usize::try_from(written).unwrap()]).unwrap();
        body.spilled(&file, written);
        // From here on it is not stored any more, but passed on.
        for _ in 0..10 {
            body.push(chunk(256));
            while ByHand(Box::pin(first.frame())).is_ready() {}
            body.wait_for_readers().await;
        }
        for offset in [0, written - 1, written, written + 1] {
            assert!(body.reader(Some(offset..u64::MAX)).is_none(), "{offset}");
        }
        assert!(body.reader(Some(body.len()..u64::MAX)).is_some());
    }

    #[tokio::test]
    async fn the_writer_waits_for_a_reader_who_is_behind() {
        let body = Growing::new(None);
        let mut reader = body.reader(None).unwrap();
        body.push(chunk(400));
        body.push(chunk(400));
        let mut waiting = ByHand(Box::pin(body.wait_for_readers()));
        assert!(!waiting.is_ready());
        reader.frame().await.unwrap().unwrap();
        assert!(waiting.is_ready());
    }

    /// A future that is polled by hand.
    struct ByHand<F>(Pin<Box<F>>);

    impl<F: Future> ByHand<F> {
        fn is_ready(&mut self) -> bool {
            self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        }
    }
}
