//! `parray pac`.

mod caged;
mod check;
mod eval;

use std::process::ExitCode;
use std::sync::Arc;

use parray::config::ConfigError;
use parray::config::file::PacFile;
use parray::files::replace;
use parray::pac::{GenerateError, generate};
use parray::route::Router;

use crate::args::{PacArgs, PacCommand};
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::load_table;

pub(super) fn run(command: PacCommand) -> Result<ExitCode, CommandError> {
    match command {
        PacCommand::Generate { table, pac, output: file } => {
            let mut settings = PacFile::default();
            overlay(&mut settings, pac);
            let options = settings.options().map_err(options_error)?;
            let router = Router::new(Arc::new(load_table(&table)?));
            let pac = generate(&router, &options).map_err(|error| generate_error(&error))?;
            match file {
                Some(path) => replace(&path, pac.as_bytes()).map_err(|error| {
                    CommandError::new(Kind::Io, format!("{}: {error}", path.display()))
                })?,
                None => output::text(pac)?,
            }
        }
        PacCommand::Eval(args) => return eval::run(&args),
        PacCommand::Check(args) => return check::run(&args),
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) use caged::work;

/// What is wrong with the flags; each is named like its setting in a file.
fn options_error(error: ConfigError) -> CommandError {
    let kind = match error {
        ConfigError::Read { .. } => Kind::Io,
        ConfigError::Logic { .. } => Kind::Data,
        ConfigError::Parse { .. } | ConfigError::Missing(_) | ConfigError::Value { .. } | _ => {
            Kind::Usage
        }
    };
    CommandError::new(kind, error)
}

fn generate_error(error: &GenerateError) -> CommandError {
    CommandError::new(Kind::Data, "no PAC can be generated").because(error)
}

/// Flags go before the file.
pub(in crate::commands) fn overlay(settings: &mut PacFile, args: PacArgs) {
    settings.failover = args.failover.map(std::num::NonZero::get).or(settings.failover);
    settings.default_route = args.default_route.or_else(|| settings.default_route.take());
    settings.scheme = args.scheme.or_else(|| settings.scheme.take());
    settings.address = args.address.or_else(|| settings.address.take());
    settings.custom_logic = args.custom_logic.or_else(|| settings.custom_logic.take());
}
