//! Arguments of `parray cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const EXIT_CODES: &str = "Exit codes: 0 every member did it, 1 nothing is stored (get), 64 usage, \
                          65 bad input, 69 a member cannot be reached or failed, 77 not allowed. \
                          Of several the first member's counts.";

#[derive(Debug, Subcommand)]
#[command(after_help = EXIT_CODES)]
pub(crate) enum CacheCommand {
    /// Tell how much is stored, and how often it served
    #[command(after_help = EXIT_CODES)]
    Stats(PlaceArgs),
    /// Tell what is stored for a URL; exit code 1 if nothing is
    #[command(after_help = EXIT_CODES)]
    Get {
        /// The URL, http:
        #[arg(value_name = "URL")]
        url: String,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Forget what is stored, on every member
    #[command(after_help = EXIT_CODES)]
    Purge {
        #[command(flatten)]
        subject: SubjectArgs,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Forget all whose URL a regular expression is found in
    #[command(after_help = EXIT_CODES)]
    Ban {
        /// The regular expression, as of the Rust crate regex
        #[arg(value_name = "REGEX")]
        regex: String,
        #[command(flatten)]
        place: PlaceArgs,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SubjectArgs {
    /// The URL, http:
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,
    /// All URLs that begin so
    #[arg(long, value_name = "URL")]
    pub(crate) prefix: Option<String>,
    /// All URLs of this host
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Everything
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// All members of this table: a file, or http://host:port of a master or member
    #[arg(
        long,
        value_name = "FILE|URL",
        required_unless_present = "member",
        conflicts_with = "member"
    )]
    pub(crate) table: Option<String>,
    /// One member; may be given again
    #[arg(long, value_name = "URL")]
    pub(crate) member: Vec<String>,
    /// Reach members by name or by their ip field
    #[arg(long, default_value = "ip", value_name = "name|ip")]
    pub(crate) address: pat::AddressBy,
    /// File with the members' bearer token
    #[arg(long, env = "PARRAY_TOKEN_FILE", value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// JSON, one line a member
    #[arg(long)]
    pub(crate) json: bool,
}
