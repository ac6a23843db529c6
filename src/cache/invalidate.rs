//! What a write makes void: pure.
//!
//! RFC 9111, section 4.4.

use hyper::header::{CONTENT_LOCATION, LOCATION};
use hyper::{HeaderMap, Method, StatusCode};

use super::key::resolve;

/// Methods that change nothing; any other may (RFC 9110, section 9.2.1, and the registry of methods).
const SAFE: [&str; 8] =
    ["GET", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "REPORT", "SEARCH"];

/// Whether a method changes nothing.
pub fn is_safe(method: &Method) -> bool {
    SAFE.contains(&method.as_str())
}

/// URLs whose stored responses a request with its response makes void, normalised: its own, and those
/// that the response names on the same host. None after an error.
pub fn targets(
    method: &Method,
    url: &str,
    status: StatusCode,
    response: &HeaderMap,
) -> Vec<String> {
    if is_safe(method) || !(status.is_success() || status.is_redirection()) {
        return Vec::new();
    }
    let named = [LOCATION, CONTENT_LOCATION].into_iter().filter_map(|name| {
        let reference = response.get(name)?.to_str().ok()?;
        resolve(url, reference)
    });
    std::iter::once(url.to_owned()).chain(named).collect()
}
