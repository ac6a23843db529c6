//! Arguments of the commands that judge PACs.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use parray::pac::check::Rule;
use parray::units::Span;
use pat::MemberName;

use super::PacArgs;
use super::eval::{CageArgs, EnvironmentArgs, LimitArgs};

#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// The table: a file, or http://host:port of a master or member
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) table: String,
    #[command(flatten)]
    pub(crate) pac: PacArgs,
    /// Write it for readers, with comments
    #[arg(long, conflicts_with = "minify")]
    pub(crate) explain: bool,
    /// How many bytes it may have: it is minified if need be
    #[arg(long, value_name = "BYTES")]
    pub(crate) budget: Option<u64>,
    /// Write it to this file instead of printing it
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 if there is nothing but notes, 1 if there are warnings, 65 if there are errors, 74 if a file \
cannot be read or written.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct CheckArgs {
    /// The PAC files
    #[arg(required_unless_present = "rules", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Leave this rule out; may be given again
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) allow: Vec<Rule>,
    /// Change what is safe to change, in the files
    #[arg(long)]
    pub(crate) fix: bool,
    /// One JSON object a finding on a line
    #[arg(long, conflicts_with = "sarif")]
    pub(crate) json: bool,
    /// A SARIF 2.1.0 log, for editors and code hosts
    #[arg(long)]
    pub(crate) sarif: bool,
    /// List the rules, and why each is one
    #[arg(long, conflicts_with_all = ["files", "fix", "sarif"])]
    pub(crate) rules: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// Which URLs a PAC is asked for.
#[derive(Debug, Clone, Args)]
pub(crate) struct UrlsArgs {
    /// URLs, one a line, or an access log (squid, combined, json); `-` is standard input [default: made of
    /// what stands in the PACs]
    #[arg(long, value_name = "FILE")]
    pub(crate) urls: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 if all cases pass, 1 if one fails, 65 if the file of cases is wrong.")]
pub(crate) struct TestArgs {
    /// The file of cases (TOML)
    #[arg(value_name = "CASES")]
    pub(crate) file: PathBuf,
    /// The PACs [default: those that the file names]
    #[arg(value_name = "PAC")]
    pub(crate) pacs: Vec<PathBuf>,
    /// Tell what of the PAC the cases reach, and what never
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Write a report as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// One JSON object a case on a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Write what the PAC answers today into CASES, a new file
    #[arg(long, conflicts_with_all = ["coverage", "junit", "json"])]
    pub(crate) init: bool,
    #[command(flatten)]
    pub(crate) urls: UrlsArgs,
    /// With --init: write at most so many cases, of what is asked for most
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub(crate) most: usize,
    #[command(flatten, next_help_heading = "With --init: what the PAC sees")]
    pub(crate) environment: EnvironmentArgs,
    #[command(flatten, next_help_heading = "How the PAC is run")]
    pub(crate) cage: CageArgs,
}

#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Exit codes: 0 if every URL gets the same answer, 1 if not, 65 if a PAC gives no answers.")]
pub(crate) struct DiffArgs {
    /// The PAC of today
    pub(crate) old: PathBuf,
    /// The PAC that shall follow
    pub(crate) new: PathBuf,
    #[command(flatten)]
    pub(crate) urls: UrlsArgs,
    /// One JSON object a change on a line, and one of sums
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) environment: EnvironmentArgs,
    #[command(flatten)]
    pub(crate) cage: CageArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 if no URL differs, 1 if one does, 65 if the PAC gives no answers.")]
pub(crate) struct VerifyArgs {
    /// The PAC file
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The table: a file, or http://host:port of a master or member
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) table: String,
    /// How many URLs to draw, beside those of every shape
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    pub(crate) urls: u64,
    /// What they are drawn with: the same number draws the same URLs
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Print the certificate as JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten, next_help_heading = "How the PAC was generated")]
    pub(crate) pac: PacArgs,
    #[command(flatten, next_help_heading = "How the PAC is run")]
    pub(crate) cage: CageArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The table: a file, or http://host:port of a master or member
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) table: String,
    /// The table becomes this one
    #[arg(long, value_name = "FILE|URL")]
    pub(crate) becomes: Option<String>,
    /// A member that does not answer any more; may be given again
    #[arg(long, value_name = "NAME")]
    pub(crate) down: Vec<MemberName>,
    /// After which time it does again [default: never]
    #[arg(long, value_name = "DURATION", requires = "down")]
    pub(crate) back: Option<Span>,
    /// How long to look on
    #[arg(long, default_value = "1h", value_name = "DURATION")]
    pub(crate) time: Span,
    /// Clients of each kind, at most 10000
    #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) clients: u16,
    /// Time between two requests of a client
    #[arg(long, default_value = "10s", value_name = "DURATION")]
    pub(crate) every: Span,
    /// Time after which a client is started anew
    #[arg(long, default_value = "24h", value_name = "DURATION")]
    pub(crate) restart: Span,
    /// Percent of URLs that are https
    #[arg(long, default_value_t = 80, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    pub(crate) https: u8,
    /// The PAC lists at most so many members [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) failover: Option<NonZeroUsize>,
    /// The PAC does not end with DIRECT
    #[arg(long)]
    pub(crate) no_direct: bool,
    /// The same number draws the same clients and URLs
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Draw the curves into this file
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// One JSON object a kind of client on a line
    #[arg(long)]
    pub(crate) json: bool,
}
