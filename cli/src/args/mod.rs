//! All flags, and the only reader of the environment.

mod cache;
mod eval;
mod workbench;

use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;

pub(crate) use cache::{CacheCommand, PlaceArgs, SubjectArgs};
use clap::{Args, Parser, Subcommand, ValueEnum};
pub(crate) use eval::{DnsArg, EnvironmentArgs, EvalArgs, LimitArgs};
use pat::{
    ArrayName, CacheSize, HashKey, HashName, HashSeed, IpChoice, LoadFactor, MemberName, Opaque,
};
pub(crate) use workbench::{
    CheckArgs, DiffArgs, GenerateArgs, SimulateArgs, TestArgs, UrlsArgs, VerifyArgs,
};

/// Run an array of HTTP proxies as one cache: one table, one ranking, one PAC
///
/// Exit codes: 0 done, 1 something was found (check, diff) or nothing
/// (cache get), 64 usage, 65 bad input, 69 master not
/// reachable, 74 file or socket, 75 the table changed meanwhile, 77 not allowed, 78 configuration.
#[derive(Debug, Parser)]
#[command(name = "parray", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// What to log: a level (error, warn, info, debug, trace), or filters such as `parray=debug`
    #[arg(long, global = true, env = "PARRAY_LOG", default_value = "info", value_name = "LEVEL")]
    pub(crate) log: String,
    /// How to log
    #[arg(long, global = true, env = "PARRAY_LOG_FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a master and three members on this machine, to try things out
    Up(UpArgs),
    /// Run a master: own a table file and publish it
    Master(MasterArgs),
    /// Run a member: a forward proxy that follows a table
    Member(MemberArgs),
    /// Show, check, edit and compare tables
    #[command(subcommand)]
    Pat(PatCommand),
    /// Generate and evaluate proxy auto-config files
    #[command(subcommand)]
    Pac(PacCommand),
    /// Show and purge what members have stored
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Run a PAC in a process of its own; for parray itself
    #[command(hide = true)]
    PacWorker,
    /// Tell which member owns a URL, and who follows
    Route(RouteArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write man pages into a folder
    Man {
        /// The folder
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    /// Folder for the table and the members' state [default: parray below the user's state folder]
    #[arg(long, env = "PARRAY_DIR", value_name = "FOLDER")]
    pub(crate) dir: Option<PathBuf>,
    /// Port of the master
    #[arg(long, default_value_t = NonZeroU16::MIN.saturating_add(8079), value_name = "PORT")]
    pub(crate) master_port: NonZeroU16,
    /// Port of the first member; the others take the next ones
    #[arg(long, default_value_t = NonZeroU16::MIN.saturating_add(3127), value_name = "PORT")]
    pub(crate) member_port: NonZeroU16,
}

#[derive(Debug, Args)]
pub(crate) struct MasterArgs {
    /// TOML file with settings; flags go before it
    #[arg(long, env = "PARRAY_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The table file
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Where to listen [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// File with the bearer token that edits need; without one they come from this host only
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Check the settings and the table, and stop
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) pac: PacArgs,
}

#[derive(Debug, Args)]
pub(crate) struct MemberArgs {
    /// TOML file with settings; flags go before it
    #[arg(long, env = "PARRAY_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// This member's name in the table
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Where to listen [default: 127.0.0.1:3128]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// The master to follow: http://host:port
    #[arg(long, value_name = "URL", conflicts_with = "table")]
    pub(crate) master: Option<String>,
    /// A table file to follow instead of a master
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,
    /// Folder for the last good table
    #[arg(long, value_name = "FOLDER")]
    pub(crate) state: Option<PathBuf>,
    /// Check the settings, and the files and folders that they name, and stop
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) pac: PacArgs,
}

/// How a PAC names members and what else it says.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PacArgs {
    /// List at most so many members [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) failover: Option<NonZeroUsize>,
    /// What follows the members: DIRECT, none, or routes such as "PROXY p:3128; DIRECT" [default: DIRECT]
    #[arg(long, value_name = "ROUTES")]
    pub(crate) default_route: Option<String>,
    /// How browsers speak to members: PROXY or HTTPS [default: PROXY]
    #[arg(long, value_name = "SCHEME")]
    pub(crate) scheme: Option<String>,
    /// Give browsers the members' names or their ip fields: name or ip [default: name]
    #[arg(long, value_name = "name|ip")]
    pub(crate) address: Option<String>,
    /// File with JavaScript that decides before the selection
    #[arg(long, value_name = "FILE")]
    pub(crate) custom_logic: Option<PathBuf>,
    /// Shorten names, and leave out white space
    #[arg(long)]
    pub(crate) minify: bool,
}

/// Which table a command works on.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TableArgs {
    /// A table file
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// A running master: http://host:port
    #[arg(long, value_name = "URL")]
    pub(crate) master: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    #[command(flatten)]
    pub(crate) target: TableArgs,
    /// File with the master's bearer token
    #[arg(long, env = "PARRAY_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Edit only if the table still has this ConfigID
    #[arg(long, value_name = "ID")]
    pub(crate) if_config_id: Option<u32>,
    /// Print the outcome as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PatCommand {
    /// Write a new table file
    Init(InitArgs),
    /// Show a table
    Show {
        #[command(flatten)]
        target: TableArgs,
        /// As what
        #[arg(long, default_value = "text")]
        format: ShowFormat,
        /// Shorthand for --format json
        #[arg(long)]
        json: bool,
    },
    /// Tell what is wrong or unwise about table files
    Check {
        /// Table files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// One JSON object a finding on a line
        #[arg(long)]
        json: bool,
    },
    /// Add a member
    Add {
        #[command(flatten)]
        edit: EditArgs,
        /// Name and port: `p4.example.com:3128`
        #[arg(value_name = "NAME:PORT")]
        member: String,
        /// Address that siblings connect to; without one they resolve the name
        #[arg(long)]
        ip: Option<IpAddr>,
        /// Share of the load, 1 to 16777215
        #[arg(long, allow_negative_numbers = true, default_value_t = LoadFactor::DEFAULT, value_name = "N")]
        load_factor: LoadFactor,
        /// Size of its cache
        #[arg(long, default_value_t = CacheSize(0), value_name = "MB")]
        cache_size: CacheSize,
        /// Where it publishes a copy of the table [default: its own /pat]
        #[arg(long, value_name = "URL")]
        table_url: Option<Opaque>,
        /// Vendor and version
        #[arg(long)]
        agent: Option<Opaque>,
        /// Add it switched off
        #[arg(long)]
        off: bool,
    },
    /// Remove members
    Remove {
        #[command(flatten)]
        edit: EditArgs,
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<MemberName>,
    },
    /// Change a member, or the table's header when no member is named
    Set {
        #[command(flatten)]
        edit: EditArgs,
        /// The member's name
        #[arg(value_name = "NAME")]
        name: Option<MemberName>,
        #[command(flatten)]
        member: SetMemberArgs,
        #[command(flatten)]
        header: SetHeaderArgs,
    },
    /// Switch members on
    On {
        #[command(flatten)]
        edit: EditArgs,
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<MemberName>,
    },
    /// Switch members off: their URLs go to the others
    Off {
        #[command(flatten)]
        edit: EditArgs,
        /// Their names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<MemberName>,
    },
    /// Tell what differs between two tables; exit code 1 if anything does
    Diff {
        /// The old table: a file, or http://host:port of a master or member
        #[arg(value_name = "OLD")]
        old: String,
        /// The new table
        #[arg(value_name = "NEW")]
        new: String,
        /// One JSON object a difference on a line
        #[arg(long)]
        json: bool,
    },
    /// Fetch the table of a master or member
    Fetch {
        /// http://host:port, or the whole URL
        #[arg(value_name = "URL")]
        url: String,
        /// Write it to this file instead of printing it
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The file; it must not exist yet
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Name of the array
    #[arg(long, default_value = "parray", value_name = "NAME")]
    pub(crate) array_name: ArrayName,
    /// How scores are computed: hrw-sip13, carp-1.0, carp-1.1 or squid-3.2
    #[arg(long, default_value_t = HashName::HrwSip13)]
    pub(crate) hash: HashName,
    /// What of a URL is hashed: url, path or host
    #[arg(long, default_value_t = HashKey::Url)]
    pub(crate) hash_key: HashKey,
    /// Take the members from a CSV file with the heading `name,port[,ip,load_factor,…]`
    #[arg(long, value_name = "FILE")]
    pub(crate) csv: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Of a member")]
pub(crate) struct SetMemberArgs {
    /// Address that siblings connect to, or none
    #[arg(long, requires = "name")]
    pub(crate) ip: Option<IpChoice>,
    /// TCP port
    #[arg(long, requires = "name")]
    pub(crate) port: Option<NonZeroU16>,
    /// Share of the load, 1 to 16777215
    #[arg(long, allow_negative_numbers = true, requires = "name", value_name = "N")]
    pub(crate) load_factor: Option<LoadFactor>,
    /// Size of its cache
    #[arg(long, requires = "name", value_name = "MB")]
    pub(crate) cache_size: Option<CacheSize>,
    /// Where it publishes a copy of the table
    #[arg(long, requires = "name", value_name = "URL")]
    pub(crate) table_url: Option<Opaque>,
    /// Vendor and version
    #[arg(long, requires = "name")]
    pub(crate) agent: Option<Opaque>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Of the table")]
pub(crate) struct SetHeaderArgs {
    /// Whether members route at all: on or off
    #[arg(long, value_name = "on|off", conflicts_with = "name")]
    pub(crate) array_enabled: Option<Switch>,
    /// Name of the array
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    pub(crate) array_name: Option<ArrayName>,
    /// Minutes between polls, from 1
    #[arg(long, value_name = "MINUTES", conflicts_with = "name", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) list_ttl: Option<u32>,
    /// How scores are computed: hrw-sip13, carp-1.0, carp-1.1 or squid-3.2
    #[arg(long, conflicts_with = "name")]
    pub(crate) hash: Option<HashName>,
    /// What of a URL is hashed: url, path or host
    #[arg(long, conflicts_with = "name")]
    pub(crate) hash_key: Option<HashKey>,
    /// 32 hex digits
    #[arg(long, conflicts_with = "name")]
    pub(crate) hash_seed: Option<HashSeed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Route
    On,
    /// Do not
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// A table for people
    Text,
    /// A table file in the draft's dialect
    Draft,
    /// A table file in Sun's dialect
    Sun,
    /// JSON
    Json,
    /// The members as CSV
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PacCommand {
    /// Print the PAC of a table
    Generate(Box<GenerateArgs>),
    /// Print what a PAC returns for URLs, one line each
    Eval(EvalArgs),
    /// Tell what is wrong or unwise in PACs, and where
    Check(CheckArgs),
    /// Run test cases over PACs
    Test(Box<TestArgs>),
    /// Tell which URLs get another answer from a new PAC than from the old one
    Diff(Box<DiffArgs>),
    /// Prove that a PAC answers as the members of a table route
    Verify(Box<VerifyArgs>),
    /// Show what users see when a member dies or the table changes
    Simulate(Box<SimulateArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct RouteArgs {
    /// The table: a file, or http://host:port of a master or member
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) table: String,
    /// One JSON object a URL on a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Pretend that this member is off
    #[arg(long, value_name = "NAME")]
    pub(crate) down: Vec<MemberName>,
    /// Show members by name or by their ip field
    #[arg(long, default_value = "name", value_name = "name|ip")]
    pub(crate) address: pat::AddressBy,
    /// URLs, or host:port for CONNECT; `-` reads them from standard input
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
}
