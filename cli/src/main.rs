//! The command `parray`.

mod args;
mod commands;
mod error;
mod logging;
mod output;
mod remote;

use std::process::ExitCode;

use clap::Parser;

use args::Cli;
use error::CommandError;

/// What a busy hour needed is given back after it, and each core has its own; glibc's does neither well.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return error::usage(&error),
    };
    match logging::start(&cli.global).and_then(|()| commands::run(cli)) {
        Ok(code) => code,
        // Whoever read our output has seen enough.
        Err(CommandError { kind: error::Kind::BrokenPipe, .. }) => ExitCode::SUCCESS,
        Err(error) => error.report(),
    }
}
