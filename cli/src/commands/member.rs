//! `parray member`.

use std::process::ExitCode;

use parray::config::{ConfigError, MemberConfig, TableSource, file};
use parray::member::{Member, Unusable, preflight};

use super::FOUND;
use super::master::config_error;
use super::pac::overlay;
use super::serve;
use crate::args::MemberArgs;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::load_table;

pub(super) fn run(args: MemberArgs) -> Result<ExitCode, CommandError> {
    let check = args.check;
    let config = configure(args).map_err(config_error)?;
    if check {
        preflight(&config).map_err(unusable)?;
        if let TableSource::File(path) = &config.source {
            let table = load_table(&path.display().to_string())?;
            if table.member(&config.name).is_none() {
                output::line(format!(
                    "{} is not in {}: it would own no URL",
                    config.name,
                    path.display()
                ))?;
                return Ok(ExitCode::from(FOUND));
            }
        }
        output::line("settings are in order")?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = &config.state {
        std::fs::create_dir_all(folder).map_err(|error| {
            CommandError::new(Kind::Io, format!("{}: {error}", folder.display()))
        })?;
    }
    serve::runtime()?.block_on(async {
        let shutdown = serve::shutdown_signal()?;
        let listener = serve::bind(config.listen, "--listen").await?;
        let listens = format!("member {} listens on {}", config.name, listener.local_addr()?);
        let member = Member::new(config, shutdown);
        let (polled, logging) = (member.clone(), member.clone());
        serve::on_hangup(move || {
            polled.poll_now();
            polled.reload_certificate();
        })?;
        serve::on_user_signal(move || logging.reopen_logs())?;
        // Who reads this may send signals.
        output::line(listens)?;
        Box::pin(member.run(listener)).await;
        Ok(ExitCode::SUCCESS)
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unusable(why: Unusable) -> CommandError {
    CommandError::new(Kind::Io, why.to_string())
}

fn configure(args: MemberArgs) -> Result<MemberConfig, ConfigError> {
    let mut settings: file::MemberFile =
        args.config.as_deref().map(file::read).transpose()?.unwrap_or_default();
    settings.name = args.name.or(settings.name);
    settings.listen = args.listen.or(settings.listen);
    // A source on the command line replaces the file's, of whichever kind that is.
    if args.master.is_some() || args.table.is_some() {
        (settings.master, settings.table) = (args.master, args.table);
    }
    settings.state = args.state.or(settings.state);
    overlay(&mut settings.pac, args.pac);
    settings.try_into()
}
