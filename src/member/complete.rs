//! Fetches what is missing between stored parts, and answers with all of it.

use std::sync::Arc;

use hyper::header::{AGE, ETAG, IF_RANGE, RANGE};
use hyper::{Response, StatusCode};

use super::Plane;
use super::cached::Lookup;
use super::fetch::{Came, Client, store};
use super::request::{Asked, NextHop};
use crate::blame::Failure;
use crate::cache::answer::combined;
use crate::cache::conditions;
use crate::cache::freshness::Exchange;
use crate::cache::moment::Moment;
use crate::cache::parts::Cover;
use crate::cache::ranges::{ContentRange, byte_range};
use crate::net::body::Body;

/// Asks for the bytes that `cover` is without. `None` if what comes does not fit in: then the client's own
/// request is to be sent.
///
/// # Errors
/// No response.
pub(super) async fn complete(
    plane: &Arc<Plane>,
    asked: &mut Asked,
    lookup: &Lookup,
    cover: &Cover,
) -> Result<Option<Response<Body>>, Failure> {
    let (Some(missing), Some(tag)) = (&cover.missing, cover.tag()) else { return Ok(None) };
    let as_asked = asked.head.headers.clone();
    asked.head.headers.insert(RANGE, byte_range(missing));
    // If it is another whole by now, all of that comes.
    asked.head.headers.insert(IF_RANGE, tag.clone());
    plane.stats.to_origin.add();
    let requested = Moment::now();
    let result = plane.attempt(asked, NextHop::Origin).await;
    let for_missing = std::mem::replace(&mut asked.head.headers, as_asked);
    let response = result?;
    let exchange = Exchange { requested, received: Moment::now() };
    let (status, method) = (response.status(), &asked.head.method);
    let part = ContentRange::of(status, response.headers());
    let fits = part.is_some_and(|part| part.bytes == *missing && cover.may_hold(&part))
        && response.headers().get(ETAG) == Some(tag);
    if fits {
        let came = Came { response, exchange, replaces: false };
        let client = Client { method, headers: &for_missing };
        let (head, body) = store(lookup, client, came, None).await.detached(plane).into_parts();
        let mut headers = cover.newest().headers.clone();
        conditions::update(&mut headers, &head.headers);
        headers.insert(AGE, cover.age(Moment::now()).as_secs().into());
        let joined = combined(cover, headers, Some(body));
        return match joined {
            Some(joined) => Ok(joined.read().await),
            None => Ok(None),
        };
    }
    if matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE) {
        return Ok(None);
    }
    let came = Came { response, exchange, replaces: !status.is_server_error() };
    let client = Client { method, headers: &asked.head.headers };
    Ok(Some(store(lookup, client, came, None).await.detached(plane)))
}
