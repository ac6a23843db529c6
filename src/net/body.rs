//! Bodies of requests and responses: streamed, never held whole.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::message::decode::Malformed;
use super::pipe::Pipe;
use super::request_body::CutOff;
use super::shared_body::LentBody;
use crate::files::{Span, WORTH_A_FILE};

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The client's connection failed, or the framing there is wrong.
    #[error("body was cut off")]
    Request(#[source] CutOff),
    /// The connection to the next hop failed.
    #[error("body was cut off")]
    Response(#[source] io::Error),
    /// The next hop does not keep to HTTP.
    #[error("body is malformed: {0}")]
    Malformed(Malformed),
    /// No byte came for too long.
    #[error("body stalled")]
    Stalled(#[source] io::Error),
    /// Where it is kept, it cannot be read any more; or it never came whole.
    #[error("body is lost")]
    Lost,
    /// Somebody else has taken it.
    #[error("body was already sent to somebody else")]
    Taken,
}

/// Bytes of a memory file that are read at once: as much as a record of TLS holds. A client that takes nothing
/// holds them.
const READ: u64 = 16 << 10;

/// Any other source of bytes.
pub type Stream = Pin<Box<dyn HttpBody<Data = Bytes, Error = BodyError> + Send>>;

/// A source whose bytes come on a socket, and need not be read to be sent on another.
pub(super) trait Piped: HttpBody<Data = Bytes, Error = BodyError> + Send {
    /// Whether so much comes that it costs less than to read it.
    fn is_worth_a_pipe(&mut self) -> bool;

    /// Puts what comes next into an empty pipe, and tells how many bytes; only if it is worth one. `None`: it is to be
    /// read.
    fn poll_pipe(
        &mut self,
        pipe: &mut Pipe,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<u64, BodyError>>>;
}

/// Any body that is sent here.
#[derive(Debug)]
pub struct Body {
    source: Source,
    account: Option<Account>,
}

/// Where a body's bytes come from.
enum Source {
    /// Nothing.
    Empty,
    /// All at once.
    Full(Option<Bytes>),
    /// In a memory file.
    InFile(Span),
    /// As it comes from a client.
    Lent(LentBody),
    /// As it comes from a server.
    Piped(Box<dyn Piped + Unpin>),
    /// As it comes from elsewhere.
    Streamed(Stream),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Full(_) => "Full",
            Self::InFile(_) => "InFile",
            Self::Lent(_) => "Lent",
            Self::Piped(_) => "Piped",
            Self::Streamed(_) => "Streamed",
        })
    }
}

/// Wants to know what became of a response.
pub trait Ticket: Send + std::fmt::Debug {
    /// The body is dropped: so many bytes of data were taken from it, and whether that was all of it.
    fn ended(&mut self, bytes: u64, whole: bool);
}

/// Counts what is taken from a body, and tells its ticket at the end.
#[derive(Debug)]
pub(super) struct Account {
    bytes: u64,
    whole: bool,
    ticket: Box<dyn Ticket>,
}

impl Account {
    /// What was taken did not go out to its end: so many bytes of it did not.
    pub(super) fn failed(&mut self, unsent: u64) {
        self.bytes = self.bytes.saturating_sub(unsent);
        self.whole = false;
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.ticket.ended(self.bytes, self.whole);
    }
}

impl Body {
    /// A body without a byte.
    pub fn empty() -> Self {
        Source::Empty.into()
    }

    /// A body of these bytes.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Source::Full(Some(bytes.into())).into()
    }

    /// A body of these bytes.
    pub fn in_file(span: Span) -> Self {
        Source::InFile(span).into()
    }

    /// All that is left of a body that is worth sending without a copy; `None`: it is to be read.
    pub fn take_span(&mut self) -> Option<Span> {
        let Source::InFile(span) = &self.source else { return None };
        if span.left() < WORTH_A_FILE {
            return None;
        }
        let span = span.clone();
        self.source = Source::Empty;
        if let Some(account) = &mut self.account {
            account.bytes += span.left();
            account.whole = true;
        }
        Some(span)
    }

    /// A client's, offered to one next hop.
    pub(super) fn lent(body: LentBody) -> Self {
        Source::Lent(body).into()
    }

    /// A body that comes on a socket.
    pub(super) fn piped(source: impl Piped + Unpin + 'static) -> Self {
        Source::Piped(Box::new(source)).into()
    }

    /// Puts what comes next of it into an empty pipe, and tells how many bytes; `None`: it is to be read.
    pub(super) fn poll_pipe(
        &mut self,
        pipe: &mut Pipe,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<u64, BodyError>>> {
        let Source::Piped(source) = &mut self.source else { return Poll::Ready(None) };
        let filled = ready!(source.poll_pipe(pipe, cx));
        if let (Some(account), Some(Ok(bytes))) = (&mut self.account, &filled) {
            account.bytes += bytes;
            account.whole = source.is_end_stream();
        }
        Poll::Ready(filled)
    }

    /// Whether what comes next is worth a pipe.
    pub(super) fn is_worth_a_pipe(&mut self) -> bool {
        let Source::Piped(source) = &mut self.source else { return false };
        source.is_worth_a_pipe()
    }

    /// A body that comes from elsewhere.
    pub fn streamed(
        stream: impl HttpBody<Data = Bytes, Error = BodyError> + Send + 'static,
    ) -> Self {
        Source::Streamed(Box::pin(stream)).into()
    }

    /// What its ticket will be told; nothing more is taken from it.
    pub(super) fn into_account(self) -> Option<Account> {
        self.account
    }

    /// The same body; its end is told to `ticket`, once, whatever ends it. An earlier ticket is told now.
    #[must_use]
    pub fn with_ticket(mut self, ticket: Box<dyn Ticket>) -> Self {
        let whole = self.is_end_stream();
        self.account = Some(Account { bytes: 0, whole, ticket });
        self
    }
}

impl From<Source> for Body {
    fn from(source: Source) -> Self {
        Self { source, account: None }
    }
}

impl Source {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Empty => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::InFile(span) if span.left() == 0 => Poll::Ready(None),
            Self::InFile(span) => {
                let bytes = span.read(READ).map(Frame::data);
                Poll::Ready(Some(bytes.map_err(|_unread| BodyError::Lost)))
            }
            Self::Lent(body) => body.poll(cx),
            Self::Piped(body) => Pin::new(body).poll_frame(cx),
            Self::Streamed(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Full(bytes) => bytes.is_none(),
            Self::InFile(span) => span.left() == 0,
            Self::Lent(_) => false,
            Self::Piped(body) => body.is_end_stream(),
            Self::Streamed(body) => body.is_end_stream(),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = ready!(this.source.poll(cx));
        if let Some(account) = &mut this.account {
            if let Some(Ok(frame)) = &frame
                && let Some(data) = frame.data_ref()
            {
                account.bytes += u64::try_from(data.len()).unwrap_or(u64::MAX);
            }
            // hyper does not ask again after trailers, nor once a body says that it has ended.
            let last = frame.as_ref().is_none_or(is_trailers);
            account.whole = last || this.source.is_end_stream();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Empty => SizeHint::with_exact(0),
            Source::Full(bytes) => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Source::InFile(span) => SizeHint::with_exact(span.left()),
            Source::Lent(body) => body.size_hint(),
            Source::Piped(body) => body.size_hint(),
            Source::Streamed(body) => body.size_hint(),
        }
    }
}

fn is_trailers(frame: &Result<Frame<Bytes>, BodyError>) -> bool {
    frame.as_ref().is_ok_and(Frame::is_trailers)
}

/// Why a body was not collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// It is longer than allowed.
    #[error("body must be at most {0} bytes")]
    TooLong(usize),
    /// It ended early.
    #[error("body was cut off")]
    Transport(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Collects a body of at most `limit` bytes.
///
/// # Errors
/// A longer body, or one that is cut off.
pub async fn collect<B>(mut body: B, limit: usize) -> Result<Bytes, CollectError>
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Unpin,
{
    use http_body_util::BodyExt;
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| CollectError::Transport(error.into()))?;
        if let Some(data) = frame.data_ref() {
            if all.len() + data.len() > limit {
                return Err(CollectError::TooLong(limit));
            }
            all.extend_from_slice(data);
        }
    }
    Ok(all.into())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http_body_util::BodyExt;

    use super::*;
    use crate::files::MemoryFiles;

    #[derive(Debug)]
    struct Told(Arc<Mutex<Vec<(u64, bool)>>>);

    impl Ticket for Told {
        fn ended(&mut self, bytes: u64, whole: bool) {
            self.0.lock().unwrap().push((bytes, whole));
        }
    }

    #[tokio::test]
    async fn a_body_in_a_memory_file_is_read_or_taken_as_it_is() {
        let numbers = (0..100_000_u32).map(|number| u8::try_from(number % 251).unwrap());
        let bytes: Bytes = numbers.collect();
        let file = Arc::new(MemoryFiles::new(1).create(std::slice::from_ref(&bytes)).unwrap());
        let told = Arc::default();
        for (range, is_taken) in [(0..100_000, true), (50_000..100_000, true), (5..20_000, false)] {
            let part = bytes.slice(range.start..range.end);
            let length = u64::try_from(part.len()).unwrap();
            let body = || {
                let range = u64::try_from(range.start).unwrap()..u64::try_from(range.end).unwrap();
                Body::in_file(Span::new(&file, range).unwrap())
                    .with_ticket(Box::new(Told(Arc::clone(&told))))
            };
            assert_eq!(body().size_hint().exact(), Some(length));
            assert_eq!(collect(body(), part.len()).await.unwrap(), part);
            let mut taken = body();
            let span = taken.take_span().map(|mut span| span.read(u64::MAX).unwrap());
            assert!(span == is_taken.then_some(part));
            assert_eq!(taken.is_end_stream(), is_taken);
            drop(taken);
            let taken = if is_taken { (length, true) } else { (0, false) };
            let told: Vec<_> = told.lock().unwrap().drain(..).collect();
            assert_eq!(told, [(0, false), (length, true), taken]);
        }
    }

    #[tokio::test]
    async fn a_ticket_is_told_once_what_was_taken_of_a_body() {
        let told = Arc::default();
        let ticket = || Box::new(Told(Arc::clone(&told)));
        let mut body = Body::full("12345").with_ticket(ticket());
        body.frame().await.unwrap().unwrap();
        drop(body);
        drop(Body::full("left").with_ticket(ticket()));
        drop(Body::empty().with_ticket(ticket()));
        assert_eq!(*told.lock().unwrap(), [(5, true), (0, false), (0, true)]);
    }
}
