//! The thread that writes lines to the file, in batches.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes after which a batch is written at once.
const BATCH: usize = 128 << 10;

/// How long a line waits for others at most.
const PAUSE: Duration = Duration::from_millis(200);

/// Bytes that may wait for the disk; further lines are dropped.
const LONGEST_QUEUE: usize = 8 << 20;

/// What was written since the start, and what was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Lines that were written.
    pub lines: u64,
    /// Lines that were dropped because the disk was too slow.
    pub dropped: u64,
    /// Lines that were lost because the file could not be written.
    pub failed: u64,
}

/// Takes lines without ever waiting for the disk.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    /// Wakes the thread.
    work: Condvar,
    lines: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    /// The file is to be opened anew after the lines that wait now: so many bytes.
    reopen: Option<usize>,
    close: bool,
    /// The thread waits for the first line; else it looks by itself.
    asleep: bool,
}

impl Writer {
    pub(super) fn start(path: &Path) -> Self {
        let queue = Arc::new(Queue::default());
        let sink = Sink { path: path.to_owned(), file: None, torn: false, ill: false };
        let shared = Arc::clone(&queue);
        let work = move || shared.work(sink);
        let thread = std::thread::Builder::new().name("access-log".to_owned()).spawn(work);
        if let Err(error) = &thread {
            tracing::error!(%error, "access log is not written: there is no thread for it");
            queue.lock().close = true;
        }
        Self { queue, thread: Mutex::new(thread.ok()) }
    }

    /// Takes a line, or drops it if too many wait already.
    pub(super) fn push(&self, line: &[u8]) {
        let mut waiting = self.queue.lock();
        let before = waiting.lines.len();
        let after = before + line.len();
        if after > LONGEST_QUEUE || waiting.close {
            drop(waiting);
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.lines.extend_from_slice(line);
        let asleep = std::mem::take(&mut waiting.asleep);
        drop(waiting);
        if asleep || (before < BATCH && after >= BATCH) {
            self.queue.work.notify_one();
        }
    }

    pub(super) fn reopen(&self) {
        let mut waiting = self.queue.lock();
        waiting.reopen = Some(waiting.lines.len());
        drop(waiting);
        self.queue.work.notify_one();
    }

    pub(super) fn close(&self) {
        self.queue.lock().close = true;
        self.queue.work.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the access log has panicked");
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Queue { lines, dropped, failed, .. } = &*self.queue;
        Counts { lines: value(lines), dropped: value(dropped), failed: value(failed) }
    }
}

impl Drop for Writer {
    /// Lets the thread end once it has written what waits.
    fn drop(&mut self) {
        self.queue.lock().close = true;
        self.queue.work.notify_one();
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes batch after batch until the end.
    fn work(&self, mut sink: Sink) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            batch.clear();
            let (reopen, close) = self.next_batch(&mut batch);
            let (old, new) = match reopen {
                Some(place) => batch.split_at(place.min(batch.len())),
                None => (batch.as_slice(), &[][..]),
            };
            self.write(&mut sink, old);
            if reopen.is_some() {
                sink.reopen();
            }
            self.write(&mut sink, new);
            if close {
                return;
            }
            if batch.capacity() > 4 * BATCH {
                batch = Vec::with_capacity(BATCH);
            }
        }
    }

    /// Waits until there are enough lines, or there is something else to do, and swaps them out.
    fn next_batch(&self, batch: &mut Vec<u8>) -> (Option<usize>, bool) {
        let is_told = |waiting: &Waiting| waiting.close || waiting.reopen.is_some();
        let idle = |waiting: &mut Waiting| waiting.lines.is_empty() && !is_told(waiting);
        let few = |waiting: &mut Waiting| waiting.lines.len() < BATCH && !is_told(waiting);
        let enough = |waiting| {
            let waiting = self.work.wait_timeout_while(waiting, PAUSE, few);
            waiting.unwrap_or_else(PoisonError::into_inner).0
        };
        // As long as lines come, nobody has to wake this thread for the first of a batch.
        let mut waiting = enough(self.lock());
        if idle(&mut waiting) {
            waiting.asleep = true;
            let first = self.work.wait_while(waiting, idle).unwrap_or_else(PoisonError::into_inner);
            waiting = enough(first);
        }
        waiting.asleep = false;
        std::mem::swap(&mut waiting.lines, batch);
        (waiting.reopen.take(), waiting.close)
    }

    fn write(&self, sink: &mut Sink, lines: &[u8]) {
        let result = sink.write(lines);
        let count = |bytes: &[u8]| {
            u64::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u64::MAX)
        };
        match result {
            Ok(()) => {
                self.lines.fetch_add(count(lines), Ordering::Relaxed);
            }
            Err((written, error)) => {
                let (done, lost) = lines.split_at(written.min(lines.len()));
                self.lines.fetch_add(count(done), Ordering::Relaxed);
                self.failed.fetch_add(count(lost), Ordering::Relaxed);
                sink.fails(&error);
            }
        }
    }
}

/// The file.
#[derive(Debug)]
struct Sink {
    path: PathBuf,
    file: Option<File>,
    /// The last line in the file has no end.
    torn: bool,
    /// The last write failed: it is said once.
    ill: bool,
}

impl Sink {
    /// Writes all, or tells how much was written before it failed.
    fn write(&mut self, lines: &[u8]) -> Result<(), (usize, io::Error)> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut written = 0;
        let result = self.append(lines, &mut written);
        if written > 0 {
            self.torn = lines.get(written - 1) != Some(&b'\n');
        }
        result.map_err(|error| (written, error))?;
        if self.ill {
            self.ill = false;
            tracing::info!(path = %self.path.display(), "access log is written again");
        }
        Ok(())
    }

    fn append(&mut self, lines: &[u8], written: &mut usize) -> io::Result<()> {
        let torn = self.torn;
        let file = self.ready()?;
        if torn {
            file.write_all(b"\n")?;
        }
        while let Some(rest) = lines.get(*written..).filter(|rest| !rest.is_empty()) {
            match file.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => *written += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn ready(&mut self) -> io::Result<&mut File> {
        let file = if let Some(file) = self.file.take() {
            file
        } else {
            self.torn = false;
            super::open(&self.path)?
        };
        Ok(self.file.insert(file))
    }

    /// Changes to the new file; where there is none to be had the old one is better than none.
    fn reopen(&mut self) {
        match super::open(&self.path) {
            Ok(file) => (self.file, self.torn) = (Some(file), false),
            Err(error) => self.fails(&error),
        }
    }

    fn fails(&mut self, error: &io::Error) {
        if !self.ill {
            self.ill = true;
            tracing::error!(path = %self.path.display(), %error, "access log cannot be written, its lines are lost");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn lines_stand_in_the_file_in_order_once_the_writer_has_ended() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log");
        let writer = Writer::start(&path);
        let all: String = (0..50_000).fold(String::new(), |all, i| all + &format!("line {i}\n"));
        all.split_inclusive('\n').for_each(|line| writer.push(line.as_bytes()));
        writer.close();
        assert_eq!(lines(&path), all);
        assert_eq!(writer.counts(), Counts { lines: 50_000, ..Counts::default() });
        writer.push(b"late\n");
        assert_eq!(writer.counts().dropped, 1);
    }

    #[test]
    fn what_was_logged_before_a_reopening_is_in_the_renamed_file_and_the_rest_in_the_new() {
        let folder = tempfile::TempDir::new().unwrap();
        let [path, old] = ["log", "log.1"].map(|name| folder.path().join(name));
        let writer = Writer::start(&path);
        writer.push(b"0\n");
        while writer.counts().lines == 0 {
            std::thread::yield_now();
        }
        writer.push(b"1\n");
        std::fs::rename(&path, &old).unwrap();
        writer.push(b"2\n");
        writer.reopen();
        writer.push(b"3\n");
        writer.close();
        assert_eq!((lines(&old).as_str(), lines(&path).as_str()), ("0\n1\n2\n", "3\n"));
    }

    #[test]
    fn a_full_disk_loses_lines_and_counts_them() {
        let writer = Writer::start(Path::new("/dev/full"));
        writer.push(b"1\n2\n");
        writer.close();
        assert_eq!(writer.counts(), Counts { failed: 2, ..Counts::default() });
    }

    #[test]
    fn a_disk_that_hangs_stops_nobody_and_what_does_not_fit_is_dropped() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("log");
        // Opening it waits until somebody reads.
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let writer = Writer::start(&path);
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        let pushed = 20_000;
        (0..pushed).for_each(|_| writer.push(&line));
        let reader = std::thread::spawn(move || std::fs::read(&path).unwrap().len());
        writer.close();
        let Counts { lines, dropped, failed } = writer.counts();
        assert_eq!((lines + dropped, failed), (pushed, 0));
        assert!(dropped >= 20_000 - 2 * 8192, "{dropped} dropped");
        drop(writer);
        assert_eq!(u64::try_from(reader.join().unwrap()).unwrap(), lines * 1024);
    }
}
