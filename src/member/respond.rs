//! The only place that turns a failure into a response.
//!
//! `Proxy-Status` is that of RFC 9209; the statuses are those that its section 2.3 recommends, but 4xx
//! for what is the client's to mend.

use hyper::header::{CONNECTION, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use pat::MemberName;

use super::record;
use crate::blame::{Blame, Cause, Failure};
use crate::net::body::Body;
use crate::site::own_page;

/// The status of a failure.
fn status(cause: Cause) -> StatusCode {
    match (cause, cause.blame()) {
        (Cause::RequestError, _) => StatusCode::BAD_REQUEST,
        (_, Blame::Client) => StatusCode::FORBIDDEN,
        (Cause::InternalError, _) => StatusCode::INTERNAL_SERVER_ERROR,
        (Cause::ConnectionTimeout | Cause::ResponseTimeout, _) => StatusCode::GATEWAY_TIMEOUT,
        (_, Blame::Upstream | Blame::Internal) => StatusCode::BAD_GATEWAY,
    }
}

/// The response to a request that failed.
pub(super) fn respond(failure: &Failure, me: &MemberName) -> Response<Body> {
    let text = format!("{me}: {failure}\n");
    let mut response = own_page(status(failure.cause), "text/plain; charset=utf-8", text);
    let headers = response.headers_mut();
    let details: String = failure
        .details
        .chars()
        .filter(|c| (' '..='~').contains(c) && !"\"\\".contains(*c))
        .collect();
    let value = format!("{}; error={}; details=\"{details}\"", token(me), failure.cause.as_str());
    if let Ok(value) = HeaderValue::try_from(value) {
        headers.insert(HeaderName::from_static("proxy-status"), value);
    }
    if failure.cause == Cause::RequestError {
        // Where such a request ends is not to be trusted.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.extensions_mut().insert(record::outcome_of(failure));
    response
}

/// A name as an item of RFC 8941: a token where it can be one, else a string.
fn token(name: &MemberName) -> String {
    let text = name.as_str();
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.to_owned()
    } else {
        format!("\"{text}\"")
    }
}
