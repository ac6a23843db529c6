//! The only place that turns a failure into a response.
//!
//! `Proxy-Status` is that of RFC 9209; the statuses are those that its section 2.3 recommends, but 4xx
//! for what is the client's to mend.

use hyper::header::{CONNECTION, HeaderName, HeaderValue, PROXY_AUTHENTICATE, RETRY_AFTER};
use hyper::{Response, StatusCode};
use pat::MemberName;

use super::record;
use crate::blame::{Blame, Cause, Failure};
use crate::config::MemberConfig;
use crate::net::body::Body;
use crate::site::own_page;

/// The status of a failure.
fn status(cause: Cause) -> StatusCode {
    match (cause, cause.blame()) {
        (Cause::RequestError, _) => StatusCode::BAD_REQUEST,
        (Cause::AuthenticationRequired, _) => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        (Cause::TooOften, _) => StatusCode::TOO_MANY_REQUESTS,
        (Cause::Busy, _) => StatusCode::SERVICE_UNAVAILABLE,
        (_, Blame::Client) => StatusCode::FORBIDDEN,
        (Cause::InternalError, _) => StatusCode::INTERNAL_SERVER_ERROR,
        (Cause::ConnectionTimeout | Cause::ResponseTimeout, _) => StatusCode::GATEWAY_TIMEOUT,
        (_, Blame::Upstream | Blame::Internal) => StatusCode::BAD_GATEWAY,
    }
}

/// The response to a request that failed.
pub(super) fn respond(failure: &Failure, config: &MemberConfig) -> Response<Body> {
    let me = &config.name;
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
    match (failure.cause, &config.auth, config.limits.client_requests) {
        (Cause::AuthenticationRequired, Some(auth), _) => {
            if let Ok(value) = HeaderValue::try_from(auth.challenge()) {
                headers.insert(PROXY_AUTHENTICATE, value);
            }
        }
        (Cause::TooOften, _, Some((rate, _))) => {
            // The next token has come by then.
            let seconds = (rate.per / rate.count.max(1)).as_secs().max(1);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        (Cause::Busy, ..) => {
            headers.insert(RETRY_AFTER, HeaderValue::from(1));
        }
        _ => {}
    }
    if failure.cause == Cause::RequestError {
        // Where such a request ends is not to be trusted.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.extensions_mut().insert(record::outcome_of(failure));
    response
}

/// A name as an item of RFC 8941: a token where it can be one, else a string.
pub(super) fn token(name: &MemberName) -> String {
    let text = name.as_str();
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        text.to_owned()
    } else {
        format!("\"{text}\"")
    }
}
