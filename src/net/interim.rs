//! Interim responses (1xx) to clients of HTTP/1.1, past hyper, which sends none but 100.
//!
//! RFC 9110, section 15.2: a proxy forwards them. They may stand before the head of a response only, so they
//! are taken as long as its request waits for one, and are written where hyper has nothing of its own to
//! write; the response waits until they are.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use bytes::Bytes;
use hyper::header::{HeaderValue, VIA};
use hyper::http::response::Parts;

use super::headers::remove_hop_by_hop;

/// Bytes that wait to be written, at most: what comes on top is not sent.
const MOST_WAITING: usize = 64 << 10;

/// The place of a connection where interim responses wait to be written.
#[derive(Debug, Default)]
pub(super) struct Aside {
    state: Mutex<State>,
    /// Whether some do: to be told without the lock.
    waits: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Counts the requests.
    request: u64,
    /// Whether the latest one waits for its response.
    open: bool,
    bytes: Vec<u8>,
    /// Who writes them.
    waker: Option<Waker>,
}

impl Aside {
    /// Whether something waits to be written.
    pub(super) fn waits(&self) -> bool {
        self.waits.load(Ordering::Acquire)
    }

    /// What waits, to be written now.
    pub(super) fn take(&self) -> Bytes {
        let mut state = self.lock();
        self.waits.store(false, Ordering::Release);
        if let Some(waker) = &state.waker {
            waker.wake_by_ref();
        }
        std::mem::take(&mut state.bytes).into()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the interim responses to one request.
#[derive(Debug, Clone)]
pub struct Interim {
    aside: Arc<Aside>,
    request: u64,
}

impl Interim {
    /// Begins with the next request of a connection, on the task that writes to it.
    pub(super) async fn open(aside: &Arc<Aside>) -> Self {
        poll_fn(|cx| {
            let mut state = aside.lock();
            if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                state.waker = Some(cx.waker().clone());
            }
            state.request += 1;
            state.open = true;
            Poll::Ready(Self { aside: Arc::clone(aside), request: state.request })
        })
        .await
    }

    /// Sends one on, without what is for one connection only, if the client still waits for its response.
    pub fn send(&self, head: &Parts, via: Option<&HeaderValue>) {
        let mut headers = head.headers.clone();
        remove_hop_by_hop(&mut headers);
        if let Some(via) = via {
            headers.append(VIA, via.clone());
        }
        let (status, reason) = (head.status, head.status.canonical_reason().unwrap_or_default());
        let mut bytes = format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes();
        for (name, value) in &headers {
            let line = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
            bytes.extend(line.concat());
        }
        bytes.extend_from_slice(b"\r\n");
        let mut state = self.aside.lock();
        let is_wanted = state.open && state.request == self.request;
        if is_wanted && state.bytes.len() + bytes.len() <= MOST_WAITING {
            state.bytes.append(&mut bytes);
            self.aside.waits.store(true, Ordering::Release);
            if let Some(waker) = &state.waker {
                waker.wake_by_ref();
            }
        }
    }

    /// Waits until all are being written; there will be no more.
    pub(super) async fn close(&self) {
        poll_fn(|_cx| {
            // Who takes them wakes this task.
            let mut state = self.aside.lock();
            if !state.bytes.is_empty() {
                return Poll::Pending;
            }
            state.open = false;
            Poll::Ready(())
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use hyper::{Response, StatusCode};

    use super::*;

    fn early_hints() -> Parts {
        let hints = Response::builder().status(StatusCode::EARLY_HINTS);
        let hints = hints.header("Link", "</a.css>").header("Connection", "x").header("X", "1");
        hints.body(()).unwrap().into_parts().0
    }

    #[tokio::test]
    async fn what_is_for_the_next_hop_only_stays_behind() {
        let aside = Arc::default();
        let interim = Interim::open(&aside).await;
        interim.send(&early_hints(), Some(&HeaderValue::from_static("1.1 m1")));
        assert!(aside.waits());
        let expected = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\nvia: 1.1 m1\r\n\r\n";
        assert_eq!(aside.take(), expected);
        assert!(!aside.waits());
    }

    #[tokio::test]
    async fn only_a_request_that_waits_for_its_response_has_any() {
        let aside = Arc::default();
        let first = Interim::open(&aside).await;
        first.close().await;
        first.send(&early_hints(), None);
        assert!(!aside.waits());
        let second = Interim::open(&aside).await;
        first.send(&early_hints(), None);
        assert!(!aside.waits());
        second.send(&early_hints(), None);
        assert!(aside.waits());
    }

    #[tokio::test]
    async fn a_response_waits_until_they_are_written() {
        let aside = Arc::default();
        let interim = Interim::open(&aside).await;
        interim.send(&early_hints(), None);
        let mut closing = std::pin::pin!(interim.close());
        assert!(polled(closing.as_mut()).is_pending());
        drop(aside.take());
        assert!(polled(closing.as_mut()).is_ready());
    }

    fn polled(future: std::pin::Pin<&mut impl Future<Output = ()>>) -> Poll<()> {
        future.poll(&mut std::task::Context::from_waker(Waker::noop()))
    }

    #[tokio::test]
    async fn a_client_that_takes_none_holds_little() {
        let aside = Arc::default();
        let interim = Interim::open(&aside).await;
        for _ in 0..10_000 {
            interim.send(&early_hints(), None);
        }
        let waiting = aside.take().len();
        assert!(waiting > MOST_WAITING / 2 && waiting <= MOST_WAITING, "{waiting}");
    }
}
