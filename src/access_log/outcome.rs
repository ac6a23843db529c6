//! What became of a request, in the words of the logs.

use std::sync::Arc;

/// What became of a request: an extension of its response. Without one, a response counts as fetched
/// from the origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the cache had to do with it.
    pub cache: CacheResult,
    /// Who was asked.
    pub next_hop: NextHop,
    /// The error type of RFC 9209, if the response is an error of ours.
    pub error: Option<&'static str>,
}

/// Who was asked last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextHop {
    /// Nobody: it was answered here.
    Nobody,
    /// The origin that the request names.
    Origin,
    /// The member of this name, chosen by its score.
    Member(Arc<str>),
}

/// What the cache had to do with a response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CacheResult {
    /// Nothing: a page of ours, or no proper request.
    Unasked,
    /// It may not be had.
    Denied,
    /// A tunnel: nobody looks at what it carries.
    Tunnel,
    /// Not stored, or not allowed to be: fetched.
    #[default]
    Miss,
    /// Stored on disk, and fresh.
    Hit,
    /// Stored in memory, and fresh.
    MemoryHit,
    /// Answered 304 out of what is stored.
    NotModified,
    /// A stored failure.
    NegativeHit,
    /// Stored, stale, and said to be good still by the next hop.
    Revalidated,
    /// Stored, stale, and replaced by what the next hop answered.
    Refreshed,
    /// Stored, stale, and served while it is revalidated.
    StaleHit,
    /// Stored, stale, and served because the next hop failed.
    StaleOnError,
    /// Fetched because the client wanted no stored one.
    ClientRefresh,
    /// Fetched by another request, at the same time.
    Collapsed,
}

impl Default for Outcome {
    /// Fetched from the origin.
    fn default() -> Self {
        Self { cache: CacheResult::Miss, next_hop: NextHop::Origin, error: None }
    }
}

impl CacheResult {
    /// Squid's code.
    pub fn squid(self) -> &'static str {
        match self {
            Self::Unasked => "NONE_NONE",
            Self::Denied => "TCP_DENIED",
            Self::Tunnel => "TCP_TUNNEL",
            Self::Miss => "TCP_MISS",
            // Squid has no code of its own for a stale answer during revalidation.
            Self::Hit | Self::StaleHit => "TCP_HIT",
            Self::MemoryHit => "TCP_MEM_HIT",
            Self::NotModified => "TCP_IMS_HIT",
            Self::NegativeHit => "TCP_NEGATIVE_HIT",
            Self::Revalidated => "TCP_REFRESH_UNMODIFIED",
            Self::Refreshed => "TCP_REFRESH_MODIFIED",
            Self::StaleOnError => "TCP_REFRESH_FAIL_OLD",
            Self::ClientRefresh => "TCP_CLIENT_REFRESH_MISS",
            Self::Collapsed => "TCP_CF_HIT",
        }
    }

    /// The word of the JSON format.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unasked => "none",
            Self::Denied => "denied",
            Self::Tunnel => "tunnel",
            Self::Miss => "miss",
            Self::Hit => "hit",
            Self::MemoryHit => "memory_hit",
            Self::NotModified => "not_modified",
            Self::NegativeHit => "negative_hit",
            Self::Revalidated => "revalidated",
            Self::Refreshed => "refreshed",
            Self::StaleHit => "stale_hit",
            Self::StaleOnError => "stale_on_error",
            Self::ClientRefresh => "client_refresh",
            Self::Collapsed => "collapsed",
        }
    }
}
