//! Names to addresses to connections.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::destination::DestinationPolicy;
use crate::blame::{Cause, Failure};

/// Names that the administrator resolves; they are not asked of DNS, nor checked against the policy.
#[derive(Debug, Clone, Default)]
pub struct HostMap {
    rows: Vec<(String, HostTarget)>,
}

/// Where a mapped name leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostTarget {
    /// The address.
    pub ip: IpAddr,
    /// The port; `None`: the one that was asked for.
    pub port: Option<u16>,
}

impl HostMap {
    /// A map of rows `name -> target`; `*.example` stands for every name below `example`.
    pub fn new(rows: impl IntoIterator<Item = (String, HostTarget)>) -> Self {
        let folded = |(name, target): (String, HostTarget)| (name.to_ascii_lowercase(), target);
        let mut rows: Vec<_> = rows.into_iter().map(folded).collect();
        // The longest pattern is the most particular.
        rows.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self { rows }
    }

    fn find(&self, host: &str, port: u16) -> Option<SocketAddr> {
        if self.rows.is_empty() {
            return None;
        }
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let exact = self.rows.iter().find(|(name, _)| *name == host);
        let below = |name: &str| name.strip_prefix('*').is_some_and(|end| host.ends_with(end));
        let (_, target) = exact.or_else(|| self.rows.iter().find(|(name, _)| below(name)))?;
        Some(SocketAddr::new(target.ip, target.port.unwrap_or(port)))
    }
}

/// Resolves and checks.
#[derive(Debug, Clone, Default)]
pub struct Resolver {
    /// Asked first.
    pub hosts: HostMap,
    /// What clients may reach.
    pub policy: DestinationPolicy,
}

impl Resolver {
    /// The addresses of a host that a client asked for; never empty.
    ///
    /// # Errors
    /// A name that does not resolve, or only to addresses that must not be reached.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        if let Some(address) = self.hosts.find(host, port) {
            return Ok(vec![address]);
        }
        let mut addresses = look_up(host, port).await?;
        addresses.retain(|address| self.policy.allows(address.ip()));
        if addresses.is_empty() {
            let details = format!("{host} is at an address that is not served");
            return Err(Failure::unsent(Cause::DestinationProhibited, details));
        }
        Ok(addresses)
    }
}

/// Names that are looked up at the same time: each takes a thread of the runtime's, and a zone that
/// never answers must not take them all.
static LOOK_UPS: Semaphore = Semaphore::const_new(128);

/// How long a name may take to resolve.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(5);

/// The addresses of a host, unchecked; never empty.
///
/// # Errors
/// A name that does not resolve within 5 s.
pub async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let failed =
        |why: String| Failure::unsent(Cause::DnsError, format!("{host} does not resolve: {why}"));
    let asking = async {
        let _turn = LOOK_UPS.acquire().await.map_err(|error| failed(error.to_string()))?;
        let found = tokio::net::lookup_host((bare, port)).await;
        found.map_err(|error| failed(error.to_string()))
    };
    let late = |_elapsed| Err(failed(format!("no answer within {LOOK_UP_LIMIT:?}")));
    let found = timeout(LOOK_UP_LIMIT, asking).await.unwrap_or_else(late)?;
    let addresses: Vec<SocketAddr> = found.collect();
    if addresses.is_empty() { Err(failed("no address".to_owned())) } else { Ok(addresses) }
}

/// Connects to the first of the addresses that answers, all within `limit`: each gets its part of the
/// time that is left, so that a silent one does not use up the others'.
///
/// # Errors
/// The last address's failure.
pub async fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, Failure> {
    let until = Instant::now() + limit;
    let mut last = Failure::unsent(Cause::ConnectionRefused, "no address");
    for (address, left) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let parts = u32::try_from(left).unwrap_or(u32::MAX);
        let part = until.saturating_duration_since(Instant::now()) / parts;
        match timeout(part, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true).ok(); // only slower without
                return Ok(stream);
            }
            Ok(Err(error)) => {
                last = Failure::unsent(Cause::ConnectionRefused, format!("{address}: {error}"));
            }
            Err(_elapsed) => {
                let details = format!("{address}: no connection within {part:?}");
                last = Failure::unsent(Cause::ConnectionTimeout, details);
            }
        }
    }
    Err(last)
}
