//! The rules of caching beside a second opinion: the crate http-cache-semantics, where it has one.
//!
//! It knows no targeted fields, no must-understand, no stale-while-revalidate and no parts, caps no
//! heuristics and takes proxy-revalidate for a lifetime of zero: these are left out here.

use parray::cache::media_types::MediaTypes;
use std::time::{Duration, UNIX_EPOCH};

use http_cache_semantics::{CacheOptions, CachePolicy};
use hyper::header::{
    AGE, AUTHORIZATION, CACHE_CONTROL, DATE, ETAG, EXPIRES, HeaderName, HeaderValue, LAST_MODIFIED,
    VARY,
};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use parray::cache::control::RequestControl;
use parray::cache::freshness::{Exchange, Heuristics};
use parray::cache::moment::Moment;
use parray::cache::reuse::{ReuseDecision, decide as reuse};
use parray::cache::stored::{Head, Terms};
use parray::cache::storing::{Seen, StoreDecision, decide};
use proptest::prelude::*;

const URL: &str = "http://a.test/";

/// When all responses come.
const NOW: u64 = 1_700_000_000;

fn terms() -> Terms {
    Terms {
        heuristics: Heuristics { longest: Duration::from_hours(1 << 20), ..Heuristics::default() },
        name: "m".to_owned(),
        stale_if_error: Duration::ZERO,
        targets: Vec::new(),
        max_object: std::sync::Arc::new(u64::MAX.into()),
        types: MediaTypes::default(),
    }
}

fn date(offset: i64) -> String {
    Moment(NOW.checked_add_signed(offset).unwrap() * 1000).http_date()
}

type Row = (HeaderName, String);

fn headers(rows: Vec<Option<Row>>) -> HeaderMap {
    let rows = rows.into_iter().flatten();
    rows.map(|(name, value)| (name, HeaderValue::from_str(&value).unwrap())).collect()
}

fn maybe(
    name: HeaderName,
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = Option<Row>> {
    proptest::option::of(value.prop_map(move |value| (name.clone(), value)))
}

fn response_directive() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => (0..200_u32).prop_map(|seconds| format!("max-age={seconds}")),
        2 => (0..200_u32).prop_map(|seconds| format!("s-maxage={seconds}")),
        1 => prop_oneof![
            Just("no-store"), Just("private"), Just("public"), Just("must-revalidate"), Just("no-cache"),
            Just("unknown=1"),
        ].prop_map(str::to_owned),
    ]
}

fn request_directive() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..200_u32).prop_map(|seconds| format!("max-age={seconds}")),
        (0..200_u32).prop_map(|seconds| format!("min-fresh={seconds}")),
        Just("no-cache".to_owned()),
        Just("unknown".to_owned()),
    ]
}

fn list(directive: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    proptest::collection::vec(directive, 1..3).prop_map(|list| list.join(", "))
}

prop_compose! {
    fn response()(
        status in prop_oneof![
            4 => Just(200_u16),
            3 => prop::sample::select(vec![203, 204, 300, 301, 302, 307, 308, 404, 405, 410, 414, 501]),
        ],
        control in maybe(CACHE_CONTROL, list(response_directive())),
        expires in maybe(EXPIRES, (-300..300_i64).prop_map(date)),
        // A tenth of it is a whole number of seconds: the other one rounds.
        modified in maybe(LAST_MODIFIED, (-10_000..0_i64).prop_map(|tens| date(tens * 10))),
        age in maybe(AGE, (0..200_u32).prop_map(|age| age.to_string())),
        tag in any::<bool>(),
        star in prop::bool::weighted(0.1),
    ) -> (StatusCode, HeaderMap) {
        let tag = tag.then(|| (ETAG, "\"1\"".to_owned()));
        let star = star.then(|| (VARY, "*".to_owned()));
        let date = Some((DATE, date(0)));
        let headers = headers(vec![control, expires, modified, age, tag, star, date]);
        (StatusCode::from_u16(status).unwrap(), headers)
    }
}

fn ours(status: StatusCode, response: &HeaderMap, request: &HeaderMap) -> Option<Box<Head>> {
    let at = Moment(NOW * 1000);
    let seen = Seen {
        url: URL,
        method: &Method::GET,
        request,
        status,
        response,
        exchange: Exchange { requested: at, received: at },
    };
    match decide(&seen, &terms()) {
        StoreDecision::Store(head) => Some(head),
        StoreDecision::Skip(_) => None,
    }
}

fn theirs(status: StatusCode, response: &HeaderMap, request: &Request<()>) -> CachePolicy {
    let mut answer = Response::new(());
    *answer.status_mut() = status;
    *answer.headers_mut() = response.clone();
    let options = CacheOptions {
        shared: true,
        cache_heuristic: 0.1,
        immutable_min_time_to_live: Duration::ZERO,
        ignore_cargo_cult: false,
    };
    CachePolicy::new_options(request, &answer, UNIX_EPOCH + Duration::from_secs(NOW), options)
}

fn get(headers: HeaderMap) -> Request<()> {
    let mut request = Request::get(URL).body(()).unwrap();
    *request.headers_mut() = headers;
    request
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5000, ..ProptestConfig::default() })]

    #[test]
    fn what_the_other_would_not_store_is_not_stored(
        (status, response) in response(),
        secret in any::<bool>(),
    ) {
        let request = headers(vec![secret.then(|| (AUTHORIZATION, "Basic x".to_owned()))]);
        let policy = theirs(status, &response, &get(request.clone()));
        if !policy.is_storable() {
            prop_assert!(ours(status, &response, &request).is_none());
        }
    }

    #[test]
    fn what_the_other_would_use_without_asking_is_stored_and_fresh(
        (status, response) in response(),
        wish in proptest::option::of(list(request_directive())),
        later in 0..300_u64,
    ) {
        let first = HeaderMap::new();
        let policy = theirs(status, &response, &get(first.clone()));
        let second = headers(vec![wish.map(|wish| (CACHE_CONTROL, wish))]);
        let now = UNIX_EPOCH + Duration::from_secs(NOW + later);
        let usable = policy.is_storable()
            && policy.before_request(&get(second.clone()), now).satisfies_without_revalidation();
        let at = Moment((NOW + later) * 1000);
        let fresh = |head: &Head| reuse(head, &RequestControl::of(&second), at) == ReuseDecision::Fresh;
        let head = ours(status, &response, &first);
        prop_assert_eq!(head.as_deref().is_some_and(fresh), usable);
    }
}
