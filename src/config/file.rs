//! The TOML as it stands in a file; unknown keys are refused.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::cache::CacheFile;
use crate::access::PortRange;
use crate::access_log::{self, Format, LogConfig};
use crate::auth::AuthConfig;
use crate::files::read_limited;
use crate::net::resolve::HostTarget;
use crate::pac::{PacOptions, PacRoutes, Style, check_custom_logic};
use crate::units::{Rate, Span};

/// Why a configuration cannot be used; the text names file, line and column where there are any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {why}")]
    Read {
        /// Which file.
        path: String,
        /// What the system said.
        why: String,
    },
    /// The file is no such TOML.
    #[error("{path}:{line}:{column}: {why}")]
    Parse {
        /// Which file.
        path: String,
        /// 1-based line.
        line: usize,
        /// 1-based column, in characters.
        column: usize,
        /// What is wrong there.
        why: String,
    },
    /// The file with custom logic has none.
    #[error("{path}: {why}")]
    Logic {
        /// Which file.
        path: String,
        /// What the parser said.
        why: String,
    },
    /// The certificate or its key cannot be used.
    #[error("{0}")]
    Tls(String),
    /// A setting has no value, and there is no default.
    #[error("{0}")]
    Missing(&'static str),
    /// A setting has a value that cannot be used.
    #[error("{key}: {why}")]
    Value {
        /// Which setting, as in the file.
        key: &'static str,
        /// What was expected and what was found.
        why: String,
    },
}

impl ConfigError {
    pub(super) fn value(key: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Value { key, why: why.to_string() }
    }
}

/// A member's file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MemberFile {
    /// Its name in the table.
    pub name: Option<String>,
    /// Where it listens: `address:port`.
    pub listen: Option<SocketAddr>,
    /// The master: `http://host:port`, polled at `/pat` unless there is a path.
    pub master: Option<String>,
    /// A table file instead of a master; watched.
    pub table: Option<PathBuf>,
    /// Folder for the last good table; none: nothing is kept.
    pub state: Option<PathBuf>,
    /// File with the bearer token for purges; none: purges from this host only.
    pub token_file: Option<PathBuf>,
    /// Whether siblings are connected to by `ip` (default) or by `name`.
    pub sibling_address: Option<String>,
    /// The PAC that it serves.
    pub pac: PacFile,
    /// Who may do what.
    pub access: AccessFile,
    /// Who it is to clients that speak TLS; none: it speaks none.
    pub tls: Option<TlsFile>,
    /// What it connects to for clients.
    pub destinations: DestinationsFile,
    /// Names that are not asked of DNS: `"*.test" = "127.0.0.1:8000"`.
    pub hosts: BTreeMap<String, String>,
    /// What is stored.
    pub cache: CacheFile,
    /// How long and how much.
    pub limits: LimitsFile,
    /// One line a request.
    pub access_log: AccessLogFile,
    /// Who has to give a password.
    pub auth: AuthFile,
}

/// A master's file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MasterFile {
    /// The table file.
    pub table: Option<PathBuf>,
    /// Where it listens: `address:port`.
    pub listen: Option<SocketAddr>,
    /// File with the bearer token for edits; none: edits from loopback only.
    pub token_file: Option<PathBuf>,
    /// The PAC that it serves.
    pub pac: PacFile,
}

/// `[pac]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PacFile {
    /// Members to list at most, from 1; default: all.
    pub failover: Option<usize>,
    /// `DIRECT` (default), `none`, or a list as a PAC returns it.
    pub default_route: Option<String>,
    /// `PROXY` (default) or `HTTPS`.
    pub scheme: Option<String>,
    /// `name` (default) or `ip`.
    pub address: Option<String>,
    /// File with JavaScript that decides before the selection.
    pub custom_logic: Option<PathBuf>,
    /// Whether names are shortened and white space is left out.
    pub minify: bool,
}

/// `[access]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessFile {
    /// Networks that are served; default: loopback and private ones.
    pub clients: Option<Vec<String>>,
    /// Ports for CONNECT; default 443 and 8443.
    pub connect_ports: Option<Vec<PortRange>>,
    /// Ports of `http:` URLs; default 80, 443 and 1025 to 65535.
    pub ports: Option<Vec<PortRange>>,
    /// Methods; default: all but TRACE and TRACK.
    pub methods: Option<Vec<String>>,
}

/// `[tls]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFile {
    /// PEM file with the certificate, then its chain.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
}

/// `[destinations]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DestinationsFile {
    /// Networks to connect to although the default refuses them.
    pub allow: Vec<String>,
    /// Networks never to connect to.
    pub deny: Vec<String>,
    /// Hosts that are served, and no others; default: all.
    pub allow_hosts: Option<Vec<String>>,
    /// Hosts that are never served.
    pub deny_hosts: Vec<String>,
}

/// `[limits]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsFile {
    /// Client connections at the same time. Default 20000.
    pub connections: Option<usize>,
    /// Connections of one client. Default 2000; 0: no limit.
    pub client_connections: Option<usize>,
    /// Requests of one client, such as `100/s`. Default: no limit.
    pub client_requests: Option<Rate>,
    /// Requests that one client may make at once. Default: those of one `client_requests`.
    pub client_burst: Option<u32>,
    /// A request's head, from the start of the connection or the last response. Default 60s.
    pub header: Option<Span>,
    /// A connection to the next hop. Default 3s.
    pub connect: Option<Span>,
    /// The head of a response. Default 60s.
    pub first_byte: Option<Span>,
    /// Silence within a body, or a client that takes nothing. Default 60s.
    pub idle: Option<Span>,
    /// Silence within a tunnel, both ways. Default 10m.
    pub tunnel_idle: Option<Span>,
    /// How long running requests may take to end at shutdown. Default 10s.
    pub drain: Option<Span>,
    /// Siblings that are tried before the origin. Default 2; 0: all requests go to the origin.
    pub tries: Option<usize>,
}

/// `[access_log]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccessLogFile {
    /// The file to append to; none: nothing is logged.
    pub path: Option<PathBuf>,
    /// `squid` (default), `combined` or `json`.
    pub format: Option<String>,
}

/// `[auth]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthFile {
    /// File of users, by Apache's `htpasswd -B`; none: nobody is asked.
    pub htpasswd: Option<PathBuf>,
    /// What a client is told that it needs a password for; default: `parray`.
    pub realm: Option<String>,
}

const LARGEST: u64 = 1 << 20;

/// Reads a TOML file.
///
/// # Errors
/// A file that cannot be read, or its first error with line and column.
pub fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ConfigError> {
    let name = path.display().to_string();
    let text = read_text(path, LARGEST)?;
    toml::from_str(&text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        ConfigError::Parse { path: name, line, column, why: error.message().to_owned() }
    })
}

/// Reads a text of at most `limit` bytes.
pub(super) fn read_text(path: &Path, limit: u64) -> Result<String, ConfigError> {
    let read = read_limited(path, limit).map_err(|error| error.to_string());
    let text = read.and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
    text.map_err(|why| ConfigError::Read { path: path.display().to_string(), why })
}

impl PacFile {
    /// The checked options; reads the custom logic.
    ///
    /// # Errors
    /// The first value that cannot be used.
    pub fn options(&self) -> Result<PacOptions, ConfigError> {
        let mut options = PacOptions::default();
        if self.failover == Some(0) {
            return Err(ConfigError::value("pac.failover", "must be 1 or more, found 0"));
        }
        options.failover = self.failover;
        if let Some(text) = &self.default_route {
            let routes: PacRoutes =
                text.parse().map_err(|error| ConfigError::value("pac.default_route", error))?;
            options.default_route = routes;
        }
        if let Some(text) = &self.scheme {
            options.scheme =
                text.parse().map_err(|error| ConfigError::value("pac.scheme", error))?;
        }
        if let Some(text) = &self.address {
            options.address =
                text.parse().map_err(|error| ConfigError::value("pac.address", error))?;
        }
        if let Some(path) = &self.custom_logic {
            let text = read_text(path, LARGEST)?;
            check_custom_logic(&text).map_err(|error| ConfigError::Logic {
                path: path.display().to_string(),
                why: error.to_string(),
            })?;
            options.custom_logic = Some(text);
        }
        if self.minify {
            options.style = Style::Minified;
        }
        Ok(options)
    }
}

impl AuthFile {
    /// The users; reads their file.
    ///
    /// # Errors
    /// A realm without a file or one that cannot be said, a file that cannot be read, or its first line
    /// that cannot be used.
    pub fn config(&self) -> Result<Option<AuthConfig>, ConfigError> {
        let realm = self.realm.as_deref().unwrap_or("parray");
        match &self.htpasswd {
            Some(path) => AuthConfig::read(path, realm)
                .map(Some)
                .map_err(|error| ConfigError::value("auth", error)),
            None if self.realm.is_some() => {
                Err(ConfigError::Missing("auth.htpasswd: a realm needs a file of users"))
            }
            None => Ok(None),
        }
    }
}

impl AccessLogFile {
    /// The checked settings; makes the file if there is none.
    ///
    /// # Errors
    /// A format without a path, an unknown one, or a file that cannot be opened for appending.
    pub fn config(&self) -> Result<Option<LogConfig>, ConfigError> {
        let format = match &self.format {
            Some(text) => {
                text.parse().map_err(|error| ConfigError::value("access_log.format", error))?
            }
            None => Format::default(),
        };
        let Some(path) = self.path.clone() else {
            return match self.format {
                Some(_) => Err(ConfigError::Missing("access_log.path: a format needs a file")),
                None => Ok(None),
            };
        };
        if path.as_os_str() == "-" {
            let why = "must be a file, found \"-\": for standard output say /dev/stdout";
            return Err(ConfigError::value("access_log.path", why));
        }
        access_log::open(&path).map_err(|error| ConfigError::Read {
            path: path.display().to_string(),
            why: error.to_string(),
        })?;
        Ok(Some(LogConfig { path, format }))
    }
}

/// `127.0.0.1`, `127.0.0.1:80`, `::1` or `[::1]:80`.
pub(super) fn host_target(text: &str) -> Option<HostTarget> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(HostTarget { ip: address.ip(), port: Some(address.port()) });
    }
    text.parse().ok().map(|ip| HostTarget { ip, port: None })
}
