//! A member's configuration, checked.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use pat::{AddressBy, MemberName};

use super::access;
use super::cache::CacheConfig;
use super::file::{ConfigError, LimitsFile, MemberFile, host_target};
use super::token::Token;
use crate::access::Rules;
use crate::access_log::LogConfig;
use crate::auth::AuthConfig;
use crate::net::destination::DestinationPolicy;
use crate::net::resolve::{HostMap, Resolver};
use crate::net::serve::ServeLimits;
use crate::net::tls::Tls;
use crate::pac::PacOptions;
use crate::units::{Rate, Span};

/// What a member runs by.
#[derive(Debug, Clone)]
pub struct MemberConfig {
    /// Its name in the table, and in `Via`.
    pub name: MemberName,
    /// Where it listens. Default 127.0.0.1:3128.
    pub listen: SocketAddr,
    /// Where its table comes from.
    pub source: TableSource,
    /// Folder for the last good table; `None`: nothing is kept.
    pub state: Option<PathBuf>,
    /// How siblings are connected to. Default: by `ip`.
    pub sibling_address: AddressBy,
    /// The PAC that it publishes.
    pub pac: PacOptions,
    /// The bearer token that purges need; `None`: purges from this host only.
    pub token: Option<Token>,
    /// Who may do what.
    pub access: Rules,
    /// Who it is to clients that speak TLS; `None`: it speaks none.
    pub tls: Option<Tls>,
    /// Names and addresses of origins.
    pub resolver: Resolver,
    /// What is stored; `None`: nothing.
    pub cache: Option<CacheConfig>,
    /// How long and how much.
    pub limits: MemberLimits,
    /// One line a request; `None`: nothing is logged.
    pub access_log: Option<LogConfig>,
    /// Users; `None`: nobody is asked for a password.
    pub auth: Option<AuthConfig>,
}

/// Where a member's table comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableSource {
    /// A master, or a member in its place: the URL of its `/pat`.
    Master(Uri),
    /// A file, watched.
    File(PathBuf),
}

/// How long and how much.
#[derive(Debug, Clone, Copy)]
pub struct MemberLimits {
    /// Of client connections.
    pub serve: ServeLimits,
    /// A connection to the next hop.
    pub connect: Duration,
    /// The head of a response.
    pub first_byte: Duration,
    /// Silence within a body.
    pub idle: Duration,
    /// Silence within a tunnel, both ways, and how long a side of it may take nothing.
    pub tunnel_idle: Duration,
    /// Siblings that are tried before the origin; 0: none.
    pub tries: usize,
    /// Requests of one client, and how many at once, which is 1 or more; `None`: no limit.
    pub client_requests: Option<(Rate, u32)>,
}

impl TryFrom<MemberFile> for MemberConfig {
    type Error = ConfigError;

    fn try_from(file: MemberFile) -> Result<Self, ConfigError> {
        let name = file
            .name
            .as_deref()
            .ok_or(ConfigError::Missing("name: a member needs its name in the table (--name)"))?;
        let name = name.parse().map_err(|error| ConfigError::value("name", error))?;
        let source = source(file.master.as_deref(), file.table)?;
        let sibling_address = match file.sibling_address.as_deref() {
            Some(text) => {
                text.parse().map_err(|error| ConfigError::value("sibling_address", error))?
            }
            None => AddressBy::Ip,
        };
        let access = access::rules(file.access, &file.destinations)?;
        let policy = DestinationPolicy {
            allow: access::networks("destinations.allow", &file.destinations.allow)?,
            deny: access::networks("destinations.deny", &file.destinations.deny)?,
        };
        let hosts = file.hosts.into_iter().map(|(name, target)| match host_target(&target) {
            Some(target) => Ok((name, target)),
            None => Err(ConfigError::value(
                "hosts",
                format!("{name} must lead to an address or address:port, found {target:?}"),
            )),
        });
        let tls = file.tls.map(|tls| Tls::open(tls.certificate, tls.key)).transpose();
        let tls = tls.map_err(|error| ConfigError::Tls(error.to_string()))?;
        let hosts = HostMap::new(hosts.collect::<Result<Vec<_>, _>>()?);
        Ok(Self {
            name,
            listen: file.listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 3128))),
            source,
            state: file.state,
            sibling_address,
            pac: file.pac.options()?,
            access,
            tls,
            resolver: Resolver { hosts, policy },
            token: file.token_file.as_deref().map(Token::read).transpose()?,
            cache: file.cache.config()?,
            limits: limits(&file.limits)?,
            access_log: file.access_log.config()?,
            auth: file.auth.config()?,
        })
    }
}

fn source(master: Option<&str>, table: Option<PathBuf>) -> Result<TableSource, ConfigError> {
    match (master, table) {
        (Some(url), None) => {
            let wrong =
                || ConfigError::value("master", format!("must be http://host:port, found {url:?}"));
            let uri: Uri = url.parse().map_err(|_no_uri| wrong())?;
            let authority =
                uri.authority().filter(|_| uri.scheme_str() == Some("http")).ok_or_else(wrong)?;
            if !matches!(uri.path(), "" | "/") {
                return Ok(TableSource::Master(uri));
            }
            format!("http://{authority}/pat")
                .parse()
                .map(TableSource::Master)
                .map_err(|_no_uri| wrong())
        }
        (None, Some(path)) => Ok(TableSource::File(path)),
        (Some(_), Some(_)) => {
            Err(ConfigError::Missing("master and table exclude each other: give one of them"))
        }
        (None, None) => Err(ConfigError::Missing(
            "master or table: a member needs one of them (--master, --table)",
        )),
    }
}

fn limits(file: &LimitsFile) -> Result<MemberLimits, ConfigError> {
    let times = [file.header, file.connect, file.first_byte, file.idle, file.tunnel_idle];
    if times.iter().flatten().any(|span| span.0.is_zero()) {
        return Err(ConfigError::value("limits", "a time must be longer than 0"));
    }
    let span = |given: Option<Span>, seconds: u64| {
        given.map_or_else(|| Duration::from_secs(seconds), |span| span.0)
    };
    let idle = span(file.idle, 60);
    let serve = ServeLimits {
        connections: file.connections.unwrap_or(20_000).clamp(1, 1 << 24),
        client_connections: file.client_connections.unwrap_or(2000),
        header: span(file.header, 60),
        write: idle,
        drain: span(file.drain, 10),
    };
    Ok(MemberLimits {
        serve,
        connect: span(file.connect, 3),
        first_byte: span(file.first_byte, 60),
        idle,
        tunnel_idle: span(file.tunnel_idle, 600),
        tries: file.tries.unwrap_or(2),
        client_requests: match (file.client_requests, file.client_burst) {
            (_, Some(0)) => {
                return Err(ConfigError::value(
                    "limits.client_burst",
                    "must be 1 or more, found 0",
                ));
            }
            (None, Some(_)) => {
                let why = "limits.client_requests: a burst needs a rate such as \"100/s\"";
                return Err(ConfigError::Missing(why));
            }
            (rate, burst) => rate.map(|rate| (rate, burst.unwrap_or(rate.count))),
        },
    })
}
