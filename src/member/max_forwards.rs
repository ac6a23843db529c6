//! How many more proxies may pass a request on (RFC 9110, section 7.6.2).

use std::fmt::Write as _;

use hyper::header::{AUTHORIZATION, COOKIE, MAX_FORWARDS, PROXY_AUTHORIZATION};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};

use crate::net::body::Body;
use crate::site::own_page;

/// How many more proxies may pass a request on; `None`: as many as there are. Only OPTIONS and TRACE count them.
pub(super) fn left(head: &Parts) -> Option<u64> {
    if head.method != Method::OPTIONS && head.method != Method::TRACE {
        return None;
    }
    head.headers.get(MAX_FORWARDS)?.to_str().ok()?.parse().ok()
}

/// What this member answers to a request that it may not pass on.
pub(super) fn answer(head: &Parts) -> Response<Body> {
    if head.method != Method::TRACE {
        return own_page(StatusCode::OK, "text/plain", "");
    }
    // What others must not see is left out (RFC 9110, section 9.3.8).
    let secret = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];
    let mut text = format!("{} {} {:?}\r\n", head.method, head.uri, head.version);
    for (name, value) in head.headers.iter().filter(|(name, _)| !secret.contains(name)) {
        let value = String::from_utf8_lossy(value.as_bytes());
        write!(text, "{name}: {value}\r\n").ok(); // a text takes it all
    }
    text.push_str("\r\n");
    own_page(StatusCode::OK, "message/http", text)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn head(method: &str, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("http://a.test/x");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn only_options_and_trace_count_forwards() {
        for (method, value, expected) in [
            ("OPTIONS", "3", Some(3)),
            ("TRACE", "0", Some(0)),
            ("GET", "0", None),
            ("TRACE", "-1", None),
            ("TRACE", "x", None),
        ] {
            assert_eq!(
                left(&head(method, &[("max-forwards", value)])),
                expected,
                "{method} {value}"
            );
        }
    }

    #[tokio::test]
    async fn a_trace_tells_what_has_come_but_no_secret() {
        let fields = [("x", "1"), ("cookie", "secret"), ("proxy-authorization", "secret")];
        let body = answer(&head("TRACE", &fields)).into_body();
        let text = crate::net::body::collect(body, 1 << 10).await.unwrap();
        assert_eq!(text, "TRACE http://a.test/x HTTP/1.1\r\nx: 1\r\n\r\n");
    }
}
