//! One file a command.

mod cache;
mod edit;
mod master;
mod member;
mod pac;
mod pat;
mod route;
mod serve;
mod up;

use std::process::ExitCode;

use clap::CommandFactory;

use crate::args::{Cli, Command};
use crate::error::CommandError;
use crate::output;

/// Exit code when a command did what it should and found something: differences, warnings.
pub(crate) const FOUND: u8 = 1;

/// Runs the command.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, CommandError> {
    match cli.command {
        Command::Up(args) => up::run(&args),
        Command::Master(args) => master::run(args),
        Command::Member(args) => member::run(args),
        Command::Pat(command) => pat::run(command),
        Command::Pac(command) => pac::run(command),
        Command::PacWorker => pac::work(),
        Command::Cache(command) => cache::run(&command),
        Command::Route(args) => route::run(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "parray", &mut script);
            output::text(String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Man { folder } => {
            std::fs::create_dir_all(&folder)?;
            clap_mangen::generate_to(Cli::command(), &folder)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
