//! Interim responses (1xx) to clients of HTTP/1.1.
//!
//! RFC 9110, section 15.2: a proxy forwards them. They may stand before the head of a response only, so they
//! are taken as long as its request waits for one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use hyper::header::{CONTENT_LENGTH, HeaderValue, VIA};
use hyper::http::response::Parts;

use super::headers::remove_hop_by_hop;
use super::message::encode;

/// Bytes that wait to be written, at most: what comes on top is not sent.
const MOST_WAITING: usize = 64 << 10;

/// The place of a connection where interim responses wait to be written. But for [`Interim::send`], all is done
/// by the task of the connection.
#[derive(Debug, Default)]
pub(super) struct Aside {
    /// Requests so far.
    requests: AtomicU64,
    /// The request that waits for its response, or 0.
    open: AtomicU64,
    /// Who writes: the same task as long as the connection lasts.
    writer: OnceLock<Waker>,
    /// Whether anything is waiting: to be told without the lock.
    waits: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// What it is for.
    request: u64,
    bytes: Vec<u8>,
}

impl Aside {
    /// Begins with the next request.
    pub(super) fn open(self: &Arc<Self>, writer: &Waker) -> Interim {
        self.writer.get_or_init(|| writer.clone());
        let request = self.requests.load(Ordering::Relaxed) + 1;
        self.requests.store(request, Ordering::Relaxed);
        self.open.store(request, Ordering::Release);
        Interim { aside: Arc::clone(self), request }
    }

    /// Writes what is there; what still comes for this request is not written.
    pub(super) fn close(&self, out: &mut Vec<u8>) {
        if self.waits() {
            self.take(out);
        }
        self.open.store(0, Ordering::Release);
    }

    /// Whether something waits to be written.
    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Acquire)
    }

    /// Writes what waits, unless its response has begun.
    pub(super) fn take(&self, out: &mut Vec<u8>) {
        let mut waiting = self.lock();
        self.waits.store(false, Ordering::Release);
        let mut bytes = std::mem::take(&mut waiting.bytes);
        if self.open.load(Ordering::Acquire) == waiting.request {
            out.append(&mut bytes);
        }
    }

    fn wake(&self) {
        if let Some(writer) = self.writer.get() {
            writer.wake_by_ref();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the interim responses to one request.
#[derive(Debug, Clone)]
pub struct Interim {
    aside: Arc<Aside>,
    request: u64,
}

impl Interim {
    /// Sends one on, without what is for one connection only, if the client still waits for its response.
    pub fn send(&self, head: &Parts, via: Option<&HeaderValue>) {
        let mut headers = head.headers.clone();
        remove_hop_by_hop(&mut headers);
        // It has no content, whatever it says (RFC 9110, section 8.6).
        headers.remove(CONTENT_LENGTH);
        if let Some(via) = via {
            headers.append(VIA, via.clone());
        }
        let mut bytes = Vec::new();
        encode::interim(&mut bytes, head.status, &headers);
        let mut waiting = self.aside.lock();
        if self.aside.open.load(Ordering::Acquire) != self.request {
            return;
        }
        if waiting.request != self.request {
            *waiting = Waiting { request: self.request, bytes: Vec::new() };
        }
        if waiting.bytes.len() + bytes.len() <= MOST_WAITING {
            waiting.bytes.append(&mut bytes);
            self.aside.waits.store(true, Ordering::Release);
            self.aside.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::{Response, StatusCode};

    use super::*;

    fn early_hints() -> Parts {
        let hints = Response::builder().status(StatusCode::EARLY_HINTS);
        let hints = hints
            .header("Link", "</a.css>")
            .header("Connection", "x")
            .header("X", "1")
            .header("Content-Length", "5");
        hints.body(()).unwrap().into_parts().0
    }

    fn opened(aside: &Arc<Aside>) -> Interim {
        aside.open(Waker::noop())
    }

    fn taken(aside: &Aside) -> String {
        let mut out = Vec::new();
        aside.take(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_is_for_the_next_hop_only_stays_behind() {
        let aside = Arc::<Aside>::default();
        let interim = opened(&aside);
        interim.send(&early_hints(), Some(&HeaderValue::from_static("1.1 m1")));
        assert!(aside.waits());
        let expected = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\nvia: 1.1 m1\r\n\r\n";
        assert_eq!(taken(&aside), expected);
        assert!(!aside.waits());
    }

    #[test]
    fn only_a_request_that_waits_for_its_response_has_any() {
        let aside = Arc::<Aside>::default();
        let first = opened(&aside);
        aside.close(&mut Vec::new());
        first.send(&early_hints(), None);
        assert!(!aside.waits());
        let second = opened(&aside);
        first.send(&early_hints(), None);
        assert!(!aside.waits());
        second.send(&early_hints(), None);
        assert!(aside.waits());
    }

    #[test]
    fn what_comes_just_when_its_response_begins_is_not_written() {
        for (now_open, written) in [(1, true), (0, false), (2, false)] {
            let aside = Arc::<Aside>::default();
            let first = opened(&aside);
            first.send(&early_hints(), None);
            aside.open.store(now_open, Ordering::Release);
            assert_eq!(!taken(&aside).is_empty(), written);
            assert!(!aside.waits());
        }
    }

    #[test]
    fn a_response_comes_behind_them() {
        let aside = Arc::<Aside>::default();
        opened(&aside).send(&early_hints(), None);
        let mut out = Vec::new();
        aside.close(&mut out);
        assert!(out.starts_with(b"HTTP/1.1 103 "));
    }

    #[test]
    fn a_client_that_takes_none_holds_little() {
        let aside = Arc::<Aside>::default();
        let interim = opened(&aside);
        for _ in 0..10_000 {
            interim.send(&early_hints(), None);
        }
        let waiting = taken(&aside).len();
        assert!(waiting > MOST_WAITING / 2 && waiting <= MOST_WAITING, "{waiting}");
    }
}
