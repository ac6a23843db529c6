//! Which field governs a response.

use hyper::HeaderMap;

use super::control::ResponseControl;

/// What governs a response.
pub fn control(headers: &HeaderMap) -> ResponseControl {
    ResponseControl::of(headers)
}
