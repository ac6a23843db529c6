//! A request of HTTP/2 as HTTP/1.1 has it, so that everything behind speaks of one kind: pure.
//!
//! h2 refuses most of what RFC 9113, section 8 calls malformed: fields of one connection, `TE` other than
//! `trailers`, names in upper case, pseudo-fields that are missing, unknown, doubled or late, a body of
//! another length than it says. What it lets pass is refused here. A malformed request may be answered
//! before its stream ends (section 8.1.1).

use hyper::header::{CONTENT_LENGTH, COOKIE, HOST, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Method, StatusCode, Uri};

use super::target::WholeServer;

/// Header lines of a message at most. It is hyper's own default, which it has room for on the stack.
pub(super) const MAX_HEADERS: usize = 100;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Untranslatable {
    /// More header lines than are taken.
    #[error("header must have at most {MAX_HEADERS} lines")]
    TooManyFields,
    /// A value that begins or ends with a blank (section 8.2.1).
    #[error("field values must not begin or end with a blank")]
    Blank,
    /// `:authority` with credentials, or one that is not what `Host` says (section 8.3.1).
    #[error(":authority must be host[:port], and the same as Host")]
    Authority,
    /// A `:path` that does not begin with a slash (section 8.3.1).
    #[error(":path must begin with a slash")]
    Path,
    /// More than one `Content-Length`, or one that is no number.
    #[error("Content-Length must be one number")]
    ContentLength,
    /// An https resource of somebody else; for these there is CONNECT.
    #[error("https is for this server's own pages; for others there is CONNECT")]
    Misdirected,
}

impl Untranslatable {
    /// What a client is told.
    pub fn status(self) -> StatusCode {
        match self {
            Self::TooManyFields => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Blank | Self::Authority | Self::Path | Self::ContentLength => {
                StatusCode::BAD_REQUEST
            }
        }
    }
}

/// Makes a request what a proxy of HTTP/1.1 would have got: an absolute `http:` target, `host:port` of
/// CONNECT, or a path for the server itself; with `Host`, and with one `Cookie`. The version stays.
///
/// An `https:` target is one of the server itself, whose host must be `own`: RFC 9110, section 7.4.
///
/// # Errors
/// A request that must not be taken.
pub fn translate(head: &mut Parts, own: impl Fn(&str) -> bool) -> Result<(), Untranslatable> {
    if head.headers.len() > MAX_HEADERS {
        return Err(Untranslatable::TooManyFields);
    }
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    if head
        .headers
        .values()
        .any(|value| is_blank(value.as_bytes().first()) || is_blank(value.as_bytes().last()))
    {
        return Err(Untranslatable::Blank);
    }
    check_length(head)?;
    join_cookies(head);
    check_authority(head)?;
    if head.method != Method::CONNECT {
        let whole_server = head.uri.path_and_query().is_some_and(|path| path.as_str() == "*");
        head.uri = target(head, own)?;
        if whole_server && head.uri.scheme().is_some() {
            head.extensions.insert(WholeServer);
        }
    }
    Ok(())
}

/// A number that anybody behind reads alike.
fn check_length(head: &Parts) -> Result<(), Untranslatable> {
    let mut lengths = head.headers.get_all(CONTENT_LENGTH).into_iter();
    match (lengths.next().map(HeaderValue::as_bytes), lengths.next()) {
        (None, _) => Ok(()),
        (Some(length), None)
            if (1..=18).contains(&length.len()) && length.iter().all(u8::is_ascii_digit) =>
        {
            Ok(())
        }
        _ => Err(Untranslatable::ContentLength),
    }
}

/// One field where there may be several (section 8.2.3).
fn join_cookies(head: &mut Parts) {
    let mut crumbs = head.headers.get_all(COOKIE).into_iter().map(HeaderValue::as_bytes);
    let (Some(first), Some(second)) = (crumbs.next(), crumbs.next()) else { return };
    let mut all = [first, second].join(b"; ".as_slice());
    for crumb in crumbs {
        all.extend_from_slice(b"; ");
        all.extend_from_slice(crumb);
    }
    if let Ok(value) = HeaderValue::from_bytes(&all) {
        head.headers.insert(COOKIE, value);
    }
}

/// Sees to it that there is a `Host`, and that nobody can take another authority for the one that counts.
fn check_authority(head: &mut Parts) -> Result<(), Untranslatable> {
    let Some(authority) = head.uri.authority() else { return Ok(()) };
    if authority.as_str().contains('@') {
        return Err(Untranslatable::Authority);
    }
    let default = if head.uri.scheme() == Some(&Scheme::HTTPS) { ":443" } else { ":80" };
    let plain = |text: &str| text.strip_suffix(default).unwrap_or(text).to_ascii_lowercase();
    let mut hosts = head.headers.get_all(HOST).into_iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => {
            let value = HeaderValue::try_from(authority.as_str());
            let value = value.map_err(|_unfit| Untranslatable::Authority)?;
            head.headers.insert(HOST, value);
            Ok(())
        }
        (Some(host), None)
            if host.to_str().is_ok_and(|host| plain(host) == plain(authority.as_str())) =>
        {
            Ok(())
        }
        _ => Err(Untranslatable::Authority),
    }
}

fn target(head: &Parts, own: impl Fn(&str) -> bool) -> Result<Uri, Untranslatable> {
    let path = head.uri.path_and_query().ok_or(Untranslatable::Path)?;
    let asterisk = path.as_str() == "*" && head.method == Method::OPTIONS;
    if !asterisk && !path.as_str().starts_with('/') {
        return Err(Untranslatable::Path);
    }
    match (head.uri.scheme(), head.uri.authority()) {
        (Some(scheme), Some(authority)) if *scheme == Scheme::HTTPS => {
            let host = authority.host().trim_start_matches('[').trim_end_matches(']');
            if own(host) { Ok(Uri::from(path.clone())) } else { Err(Untranslatable::Misdirected) }
        }
        (Some(scheme), Some(authority)) if asterisk => absolute(scheme, authority),
        (Some(_), Some(_)) => Ok(head.uri.clone()),
        // Without an authority it is the server itself that is asked.
        _ => Ok(Uri::from(path.clone())),
    }
}

fn absolute(scheme: &Scheme, authority: &Authority) -> Result<Uri, Untranslatable> {
    let whole = Uri::builder().scheme(scheme.clone()).authority(authority.clone());
    let whole = whole.path_and_query(PathAndQuery::from_static("/")).build();
    whole.map_err(|_unfit| Untranslatable::Path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    fn ask(method: &str, uri: &str, fields: &[(&str, &str)]) -> Result<Parts, Untranslatable> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let mut head = request.body(()).unwrap().into_parts().0;
        translate(&mut head, |host| host == "m1.test" || host == "::1").map(|()| head)
    }

    #[test]
    fn the_authority_becomes_host_and_must_not_differ_from_it() {
        let head = ask("GET", "http://a.test:81/x", &[]).unwrap();
        assert_eq!(head.headers[HOST], "a.test:81");
        assert_eq!(head.uri, "http://a.test:81/x");
        assert!(ask("GET", "http://a.test/x", &[("host", "A.test:80")]).is_ok());
        assert!(ask("CONNECT", "a.test:443", &[("host", "a.test:443")]).is_ok());
        for (uri, host) in [
            ("http://a.test/x", "b.test"),
            ("http://a.test/x", "a.test:81"),
            ("http://u@a.test/x", "a.test"),
        ] {
            let refused = ask("GET", uri, &[("host", host)]).unwrap_err();
            assert_eq!(refused, Untranslatable::Authority, "{uri}");
        }
        let twice = ask("GET", "http://a.test/", &[("host", "a.test"), ("host", "a.test")]);
        assert_eq!(twice.unwrap_err(), Untranslatable::Authority);
    }

    #[test]
    fn https_is_for_own_pages() {
        assert_eq!(ask("GET", "https://m1.test:3128/pat?wait=1", &[]).unwrap().uri, "/pat?wait=1");
        assert_eq!(ask("GET", "https://[::1]/pat", &[]).unwrap().uri, "/pat");
        assert_eq!(ask("GET", "/pat", &[("host", "whoever")]).unwrap().uri, "/pat");
        let other = ask("GET", "https://bank.test/", &[]).unwrap_err();
        assert_eq!(other.status(), StatusCode::MISDIRECTED_REQUEST);
    }

    #[test]
    fn an_asterisk_is_for_options_and_other_paths_begin_with_a_slash() {
        assert_eq!(ask("OPTIONS", "*", &[]).unwrap().uri, "*");
        assert_eq!(ask("GET", "*", &[]).unwrap_err(), Untranslatable::Path);
        let mut parts = hyper::http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(Authority::from_static("a.test"));
        parts.path_and_query = Some(PathAndQuery::from_static("*"));
        let uri = Uri::from_parts(parts);
        if let Ok(uri) = uri {
            let request = Request::builder().method("OPTIONS").uri(uri).body(()).unwrap();
            let mut head = request.into_parts().0;
            translate(&mut head, |_| false).unwrap();
            assert_eq!(head.uri, "http://a.test/");
            assert!(head.extensions.get::<WholeServer>().is_some());
        }
    }

    #[test]
    fn crumbs_of_a_cookie_are_one_field() {
        let crumbs = [("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")];
        let head = ask("GET", "http://a.test/", &crumbs).unwrap();
        let all: Vec<_> = head.headers.get_all(COOKIE).into_iter().collect();
        assert_eq!(all, ["a=1; b=2; c=3"]);
    }

    #[test]
    fn what_h2_lets_pass_is_refused() {
        let refused = |fields: &[(&str, &str)]| ask("POST", "http://a.test/", fields).unwrap_err();
        assert_eq!(refused(&[("x", " a")]), Untranslatable::Blank);
        assert_eq!(refused(&[("x", "a\t")]), Untranslatable::Blank);
        let lengths = [("content-length", "5"), ("content-length", "5")];
        assert_eq!(refused(&lengths), Untranslatable::ContentLength);
        assert_eq!(refused(&[("content-length", "+5")]), Untranslatable::ContentLength);
        let many = vec![("x", "1"); MAX_HEADERS + 1];
        assert_eq!(refused(&many), Untranslatable::TooManyFields);
    }
}
