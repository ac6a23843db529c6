//! Fetches what is missing between stored parts, and answers with all of it.

use std::sync::Arc;

use hyper::header::{AGE, IF_RANGE, RANGE};
use hyper::{Response, StatusCode};

use super::Plane;
use super::cached::Lookup;
use super::fetch::{Came, Client, store};
use super::request::{Asked, NextHop};
use crate::blame::Failure;
use crate::cache::answer::combined;
use crate::cache::conditions;
use crate::cache::freshness::{Exchange, initial_age};
use crate::cache::moment::Moment;
use crate::cache::parts::Cover;
use crate::cache::ranges::{ContentRange, byte_range};
use crate::net::body::Body;

/// What is not stored waits in its connection while so many bytes before it are sent, at most: its sender
/// need not be patient.
const PATIENCE: u64 = 1 << 20;

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
    let Some(missing) = &cover.missing else { return Ok(None) };
    let as_asked = asked.head.headers.clone();
    asked.head.headers.insert(RANGE, byte_range(missing));
    // Of another whole only that stretch is to come, not all. And what answers `If-Range` may be without
    // fields that the client needs (RFC 9110, section 15.3.7).
    asked.head.headers.remove(IF_RANGE);
    plane.stats.to_origin.add();
    let requested = lookup.cache.asked_at(lookup.key);
    let result = plane.attempt(asked, NextHop::Origin).await;
    let for_missing = std::mem::replace(&mut asked.head.headers, as_asked);
    let response = result?;
    let exchange = Exchange { requested, received: Moment::now() };
    let (status, method) = (response.status(), &asked.head.method);
    let part = ContentRange::of(status, response.headers());
    let fits = cover.is_completed_by(part.as_ref(), response.headers());
    let came = Came { response, exchange, replaces: false };
    if fits {
        let age = initial_age(came.response.headers(), exchange);
        let client = Client { method, headers: &for_missing };
        let fetched = store(lookup, client, came, None).await;
        let rests = lookup.cache.disk().is_some_and(|disk| disk.is_resting());
        if (rests || !fetched.is_stored()) && cover.begins_with() > PATIENCE {
            return Ok(None);
        }
        let (head, body) = fetched.detached(plane).into_parts();
        let mut headers = cover.newest().headers.clone();
        conditions::update(&mut headers, &head.headers);
        let age = cover.age(Moment::now()).max(age);
        headers.insert(AGE, age.as_secs().into());
        let joined = combined(cover, headers, Some(body));
        return match joined {
            Some(joined) => Ok(joined.read().await),
            None => Ok(None),
        };
    }
    if matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE) {
        return Ok(None);
    }
    let client = Client { method, headers: &asked.head.headers };
    Ok(Some(store(lookup, client, came, None).await.detached(plane)))
}
