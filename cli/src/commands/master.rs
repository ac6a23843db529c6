//! `parray master`.

use std::process::ExitCode;

use parray::config::{ConfigError, MasterConfig, file};
use parray::master::{Master, StartError};

use super::pac::overlay;
use super::serve;
use crate::args::MasterArgs;
use crate::error::{CommandError, Kind};
use crate::output;

pub(super) fn run(args: MasterArgs) -> Result<ExitCode, CommandError> {
    let check = args.check;
    let config = configure(args).map_err(config_error)?;
    serve::runtime()?.block_on(async {
        let listen = config.listen;
        let master = Master::open(config).await.map_err(|error| start_error(&error))?;
        if check {
            output::line("settings and table are in order")?;
            return Ok(ExitCode::SUCCESS);
        }
        let shutdown = serve::shutdown_signal()?;
        serve::on_hangup(|| tracing::info!("SIGHUP: nothing to do, the table file is watched"))?;
        // Who rotates the logs of members may well signal every parray of the host.
        serve::on_user_signal(|| tracing::info!("SIGUSR1: nothing to do, there is no access log"))?;
        let listener = serve::bind(listen, "--listen").await?;
        output::line(format!("master listens on http://{}", listener.local_addr()?))?;
        master.run(listener, shutdown).await;
        Ok(ExitCode::SUCCESS)
    })
}

fn configure(args: MasterArgs) -> Result<MasterConfig, ConfigError> {
    let mut settings: file::MasterFile =
        args.config.as_deref().map(file::read).transpose()?.unwrap_or_default();
    settings.table = args.table.or(settings.table);
    settings.listen = args.listen.or(settings.listen);
    settings.token_file = args.token_file.or(settings.token_file);
    overlay(&mut settings.pac, args.pac);
    settings.try_into()
}

pub(super) fn config_error(error: ConfigError) -> CommandError {
    let kind = if matches!(error, ConfigError::Missing(_)) { Kind::Usage } else { Kind::Config };
    CommandError::new(kind, error)
}

pub(super) fn start_error(error: &StartError) -> CommandError {
    match error {
        StartError::Read { .. } => {
            CommandError::new(Kind::Io, error).hint("`parray pat init --file FILE` writes a table")
        }
        StartError::Table { path, .. } => {
            CommandError::new(Kind::Data, format!("{path} is not a valid table")).because(error)
        }
        StartError::Publish(_) | _ => {
            CommandError::new(Kind::Data, "the table gives no PAC").because(error)
        }
    }
}
