//! Arguments of the commands that judge PACs.

use std::path::PathBuf;

use clap::Args;
use parray::pac::check::Rule;

use super::eval::LimitArgs;

#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 if there is nothing but notes, 1 if there are warnings, 65 if there are errors, 74 if a file \
cannot be read or written.")]
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
