//! The published documents over HTTP: entity tags, 304, and answers that wait for a change.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use tokio_util::sync::CancellationToken;

use super::{Document, HasSite, Site};
use crate::net::body::Body;
use crate::net::etag::none_match_fails;
use crate::net::published::Published;
use crate::pac;

/// How long an answer waits at most, whatever was asked for.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// Answers requests for the documents of what is currently published.
#[derive(Debug)]
pub struct Publisher<S> {
    published: Arc<Published<S>>,
    /// Ends waiting answers.
    shutdown: CancellationToken,
}

/// A response of our own: a status and one line of text.
pub fn own_page(
    status: StatusCode,
    content_type: &'static str,
    text: impl Into<String>,
) -> Response<Body> {
    let mut response = Response::new(Body::full(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[derive(Clone, Copy)]
enum Page {
    Pat,
    Pac,
}

impl Page {
    fn at(path: &str) -> Option<Self> {
        match path {
            "/pat" => Some(Self::Pat),
            "/proxy.pac" | "/wpad.dat" => Some(Self::Pac),
            _ => None,
        }
    }

    fn document(self, site: &Site) -> &Document {
        match self {
            Self::Pat => &site.pat,
            Self::Pac => &site.pac,
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Pat => "text/plain; charset=utf-8",
            Self::Pac => pac::CONTENT_TYPE,
        }
    }
}

impl<S: HasSite> Publisher<S> {
    /// Publishes what `published` holds until `shutdown`.
    pub fn new(published: Arc<Published<S>>, shutdown: CancellationToken) -> Self {
        Self { published, shutdown }
    }

    /// Answers `GET` and `HEAD` of `/pat`, `/proxy.pac` and `/wpad.dat`; `None` for any other path.
    ///
    /// With `?wait=SECONDS` (at most 60) and an `If-None-Match` that names the current state, the
    /// answer waits for a change and is 304 if none comes; `Preference-Applied: wait=…` tells that.
    pub async fn answer(&self, request: &Parts) -> Option<Response<Body>> {
        let page = Page::at(request.uri.path())?;
        if request.method != Method::GET && request.method != Method::HEAD {
            let mut refused =
                own_page(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "GET and HEAD only\n");
            refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return Some(refused);
        }
        let wait = wait_of(request.uri.query());
        let mut changes = self.published.subscribe();
        let mut current = self.published.load();
        let unchanged = |state: &Arc<S>| {
            let etag = state.site().map(|site| &page.document(site).etag);
            etag.is_some_and(|etag| none_match_fails(&request.headers, etag))
        };
        if let Some(wait) = wait {
            let until = tokio::time::Instant::now() + wait;
            while unchanged(&current) {
                tokio::select! {
                    changed = changes.changed() => if changed.is_err() { break },
                    () = tokio::time::sleep_until(until) => break,
                    () = self.shutdown.cancelled() => break,
                }
                current = self.published.load();
            }
        }
        let head_only = request.method == Method::HEAD;
        Some(match current.site() {
            Some(site) => respond(page, site, unchanged(&current), head_only, wait),
            None => {
                own_page(StatusCode::SERVICE_UNAVAILABLE, "text/plain", "there is no table yet\n")
            }
        })
    }
}

fn respond(
    page: Page,
    site: &Site,
    unchanged: bool,
    head_only: bool,
    wait: Option<Duration>,
) -> Response<Body> {
    let document = page.document(site);
    let body =
        if unchanged || head_only { Body::empty() } else { Body::full(document.bytes.clone()) };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(&document.etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("parray-config-id", HeaderValue::from(site.table().header().config_id.0));
    if let Some(wait) = wait
        && let Ok(applied) = HeaderValue::try_from(format!("wait={}", wait.as_secs()))
    {
        headers.insert("preference-applied", applied);
    }
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.content_type()));
        headers.insert(hyper::header::CONTENT_LENGTH, HeaderValue::from(document.bytes.len()));
    }
    response
}

fn wait_of(query: Option<&str>) -> Option<Duration> {
    let value = query?.split('&').find_map(|pair| pair.strip_prefix("wait="))?;
    let seconds: u64 = value.parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST_WAIT))
}
