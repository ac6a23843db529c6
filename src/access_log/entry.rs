//! One request on its way into the log.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, REFERER, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Uri, Version};
use tokio::time::Instant;

use super::date::Spelled;
use super::outcome::{CacheResult, NextHop, Outcome};
use super::{AccessLog, Format, Shared, format};
use crate::net::body::Ticket;

/// A request that will have a line of its own: the line is written when this is dropped, so a request
/// whose client leaves before there is a response is logged, too.
#[derive(Debug)]
pub struct Entry {
    log: Arc<Shared>,
    started: Started,
    /// What the cache had to do with it, if nobody else was asked.
    here: Option<CacheResult>,
    fields: Fields,
}

/// When a request arrived, by both clocks: how long it took, and when that was. The system's clock is asked once,
/// so that the end of a request is its beginning and what it took, though that clock may have been set meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Started {
    /// By a clock that is never set.
    pub at: Instant,
    /// By the system's clock.
    pub on: SystemTime,
}

/// What a line tells.
#[derive(Debug)]
pub(super) struct Fields {
    pub(super) client: IpAddr,
    /// `None`: it could not be read.
    pub(super) request: Option<RequestLine>,
    pub(super) referer: Option<HeaderValue>,
    pub(super) user_agent: Option<HeaderValue>,
    pub(super) user: Option<Arc<str>>,
    /// `None`: the client left before there was a response.
    pub(super) status: Option<StatusCode>,
    pub(super) content_type: Option<HeaderValue>,
    pub(super) outcome: Outcome,
    /// Data bytes of the body to the client; of a tunnel, all bytes.
    pub(super) sent: u64,
    /// Bytes from the client, of a tunnel.
    pub(super) received: Option<u64>,
    /// Whether the body went out to its end.
    pub(super) whole: bool,
}

/// What was asked for.
#[derive(Debug)]
pub(super) struct RequestLine {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) version: Version,
}

impl AccessLog {
    /// Begins the entry of a request.
    pub fn begin(&self, head: &Parts, client: IpAddr, started: Started) -> Box<Entry> {
        let mut entry = self.begin_unreadable(client, started);
        let Parts { method, uri, version, headers, .. } = head;
        let (method, uri, version) = (method.clone(), uri.clone(), *version);
        entry.fields.request = Some(RequestLine { method, uri, version });
        if self.shared.format != Format::Squid {
            entry.fields.referer = headers.get(REFERER).cloned();
            entry.fields.user_agent = headers.get(USER_AGENT).cloned();
        }
        entry
    }

    /// The same of one that cannot be read.
    pub fn begin_unreadable(&self, client: IpAddr, started: Started) -> Box<Entry> {
        let fields = Fields {
            client: client.to_canonical(),
            request: None,
            referer: None,
            user_agent: None,
            user: None,
            status: None,
            content_type: None,
            outcome: Outcome::default(),
            sent: 0,
            received: None,
            whole: false,
        };
        Box::new(Entry { log: Arc::clone(&self.shared), started, here: None, fields })
    }
}

impl Entry {
    /// Who the client is, by name.
    pub fn set_user(&mut self, user: Arc<str>) {
        self.fields.user = Some(user);
    }

    /// Whether it asks for a tunnel.
    pub fn is_connect(&self) -> bool {
        self.fields.request.as_ref().is_some_and(|request| request.method == Method::CONNECT)
    }

    /// It was answered here.
    pub fn set_answered_here(&mut self, cache: CacheResult) {
        self.here = Some(cache);
    }

    /// What becomes of such a request where nobody says anything else.
    pub fn usual_outcome(&self) -> Outcome {
        if let Some(cache) = self.here {
            return Outcome { cache, next_hop: NextHop::Nobody, error: None };
        }
        match &self.fields.request {
            Some(request) if request.uri.authority().is_some() => Outcome::default(),
            _ => Outcome { cache: CacheResult::Unasked, next_hop: NextHop::Nobody, error: None },
        }
    }

    /// There is a response, of which the body is still to be sent.
    pub fn responded(&mut self, status: StatusCode, headers: &HeaderMap, outcome: Outcome) {
        self.fields.status = Some(status);
        self.fields.content_type = headers.get(CONTENT_TYPE).cloned();
        self.fields.outcome = outcome;
    }

    /// It was a tunnel, and has ended after so many bytes to the client and from it.
    pub fn tunnel_ended(&mut self, sent: u64, received: u64) {
        self.fields.sent = sent;
        self.fields.received = Some(received);
        self.fields.whole = true;
    }
}

impl Ticket for Entry {
    fn ended(&mut self, bytes: u64, whole: bool) {
        self.fields.sent = bytes;
        let request = self.fields.request.as_ref();
        let bodiless = request.is_some_and(|request| request.method == Method::HEAD)
            || matches!(
                self.fields.status,
                Some(StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            );
        self.fields.whole = whole || bodiless;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        thread_local! {
            static LINE: RefCell<(Vec<u8>, Spelled)> = RefCell::default();
        }
        let elapsed = self.started.at.elapsed();
        let now = self.started.on.checked_add(elapsed).unwrap_or(self.started.on);
        let write = |line: &mut Vec<u8>, spelled: &mut Spelled| {
            line.clear();
            format::line(&self.log, &self.fields, When { now, elapsed }, spelled, line);
            self.log.writer.push(line);
        };
        let done = LINE.try_with(|cell| match cell.try_borrow_mut() {
            Ok(mut borrowed) => {
                let (line, spelled) = &mut *borrowed;
                write(line, spelled);
                true
            }
            Err(_in_use) => false,
        });
        if done != Ok(true) {
            // The thread is ending.
            write(&mut Vec::new(), &mut Spelled::default());
        }
    }
}

/// When a request ended, and how long it took.
#[derive(Debug, Clone, Copy)]
pub(super) struct When {
    pub(super) now: SystemTime,
    pub(super) elapsed: Duration,
}
