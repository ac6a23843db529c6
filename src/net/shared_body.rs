//! The body of a request while next hops are tried.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::body::{Body, BodyError, collect};
use super::request_body::RequestBody;
use super::stall::Stall;

fn poll_incoming(
    incoming: &mut RequestBody,
    stall: &mut Stall,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
    let polled = Pin::new(incoming).poll_frame(cx).map(Ok);
    Poll::Ready(match ready!(stall.watch(cx, polled)) {
        Ok(frame) => frame.map(|frame| frame.map_err(BodyError::Request)),
        Err(stalled) => Some(Err(BodyError::Stalled(stalled))),
    })
}

/// A request's body that can be offered to one next hop after another, until one takes of it.
#[derive(Debug, Clone)]
pub struct SharedBody {
    /// `None`: the request has no body.
    lent: Option<Arc<Mutex<Lent>>>,
    hint: SizeHint,
}

#[derive(Debug)]
struct Lent {
    /// `None`: it has ended, or was given up.
    incoming: Option<RequestBody>,
    stall: Stall,
    /// Counts the offers; only the latest may take.
    offer: u64,
    taken: bool,
    failed: bool,
    /// Counts the frames that were taken.
    progress: u64,
}

impl SharedBody {
    /// A client's body; the client may be silent for `limit`.
    pub fn new(incoming: RequestBody, limit: Duration) -> Self {
        let hint = incoming.size_hint();
        let lent = (!incoming.is_end_stream()).then(|| {
            let stall = Stall { limit, timer: None };
            let incoming = Some(incoming);
            let lent = Lent { incoming, stall, offer: 0, taken: false, failed: false, progress: 0 };
            Arc::new(Mutex::new(lent))
        });
        Self { lent, hint }
    }

    /// A body to send; earlier offers are void.
    pub fn offer(&self) -> Body {
        let Some(mut lent) = self.lock() else { return Body::empty() };
        if lent.incoming.is_none() && !lent.taken {
            return Body::empty();
        }
        lent.offer += 1;
        let offer = lent.offer;
        drop(lent);
        Body::lent(LentBody { shared: self.clone(), offer, hint: self.hint })
    }

    /// Whether there is no body.
    pub fn is_empty(&self) -> bool {
        self.lock().is_none_or(|lent| lent.incoming.is_none() && !lent.taken)
    }

    /// Whether something was taken, so that the request cannot be sent again.
    pub fn is_taken(&self) -> bool {
        self.lock().is_some_and(|lent| lent.taken)
    }

    /// Reads what nobody has taken, until it fails or is longer than `most` bytes, and drops it.
    pub async fn drain(&self, most: usize) {
        if !self.is_taken() {
            drop(collect(self.offer(), most).await);
        }
    }

    /// Gives the body up, so that its sender need not wait until somebody takes it.
    pub fn withdraw(&self) {
        if let Some(mut lent) = self.lock() {
            lent.offer += 1;
            lent.incoming = None;
        }
    }

    /// Counts up while the body is taken.
    pub fn progress(&self) -> u64 {
        self.lock().map_or(0, |lent| lent.progress)
    }

    /// Whether reading it failed: then the client is at fault, not the next hop.
    pub fn has_failed(&self) -> bool {
        self.lock().is_some_and(|lent| lent.failed)
    }

    fn lock(&self) -> Option<std::sync::MutexGuard<'_, Lent>> {
        self.lent.as_ref().map(|lent| lent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One offer of a [`SharedBody`].
#[derive(Debug)]
pub struct LentBody {
    shared: SharedBody,
    offer: u64,
    hint: SizeHint,
}

impl LentBody {
    /// What is left, as far as it was known when it was offered.
    pub(super) fn size_hint(&self) -> SizeHint {
        self.hint
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(mut lent) = self.shared.lock() else { return Poll::Ready(None) };
        let lent = &mut *lent;
        if lent.offer != self.offer {
            return Poll::Ready(Some(Err(BodyError::Taken)));
        }
        lent.taken = true;
        let Some(incoming) = &mut lent.incoming else {
            return Poll::Ready(None);
        };
        let frame = ready!(poll_incoming(incoming, &mut lent.stall, cx));
        match &frame {
            // HTTP/2 can end a body early without an error.
            None if incoming.size_hint().exact().is_some_and(|left| left > 0) => {
                lent.failed = true;
                return Poll::Ready(Some(Err(BodyError::Lost)));
            }
            None => lent.incoming = None,
            Some(Err(_)) => lent.failed = true,
            Some(Ok(_)) => lent.progress += 1,
        }
        Poll::Ready(frame)
    }
}
