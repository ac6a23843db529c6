//! The JSON API of a member's cache.
//!
//! | request | does |
//! |---|---|
//! | `GET /api/v1/cache` | how much is stored, and where |
//! | `POST /api/v1/cache/look` | what is stored for `{"url": …}` |
//! | `POST /api/v1/cache/purge` | forgets `{"url": …}`, or all that matches `{"prefix" \| "host" \| "regex": …}` or `{"all": true}` |
//!
//! Errors are `{"error": …}`.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::header::{ALLOW, HeaderValue, WWW_AUTHENTICATE};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Plane;
use crate::cache::Cache;
use crate::cache::bans::Pattern;
use crate::cache::key::normalise;
use crate::cache::moment::Moment;
use crate::cache::store::disk::Removed;
use crate::cache::store::memory::{Stored, StoredBody};
use crate::config::Token;
use crate::net::body::{Body, collect};
use crate::net::shared_body::SharedBody;
use crate::site::{Denied, authorize, own_page};

/// Bytes of a request's document at most.
const LARGEST: usize = 16 << 10;

/// What a request is about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Subject {
    Url(String),
    Prefix(String),
    Host(String),
    Regex(String),
    All(bool),
}

type Refusal = (StatusCode, String);

/// Answers a request for the cache's pages; `None` for other paths.
pub(super) async fn answer(
    plane: &Plane,
    head: &Parts,
    body: &SharedBody,
    peer: SocketAddr,
) -> Option<Response<Body>> {
    let path = head.uri.path();
    let what = path.strip_prefix("/api/v1/cache")?;
    let (status, document) = match respond(plane, head, what, body, peer).await {
        Ok(document) => (StatusCode::OK, document),
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let mut response = own_page(status, "application/json", format!("{document}\n"));
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        let allowed = if what.is_empty() { "GET" } else { "POST" };
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    }
    Some(response)
}

async fn respond(
    plane: &Plane,
    head: &Parts,
    what: &str,
    body: &SharedBody,
    peer: SocketAddr,
) -> Result<Value, Refusal> {
    let token = plane.config.token.as_ref().map(Token::secret);
    authorize(token, head.version, &head.headers, peer).map_err(|denied| match denied {
        Denied::Token => (StatusCode::UNAUTHORIZED, "a bearer token is needed".to_owned()),
        Denied::NotLocal => (
            StatusCode::FORBIDDEN,
            "the cache is managed from this host only, straight and by a loopback address; set token_file to \
             manage it from elsewhere"
                .to_owned(),
        ),
    })?;
    let cache = plane.cache.as_ref();
    let cache = cache.ok_or_else(nothing_stored)?;
    match (&head.method, what) {
        (&Method::GET, "") => Ok(statistics(plane, cache)),
        (&Method::POST, "/look") => match read(body).await? {
            Subject::Url(url) => look(plane, &url).await,
            Subject::Prefix(_) | Subject::Host(_) | Subject::Regex(_) | Subject::All(_) => {
                Err((StatusCode::UNPROCESSABLE_ENTITY, "url is needed".to_owned()))
            }
        },
        (&Method::POST, "/purge") => purge(cache, read(body).await?).await,
        (_, "" | "/look" | "/purge") => Err((
            StatusCode::METHOD_NOT_ALLOWED,
            "GET /api/v1/cache, POST /api/v1/cache/look and /purge are allowed".to_owned(),
        )),
        _ => Err((
            StatusCode::NOT_FOUND,
            "there is /api/v1/cache, /api/v1/cache/look and /api/v1/cache/purge".to_owned(),
        )),
    }
}

fn nothing_stored() -> Refusal {
    (StatusCode::CONFLICT, "this member stores nothing".to_owned())
}

async fn read(body: &SharedBody) -> Result<Subject, Refusal> {
    let bad = |error: &dyn std::fmt::Display| (StatusCode::BAD_REQUEST, error.to_string());
    let bytes = collect(body.offer(), LARGEST).await.map_err(|error| bad(&error))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("document must be one of url, prefix, host, regex, all: {error}"),
        )
    })
}

/// An `http:` URL as it is stored.
fn stored_url(url: &str) -> Result<String, Refusal> {
    let normal = normalise(url).as_str().to_owned();
    if url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://")) {
        Ok(normal)
    } else {
        let wrong = format!("URL must begin with http:// (nothing else is stored), found {url:?}");
        Err((StatusCode::UNPROCESSABLE_ENTITY, wrong))
    }
}

/// A host as it stands in stored URLs: a name, or an address.
fn stored_host(host: &str) -> Result<String, Refusal> {
    let has_port = host.contains(':') && !host.ends_with(']');
    if host.is_empty() || has_port || host.contains(['/', '@', '?', '#', ' ']) {
        let wrong = format!(
            "host must be a name or an address, without scheme, port and path, found {host:?}"
        );
        return Err((StatusCode::UNPROCESSABLE_ENTITY, wrong));
    }
    let url = stored_url(&format!("http://{host}/"))?;
    Ok(url.trim_start_matches("http://").trim_end_matches('/').to_owned())
}

async fn purge(cache: &Arc<Cache>, subject: Subject) -> Result<Value, Refusal> {
    let pattern = match subject {
        Subject::Url(url) => {
            let url = stored_url(&url)?;
            let Removed { any: purged, gone } = cache.purge(&url).await;
            tracing::info!(url, purged, "purged");
            return if gone {
                Ok(json!({ "url": url, "purged": purged }))
            } else {
                Err(not_lasting())
            };
        }
        Subject::Prefix(prefix) => Pattern::Prefix(stored_url(&prefix)?),
        Subject::Host(host) => Pattern::Host(stored_host(&host)?),
        Subject::Regex(regex) => Pattern::Regex(regex),
        Subject::All(true) => Pattern::All,
        Subject::All(false) => {
            return Err((StatusCode::UNPROCESSABLE_ENTITY, "all must be true".to_owned()));
        }
    };
    let text = json!({ "banned": &pattern, "purged": true });
    tracing::info!(?pattern, "banned");
    let cache = Arc::clone(cache);
    let banning = tokio::task::spawn_blocking(move || cache.ban(pattern)).await;
    let gone =
        |error: tokio::task::JoinError| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string());
    let kept = banning
        .map_err(gone)?
        .map_err(|error| (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))?;
    if kept { Ok(text) } else { Err(not_lasting()) }
}

/// The disk cannot be written.
fn not_lasting() -> Refusal {
    let told =
        "purged, but the disk cannot be written: it may come back when the member is restarted";
    (StatusCode::INTERNAL_SERVER_ERROR, told.to_owned())
}

async fn look(plane: &Plane, url: &str) -> Result<Value, Refusal> {
    let url = stored_url(url)?;
    let cache = plane.cache.as_ref();
    let cache = cache.ok_or_else(nothing_stored)?;
    let now = Moment::now();
    let found = cache.load(cache.key(&url)).await.unwrap_or_default();
    let rows: Vec<Value> = found
        .variants
        .iter()
        .filter(|stored| *stored.head.url == *url && cache.is_valid(&stored.head))
        .map(|stored| row(stored, now))
        .collect();
    Ok(json!({ "url": url, "stored": rows }))
}

fn row(stored: &Stored, now: Moment) -> Value {
    let head = &stored.head;
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers: Vec<Value> = head
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), text(value.as_bytes())]))
        .collect();
    let rows = head.vary.rows().iter();
    let vary: Vec<Value> =
        rows.map(|(name, value)| json!([name.as_str(), value.as_deref().map(text)])).collect();
    let place = match &stored.body {
        StoredBody::Memory(_) | StoredBody::MemoryFile(_) if stored.file.get().is_some() => {
            "memory and disk"
        }
        StoredBody::Memory(_) | StoredBody::MemoryFile(_) => "memory",
        StoredBody::File(_) => "disk",
        StoredBody::Growing(_) => "growing",
    };
    json!({
        "status": head.status.as_u16(),
        "bytes": stored.body.length(),
        "place": place,
        "age": head.age(now).as_secs(),
        "fresh_for": head.lifetime.unwrap_or_default().saturating_sub(head.age(now)).as_secs(),
        "stale_for": head.stale_for(now).map_or(0, |span| span.as_secs()),
        "part": head.part.as_ref().map(|part| [part.bytes.start, part.bytes.end]),
        "vary": vary,
        "headers": headers,
    })
}

/// What a cache holds, for people and machines.
pub(super) fn statistics(plane: &Plane, cache: &Cache) -> Value {
    let (used, capacity) = cache.memory_use();
    let disk = cache.disk().map(|disk| {
        json!({
            "bytes": disk.used(),
            "capacity": disk.capacity(),
            "urls": disk.len(),
            "state": if disk.is_resting() { "failed, left alone" } else { "ok" },
        })
    });
    json!({
        "member": plane.config.name,
        "memory": { "bytes": used, "capacity": capacity, "urls": cache.memory_len() },
        "disk": disk,
        "fetches": cache.flights.len(),
        "bans": cache.bans(),
        "requests": plane.stats.cache_json(),
    })
}
