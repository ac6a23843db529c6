//! Bodies of requests, on their way from the client's connection to whoever reads them.
//!
//! Of HTTP/1.1, the task of the connection reads for the reader, one piece at a time and only when it is asked:
//! what nobody wants stays with the client.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};

use super::message::decode::{BodyLength, Malformed};

/// Why the body of a request ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CutOff {
    /// Its client has gone.
    #[error("client has gone")]
    Gone,
    /// Its client was answered before it was told to send it.
    #[error("client was answered without it")]
    Unsent,
    /// Its framing is wrong.
    #[error("{0}")]
    Malformed(Malformed),
    /// The same, of HTTP/2.
    #[error(transparent)]
    Http2(hyper::Error),
}

/// The body of a request.
#[derive(Debug)]
pub struct RequestBody(Source);

#[derive(Debug)]
enum Source {
    Empty,
    Fed(Fed),
    Http2(Incoming),
}

impl RequestBody {
    /// No body.
    pub fn empty() -> Self {
        Self(Source::Empty)
    }
}

impl From<Incoming> for RequestBody {
    fn from(incoming: Incoming) -> Self {
        Self(Source::Http2(incoming))
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        match &mut self.get_mut().0 {
            Source::Empty => Poll::Ready(None),
            Source::Fed(fed) => fed.poll(cx),
            Source::Http2(incoming) => {
                let frame = ready!(Pin::new(incoming).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(CutOff::Http2)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Empty => true,
            Source::Fed(fed) => fed.has_ended,
            Source::Http2(incoming) => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Empty => SizeHint::with_exact(0),
            Source::Fed(Fed { left, .. }) => {
                left.map_or_else(SizeHint::default, SizeHint::with_exact)
            }
            Source::Http2(incoming) => incoming.size_hint(),
        }
    }
}

/// The place between a connection and the reader of a body.
#[derive(Debug, Default)]
struct Place {
    /// What the reader takes next.
    frame: Option<Result<Frame<Bytes>, CutOff>>,
    /// Nothing comes after that.
    has_ended: bool,
    /// The reader waits.
    is_wanted: bool,
    /// There is no reader any more.
    is_given_up: bool,
    reader: Option<Waker>,
    feeder: Option<Waker>,
}

type Shared = Arc<Mutex<Place>>;

fn lock(place: &Shared) -> MutexGuard<'_, Place> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reader's side.
#[derive(Debug)]
struct Fed {
    place: Shared,
    /// Bytes that are still to come, where that is known.
    left: Option<u64>,
    has_ended: bool,
}

impl Fed {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let mut place = lock(&self.place);
        let frame = place.frame.take();
        if frame.is_none() && !place.has_ended {
            place.is_wanted = true;
            place.reader = Some(cx.waker().clone());
            if let Some(feeder) = place.feeder.take() {
                feeder.wake();
            }
            return Poll::Pending;
        }
        self.has_ended = place.has_ended && frame.as_ref().is_none_or(Result::is_err);
        drop(place);
        if let (Some(left), Some(Ok(frame))) = (&mut self.left, &frame)
            && let Some(data) = frame.data_ref()
        {
            *left = left.saturating_sub(u64::try_from(data.len()).unwrap_or(u64::MAX));
        }
        Poll::Ready(frame)
    }
}

impl Drop for Fed {
    fn drop(&mut self) {
        let mut place = lock(&self.place);
        place.is_given_up = true;
        place.frame = None;
        if let Some(feeder) = place.feeder.take() {
            feeder.wake();
        }
    }
}

/// The connection's side.
#[derive(Debug)]
pub(super) struct Feed(Shared);

/// What the reader of a body wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// The next piece.
    More,
    /// Nothing now.
    Nothing,
    /// Nothing any more.
    GivenUp,
}

impl Feed {
    /// A body that is not empty, and who feeds it.
    pub(super) fn new(length: BodyLength) -> (Self, RequestBody) {
        let place = Shared::default();
        let left = match length {
            BodyLength::Exactly(length) => Some(length),
            BodyLength::Chunked | BodyLength::UntilClose => None,
        };
        let fed = Fed { place: Arc::clone(&place), left, has_ended: false };
        (Self(place), RequestBody(Source::Fed(fed)))
    }

    /// What the reader wants; the task is woken when that changes.
    pub(super) fn wish(&self, cx: &Context<'_>) -> Wish {
        let mut place = lock(&self.0);
        if !place.feeder.as_ref().is_some_and(|feeder| feeder.will_wake(cx.waker())) {
            place.feeder = Some(cx.waker().clone());
        }
        match (place.is_given_up, place.is_wanted) {
            (true, _) => Wish::GivenUp,
            (false, true) => Wish::More,
            (false, false) => Wish::Nothing,
        }
    }

    /// Whether there is no reader any more.
    pub(super) fn is_given_up(&self) -> bool {
        lock(&self.0).is_given_up
    }

    /// Gives the reader what it wants; with `last` nothing comes after that.
    pub(super) fn give(&self, frame: Option<Result<Frame<Bytes>, CutOff>>, last: bool) {
        let mut place = lock(&self.0);
        place.frame = frame.filter(|_| !place.is_given_up);
        place.has_ended |= last;
        place.is_wanted = false;
        if let Some(reader) = place.reader.take() {
            reader.wake();
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if !lock(&self.0).has_ended {
            self.give(Some(Err(CutOff::Gone)), true);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Task(AtomicUsize);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Task {
        fn woken(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn waker(task: &Arc<Task>) -> Waker {
        Waker::from(Arc::clone(task))
    }

    fn data(bytes: &'static [u8]) -> Frame<Bytes> {
        Frame::data(Bytes::from_static(bytes))
    }

    #[test]
    fn a_piece_comes_when_it_is_asked_for_and_each_side_wakes_the_other() {
        let (reader, feeder) = (Arc::<Task>::default(), Arc::<Task>::default());
        let (reading, feeding) = (waker(&reader), waker(&feeder));
        let (mut read, feed) = (Context::from_waker(&reading), Context::from_waker(&feeding));
        let (source, mut body) = Feed::new(BodyLength::Exactly(5));
        let mut body = Pin::new(&mut body);
        assert_eq!(source.wish(&feed), Wish::Nothing);
        assert!(body.as_mut().poll_frame(&mut read).is_pending());
        assert_eq!((feeder.woken(), source.wish(&feed)), (1, Wish::More));
        source.give(Some(Ok(data(b"hel"))), false);
        assert_eq!((reader.woken(), source.wish(&feed)), (1, Wish::Nothing));
        assert!(matches!(body.as_mut().poll_frame(&mut read), Poll::Ready(Some(Ok(_)))));
        assert_eq!(body.size_hint().exact(), Some(2));
        assert!(body.as_mut().poll_frame(&mut read).is_pending());
        source.give(Some(Ok(data(b"lo"))), true);
        assert!(matches!(body.as_mut().poll_frame(&mut read), Poll::Ready(Some(Ok(_)))));
        assert!(matches!(body.as_mut().poll_frame(&mut read), Poll::Ready(None)));
    }

    #[test]
    fn a_connection_is_told_that_nobody_reads_whatever_it_waits_for() {
        for wanted in [false, true] {
            let feeder = Arc::<Task>::default();
            let feeding = waker(&feeder);
            let feed = Context::from_waker(&feeding);
            let (source, mut body) = Feed::new(BodyLength::Chunked);
            if wanted {
                let polled =
                    Pin::new(&mut body).poll_frame(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_pending());
            }
            source.wish(&feed);
            drop(body);
            assert_eq!((feeder.woken(), source.wish(&feed)), (1, Wish::GivenUp), "{wanted}");
        }
    }

    #[test]
    fn a_reader_is_told_that_the_connection_has_gone() {
        let reader = Arc::<Task>::default();
        let reading = waker(&reader);
        let mut read = Context::from_waker(&reading);
        let (source, mut body) = Feed::new(BodyLength::Exactly(5));
        let mut body = Pin::new(&mut body);
        assert!(body.as_mut().poll_frame(&mut read).is_pending());
        drop(source);
        assert_eq!(reader.woken(), 1);
        let polled = body.as_mut().poll_frame(&mut read);
        assert!(matches!(polled, Poll::Ready(Some(Err(CutOff::Gone)))));
        assert!(matches!(body.as_mut().poll_frame(&mut read), Poll::Ready(None)));
    }
}
