//! The head of a stored response, with all that is needed to decide on its use.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::BytesMut;
use hyper::header::{
    AGE, CONTENT_LENGTH, CONTENT_RANGE, DATE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED,
};
use hyper::{HeaderMap, StatusCode};

use super::control::ResponseControl;
use super::freshness::{Exchange, Heuristics, explicit_lifetime, initial_age, lifetime};
use super::media_types::MediaTypes;
use super::moment::Moment;
use super::ranges::ContentRange;
use super::vary::Vary;

/// The head of a stored response.
#[derive(Debug, Clone)]
pub struct Head {
    /// The URL that it answers, normalised.
    pub url: Box<str>,
    /// 206 for a part.
    pub status: StatusCode,
    /// The fields to send on, but `Age`.
    pub headers: HeaderMap,
    /// What it was selected by.
    pub vary: Vary,
    /// When it was asked for, last validated included.
    pub exchange: Exchange,
    /// Where its body lies in the whole; `None` for a complete response.
    pub part: Option<ContentRange>,
    /// What its origin says of its use.
    pub control: ResponseControl,
    /// How old it came.
    pub initial_age: Duration,
    /// How long it is fresh, from its origin's making; `None` if it is stored only to be validated.
    pub lifetime: Option<Duration>,
    /// `Cache-Status` of a hit, the same each time.
    pub hit: HeaderValue,
}

/// A response as it came.
#[derive(Debug)]
pub struct Received<'a> {
    /// The URL that it answers, normalised.
    pub url: &'a str,
    /// Its status.
    pub status: StatusCode,
    /// Its fields, without those of one connection.
    pub headers: HeaderMap,
    /// What it was selected by.
    pub vary: Vary,
    /// When.
    pub exchange: Exchange,
}

/// What does not change from one stored response to the next: settings.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Freshness where origins say nothing.
    pub heuristics: Heuristics,
    /// This cache's name, as it stands in `Cache-Status`.
    pub name: String,
    /// How long a stale response may be used if the origin cannot be reached, unless it forbids that.
    pub stale_if_error: Duration,
    /// Fields that count in the place of `Cache-Control`, the first first.
    pub targets: Vec<HeaderName>,
    /// Largest body that is stored; changes where the cache is resized.
    pub max_object: Arc<AtomicU64>,
    /// Media types that are stored.
    pub types: MediaTypes,
}

/// Fields of a response that are not for those to come: `Age` is counted anew, the others are for one
/// connection (RFC 9111, section 3.1).
const NOT_STORED: [HeaderName; 4] = [
    AGE,
    hyper::header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    hyper::header::PROXY_AUTHORIZATION,
];

impl Head {
    /// The head of a response.
    pub fn new(received: Received<'_>, terms: &Terms) -> Self {
        let Received { url, status, headers, vary, exchange } = received;
        let mut head = Self {
            url: url.into(),
            status,
            part: ContentRange::of(status, &headers),
            headers,
            vary,
            exchange,
            control: ResponseControl::default(),
            initial_age: Duration::ZERO,
            lifetime: None,
            hit: super::status::hit(&terms.name, url),
        };
        head.derive(terms);
        head
    }

    /// Computes what follows from fields and times; call it when they changed.
    pub fn derive(&mut self, terms: &Terms) {
        self.control = super::targeted::control(&self.headers, &terms.targets);
        self.initial_age = initial_age(&self.headers, self.exchange);
        let received = self.exchange.received;
        self.lifetime =
            lifetime(self.status, &self.headers, &self.control, received, &terms.heuristics);
        for name in NOT_STORED.iter().chain(&self.control.unstored) {
            self.headers.remove(name);
        }
        if Moment::in_field(&self.headers, DATE).is_none()
            && let Ok(date) = HeaderValue::try_from(received.http_date())
        {
            // RFC 9110, section 6.6.1: a recipient without a date adds one.
            self.headers.insert(DATE, date);
        }
    }

    /// How old it is.
    pub fn age(&self, now: Moment) -> Duration {
        self.initial_age + now.since(self.exchange.received)
    }

    /// For how long it has been stale; `None` while it is fresh.
    pub fn stale_for(&self, now: Moment) -> Option<Duration> {
        let lifetime = self.lifetime.unwrap_or_default();
        let age = self.age(now);
        age.checked_sub(lifetime)
    }

    /// Its entity tag.
    pub fn etag(&self) -> Option<&HeaderValue> {
        self.headers.get(ETAG)
    }

    /// Its entity tag, if that is a strong one: what has the same is the same, byte by byte.
    pub fn strong_tag(&self) -> Option<&HeaderValue> {
        self.etag().filter(|tag| tag.as_bytes().starts_with(b"\""))
    }

    /// Whether it can be validated.
    pub fn has_validator(&self) -> bool {
        self.headers.contains_key(ETAG) || self.headers.contains_key(LAST_MODIFIED)
    }

    /// Whether its origin says how long it is fresh.
    pub fn is_explicit(&self) -> bool {
        self.control.is_explicit()
            || explicit_lifetime(&self.headers, &self.control, self.exchange.received).is_some()
    }

    /// The length that its fields say its body has.
    pub fn content_length(&self) -> Option<u64> {
        self.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The length that its body must have: that of the part that it is, or what its fields say.
    pub fn length(&self) -> Option<u64> {
        let part = self.part.as_ref().map(|part| part.bytes.end - part.bytes.start);
        part.or_else(|| self.content_length())
    }

    /// Gives its fields memory of their own: as they came, they may hold on to all that was read with
    /// them.
    pub fn compact(&mut self) {
        let length = self.headers.values().map(HeaderValue::len).sum();
        let mut bytes = BytesMut::with_capacity(length);
        for value in self.headers.values_mut() {
            bytes.extend_from_slice(value.as_bytes());
            if let Ok(copy) = HeaderValue::from_maybe_shared(bytes.split().freeze()) {
                *value = copy;
            }
        }
    }

    /// Makes it the head of a body that is known to be whole and `length` long.
    pub fn complete(&mut self, length: u64) {
        self.status = StatusCode::OK;
        self.part = None;
        self.headers.remove(CONTENT_RANGE);
        self.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }

    /// About how much memory it takes, in bytes.
    pub fn weight(&self) -> u64 {
        let fields: usize =
            self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 64).sum();
        u64::try_from(fields + self.url.len() * 2 + 512).unwrap_or(u64::MAX)
    }
}
