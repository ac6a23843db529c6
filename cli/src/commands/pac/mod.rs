//! `parray pac`.

mod caged;
mod check;
mod diff;
mod eval;
mod generate;
mod init;
mod junit;
mod simulate;
mod test;
mod urls;
mod verify;

use std::process::ExitCode;

use parray::config::file::PacFile;

use crate::args::{PacArgs, PacCommand};
use crate::error::CommandError;

pub(super) fn run(command: PacCommand) -> Result<ExitCode, CommandError> {
    match command {
        PacCommand::Generate(args) => generate::run(*args),
        PacCommand::Eval(args) => eval::run(&args),
        PacCommand::Check(args) => check::run(&args),
        PacCommand::Test(args) => test::run(&args),
        PacCommand::Diff(args) => diff::run(&args),
        PacCommand::Verify(args) => verify::run(&args),
        PacCommand::Simulate(args) => simulate::run(&args),
    }
}

pub(super) use caged::work;

/// Flags go before the file.
pub(in crate::commands) fn overlay(settings: &mut PacFile, args: PacArgs) {
    settings.failover = args.failover.map(std::num::NonZero::get).or(settings.failover);
    settings.default_route = args.default_route.or_else(|| settings.default_route.take());
    settings.scheme = args.scheme.or_else(|| settings.scheme.take());
    settings.address = args.address.or_else(|| settings.address.take());
    settings.custom_logic = args.custom_logic.or_else(|| settings.custom_logic.take());
    settings.minify = settings.minify || args.minify;
}
