//! Whose fault a failed request is; one place turns that into a status.

use std::fmt;
use std::sync::Arc;

/// Who has to do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The client sent what cannot be served, or may not have it.
    Client,
    /// The next hop or the network to it.
    Upstream,
    /// This program or its host.
    Internal,
}

/// What went wrong; the words are those of RFC 9209, section 2.3, where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// `http_request_error`: the request is malformed or not supported.
    RequestError,
    /// `http_request_denied`: the client may not do this.
    RequestDenied,
    /// `http_request_denied`: the client has to give a name and a password first.
    AuthenticationRequired,
    /// `http_request_denied`: the client asks too often.
    TooOften,
    /// `proxy_internal_error`: there is too much to do just now.
    Busy,
    /// `destination_ip_prohibited`: the name resolves to an address that must not be reached.
    DestinationProhibited,
    /// `dns_error`: the name does not resolve.
    DnsError,
    /// `connection_refused`, or an error of the network before there was a connection.
    ConnectionRefused,
    /// `connection_timeout`: no connection in time.
    ConnectionTimeout,
    /// `connection_terminated`: the connection ended before a response.
    ConnectionTerminated,
    /// `http_response_timeout`: no response in time.
    ResponseTimeout,
    /// `http_protocol_error`: the response is not HTTP.
    ProtocolError,
    /// `proxy_loop_detected`: the request has been here already.
    LoopDetected,
    /// `proxy_internal_error`.
    InternalError,
}

impl Cause {
    /// The error type of RFC 9209.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestError => "http_request_error",
            Self::RequestDenied | Self::AuthenticationRequired | Self::TooOften => {
                "http_request_denied"
            }
            Self::DestinationProhibited => "destination_ip_prohibited",
            Self::DnsError => "dns_error",
            Self::ConnectionRefused => "connection_refused",
            Self::ConnectionTimeout => "connection_timeout",
            Self::ConnectionTerminated => "connection_terminated",
            Self::ResponseTimeout => "http_response_timeout",
            Self::ProtocolError => "http_protocol_error",
            Self::LoopDetected => "proxy_loop_detected",
            Self::Busy | Self::InternalError => "proxy_internal_error",
        }
    }

    /// Each error type once.
    pub const WORDS: [&'static str; 11] = [
        "http_request_error",
        "http_request_denied",
        "destination_ip_prohibited",
        "dns_error",
        "connection_refused",
        "connection_timeout",
        "connection_terminated",
        "http_response_timeout",
        "http_protocol_error",
        "proxy_loop_detected",
        "proxy_internal_error",
    ];

    /// Who is at fault.
    pub fn blame(self) -> Blame {
        match self {
            Self::RequestError
            | Self::RequestDenied
            | Self::AuthenticationRequired
            | Self::TooOften
            | Self::DestinationProhibited => Blame::Client,
            Self::LoopDetected | Self::Busy | Self::InternalError => Blame::Internal,
            Self::DnsError
            | Self::ConnectionRefused
            | Self::ConnectionTimeout
            | Self::ConnectionTerminated
            | Self::ResponseTimeout
            | Self::ProtocolError => Blame::Upstream,
        }
    }
}

/// A request that was not answered by anybody behind us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub cause: Cause,
    /// For people: lower case, no full stop, nothing secret.
    pub details: String,
    /// Whether not a byte of the request can have been acted on, so that another may be asked.
    pub unsent: bool,
    /// The name of the member that was asked last; `None`: it was the origin, or nobody.
    pub member: Option<Arc<str>>,
}

impl Failure {
    /// A failure after which it is not known whether the request was acted on.
    pub fn new(cause: Cause, details: impl Into<String>) -> Self {
        Self { cause, details: details.into(), unsent: false, member: None }
    }

    /// A failure before the request was sent.
    pub fn unsent(cause: Cause, details: impl Into<String>) -> Self {
        Self { cause, details: details.into(), unsent: true, member: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.cause.as_str(), self.details)
    }
}

impl std::error::Error for Failure {}
