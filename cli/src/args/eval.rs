//! Arguments of the commands that run a PAC.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use parray::pac::eval::{Engine, Limits, Now, Profile};
use parray::units::{Size, Span};

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// The PAC file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The URLs; `-` reads them from standard input
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// The second argument of FindProxyForURL [default: the URL's host]
    #[arg(long)]
    pub(crate) host: Option<String>,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
    #[command(flatten)]
    pub(crate) cage: CageArgs,
    /// Print what the script passes to alert, on standard error
    #[arg(long)]
    pub(crate) alerts: bool,
    /// One JSON object a URL on a line: what was passed, answered, left out, tried, alerted, looked up
    #[arg(long)]
    pub(crate) json: bool,
}

/// What a PAC sees of the world.
#[derive(Debug, Clone, Args)]
pub(crate) struct EnvironmentArgs {
    /// Whose ways to follow: chrome, firefox or wininet
    #[arg(long, default_value = "chrome", value_name = "CLIENT")]
    pub(crate) profile: Profile,
    /// The client's own addresses, for myIpAddress [default: 127.0.0.1]
    #[arg(long, value_name = "IP", value_delimiter = ',')]
    pub(crate) my_ip: Vec<IpAddr>,
    /// What a name resolves to; or `system`: ask DNS for all others. Else they do not resolve
    #[arg(long, value_name = "NAME=IP,...|system")]
    pub(crate) dns: Vec<DnsArg>,
    /// Names and addresses as in /etc/hosts
    #[arg(long, value_name = "FILE")]
    pub(crate) dns_file: Option<PathBuf>,
    /// The time, such as 2026-11-22T09:30 or 2026-11-22T09:30:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<Now>,
    /// The time zone, such as Europe/Berlin [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(crate) tz: Option<String>,
}

/// How a PAC is run.
#[derive(Debug, Clone, Args)]
pub(crate) struct CageArgs {
    /// What runs it: quickjs or boa
    #[arg(long, default_value_t, value_name = "ENGINE")]
    pub(crate) engine: Engine,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What a PAC may take.
#[derive(Debug, Clone, Args)]
pub(crate) struct LimitArgs {
    /// How long it may take to load, and for each URL
    #[arg(long, default_value = "5s", value_name = "DURATION")]
    pub(crate) timeout: Span,
    /// How much memory it may take
    #[arg(long, default_value = "256MB", value_name = "SIZE")]
    pub(crate) memory: Size,
}

impl Default for LimitArgs {
    fn default() -> Self {
        let Limits { time, memory } = Limits::default();
        Self { timeout: Span(time), memory: Size(memory) }
    }
}

/// One `--dns`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DnsArg {
    /// Ask DNS.
    System,
    /// Names and their addresses.
    Names(Vec<(String, Vec<IpAddr>)>),
}

impl FromStr for DnsArg {
    type Err = String;

    /// Reads `name=ip,ip,name=ip`: an address without a name belongs to the name before it.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "system" {
            return Ok(Self::System);
        }
        let mut names: Vec<(String, Vec<IpAddr>)> = Vec::new();
        for part in text.split(',') {
            let ip = match part.split_once('=') {
                Some((name, ip)) => {
                    names.push((name.trim().to_ascii_lowercase(), Vec::new()));
                    ip
                }
                None => part,
            };
            let wrong = || format!("must be NAME=IP,... or system, found {part:?}");
            let (_, addresses) = names.last_mut().ok_or_else(wrong)?;
            if !ip.trim().is_empty() {
                addresses.push(ip.trim().parse().map_err(|_no_ip| wrong())?);
            }
        }
        Ok(Self::Names(names))
    }
}
