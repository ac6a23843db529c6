//! Reads stored bodies from disk while they are sent.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::record::Source;
use crate::net::body::BodyError;

/// Blocks that are read at once.
const READ_AHEAD: u64 = 4;

/// Reads at a time: each takes a thread, and a disk that stalls must not take them all.
static READS: Semaphore = Semaphore::const_new(128);

/// A read on its way.
type Reading = Pin<Box<dyn Future<Output = io::Result<Bytes>> + Send>>;

/// Reads the body of a file, a few blocks at a time, off the threads that serve.
pub struct BlockReader {
    source: Source,
    range: Range<u64>,
    reading: Option<Reading>,
    /// Read before anybody asked.
    ahead: Option<Bytes>,
}

impl std::fmt::Debug for BlockReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockReader").field("range", &self.range).finish_non_exhaustive()
    }
}

impl BlockReader {
    /// A reader of these bytes.
    pub fn new(source: Source, range: Range<u64>) -> Self {
        Self { source, range, reading: None, ahead: None }
    }

    /// Reads the first blocks, so that damage shows before anything is sent.
    ///
    /// # Errors
    /// Those of the file system, and damaged bytes.
    pub async fn prime(&mut self) -> io::Result<()> {
        if !self.range.is_empty() {
            let read = self.start().await;
            self.ahead = Some(read.inspect_err(|_| self.source.condemn())?);
        }
        Ok(())
    }

    fn start(&self) -> Reading {
        let (source, range) = (self.source.clone(), self.range.clone());
        Box::pin(async move {
            let turn = READS.acquire().await.map_err(io::Error::other)?;
            let reading = tokio::task::spawn_blocking(move || {
                let read = source.read(range.start, range.end, READ_AHEAD);
                // Who asked may have gone, but the thread is taken until now.
                drop(turn);
                read
            });
            reading.await.map_err(io::Error::other).flatten()
        })
    }

    /// The next bytes; `None` at the end.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.range.is_empty() {
            return Poll::Ready(None);
        }
        let read = if let Some(bytes) = self.ahead.take() {
            Ok(bytes)
        } else {
            let mut reading = self.reading.take().unwrap_or_else(|| self.start());
            let Poll::Ready(read) = reading.as_mut().poll(cx) else {
                self.reading = Some(reading);
                return Poll::Pending;
            };
            read
        };
        Poll::Ready(Some(match read {
            Ok(bytes) if !bytes.is_empty() => {
                self.range.start += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                Ok(bytes)
            }
            Ok(_) => Err(BodyError::Lost),
            Err(error) => {
                tracing::warn!(%error, "stored body cannot be read");
                self.source.condemn();
                self.range.start = self.range.end;
                Err(BodyError::Lost)
            }
        }))
    }

    /// Bytes that are left.
    pub fn left(&self) -> u64 {
        self.range.end.saturating_sub(self.range.start)
    }
}

impl hyper::body::Body for BlockReader {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, BodyError>>> {
        let chunk = ready!(self.get_mut().poll(cx));
        Poll::Ready(chunk.map(|chunk| chunk.map(hyper::body::Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.range.is_empty()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        hyper::body::SizeHint::with_exact(self.left())
    }
}
