//! Several bodies, one after another.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};

use super::body::{Body, BodyError};

/// Bodies of known lengths, sent as one. One that turns out longer or shorter fails the whole: what follows it
/// would stand in the wrong place.
#[derive(Debug)]
struct Joined {
    /// With the bytes that each still has.
    bodies: VecDeque<(u64, Body)>,
}

/// Joins bodies, each with its length in bytes.
pub fn join(bodies: impl IntoIterator<Item = (u64, Body)>) -> Body {
    Body::streamed(Joined { bodies: bodies.into_iter().collect() })
}

impl HttpBody for Joined {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        while let Some((left, body)) = this.bodies.front_mut() {
            let frame = if *left == 0 { None } else { ready!(Pin::new(body).poll_frame(cx)) };
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => {
                    let taken = left.checked_sub(u64::try_from(data.len()).unwrap_or(u64::MAX));
                    let Some(rest) = taken else { break };
                    *left = rest;
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => {
                    this.bodies.clear();
                    return Poll::Ready(Some(Err(error)));
                }
                // Trailers are the end of a body, and those of one are not those of all.
                Some(Ok(Err(_))) | None if *left == 0 => drop(this.bodies.pop_front()),
                Some(Ok(Err(_))) | None => break,
            }
        }
        if this.bodies.is_empty() {
            return Poll::Ready(None);
        }
        this.bodies.clear();
        Poll::Ready(Some(Err(BodyError::Lost)))
    }

    fn is_end_stream(&self) -> bool {
        self.bodies.iter().all(|(left, _)| *left == 0)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bodies.iter().map(|(left, _)| left).sum())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    async fn joined(bodies: &[(u64, &'static str)]) -> Option<String> {
        let body = join(bodies.iter().map(|(length, body)| (*length, Body::full(*body))));
        let whole = body.collect().await.ok()?.to_bytes();
        Some(String::from_utf8(whole.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn bodies_follow_each_other() {
        let three = [(3, "abc"), (0, ""), (2, "de")];
        assert_eq!(joined(&three).await.as_deref(), Some("abcde"));
        let body = join(three.map(|(length, body)| (length, Body::full(body))));
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
        assert!(join([]).is_end_stream());
    }

    #[tokio::test]
    async fn a_body_of_another_length_fails_the_whole() {
        assert_eq!(joined(&[(4, "abc"), (2, "de")]).await, None);
        assert_eq!(joined(&[(2, "abc"), (2, "de")]).await, None);
        assert_eq!(joined(&[(3, "abc"), (3, "de")]).await, None);
    }
}
