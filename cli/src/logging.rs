//! Logs go to stderr; levels by `--log` or `PARRAY_LOG`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::args::{GlobalArgs, LogFormat};
use crate::error::{CommandError, Kind};

/// Starts logging.
///
/// # Errors
/// A filter that cannot be read.
pub(crate) fn start(args: &GlobalArgs) -> Result<(), CommandError> {
    // h2 warns of each client that misbehaves: who floods a member should not flood its log.
    let filter = EnvFilter::try_new(format!("h2=error,{}", args.log)).map_err(|error| {
        CommandError::new(Kind::Usage, format!("--log {:?}", args.log)).because(error)
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_timer(SystemTime)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    match args.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
