//! `parray pac generate`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use parray::config::ConfigError;
use parray::config::file::PacFile;
use parray::files::replace;
use parray::pac::check::{Finding, Rule, Severity, read};
use parray::pac::{PacOptions, Style, generate, sample_urls, verify};
use parray::route::Router;

use super::caged;
use crate::args::{GenerateArgs, LimitArgs};
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::load_table;

/// URLs that a PAC is tried on before it is written.
const SAMPLE: usize = 64;

pub(super) fn run(args: GenerateArgs) -> Result<ExitCode, CommandError> {
    let path = args.pac.custom_logic.clone();
    let mut options = options(args.pac)?;
    if args.explain {
        options.style = Style::Explained;
    }
    let router = Router::new(Arc::new(load_table(&args.table)?));
    let mut pac = make(&router, &options)?;
    if let Some(budget) = args.budget {
        pac = within(budget, pac, &router, &mut options)?;
    }
    if let (Some(path), Some(logic)) = (&path, &options.custom_logic) {
        judge_logic(path, logic)?;
    }
    prove(&router, &options)?;
    match args.output {
        Some(path) => replace(&path, pac.as_bytes())
            .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", path.display())))?,
        None => output::text(pac)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Flags as options.
pub(super) fn options(args: crate::args::PacArgs) -> Result<PacOptions, CommandError> {
    let mut settings = PacFile::default();
    super::overlay(&mut settings, args);
    settings.options().map_err(|error| {
        // Each flag is named like its setting in a file.
        let kind = match error {
            ConfigError::Read { .. } => Kind::Io,
            ConfigError::Logic { .. } => Kind::Data,
            ConfigError::Parse { .. } | ConfigError::Missing(_) | ConfigError::Value { .. } | _ => {
                Kind::Usage
            }
        };
        CommandError::new(kind, error)
    })
}

fn make(router: &Router, options: &PacOptions) -> Result<String, CommandError> {
    let failed = |error| CommandError::new(Kind::Data, "no PAC can be generated").because(error);
    generate(router, options).map_err(failed)
}

/// A PAC of so many bytes at most: as it is, else minified. Fewer members in the lists would save nothing, as
/// each is the first of some.
#[expect(clippy::print_stderr, reason = "what was given up is no result")]
fn within(
    budget: u64,
    pac: String,
    router: &Router,
    options: &mut PacOptions,
) -> Result<String, CommandError> {
    let fits = |pac: &str| u64::try_from(pac.len()).is_ok_and(|length| length <= budget);
    if fits(&pac) {
        return Ok(pac);
    }
    let whole = pac.len();
    if options.style != Style::Minified {
        options.style = Style::Minified;
        let pac = make(router, options)?;
        if fits(&pac) {
            eprintln!("warning: minified, as {whole} bytes are more than {budget}");
            return Ok(pac);
        }
    }
    let least = make(router, options)?.len();
    Err(CommandError::new(Kind::Data, format!("a PAC of this table needs {least} bytes, and may have {budget}"))
        .hint("every member needs its row, as each owns URLs; fewer members, shorter names or less custom logic make it smaller"))
}

/// Custom logic is looked at as a PAC, in which it is all that there is.
#[expect(clippy::print_stderr, reason = "what is unwise is no result")]
fn judge_logic(path: &Path, logic: &str) -> Result<(), CommandError> {
    let pac = format!("function FindProxyForURL(url, host) {{\n{logic}\nreturn \"DIRECT\";\n}}\n");
    let mut findings = caged::check(read(pac.as_bytes()), &LimitArgs::default())?;
    // It is written in ASCII, whatever it is read in; and what stands around it is not its own.
    let inside = 2..2 + logic.lines().count();
    findings.retain(|it| it.rule != Rule::NonAscii && inside.contains(&it.place.line));
    let shown = |finding: &Finding| {
        // It begins on the second line.
        let (line, column) = (finding.place.line - 1, finding.place.column);
        format!("{}:{line}:{column}: {} [{}]", path.display(), finding.message, finding.rule)
    };
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Warning) {
        eprintln!("warning: {}", shown(finding));
    }
    let mut errors = findings.iter().filter(|it| it.severity == Severity::Error).peekable();
    if errors.peek().is_none() {
        return Ok(());
    }
    let error = CommandError::new(Kind::Data, "custom logic does not do what it says");
    Err(errors.fold(error, |error, finding| error.because(shown(finding))))
}

/// Nothing is written that answers otherwise than the router.
fn prove(router: &Router, options: &PacOptions) -> Result<(), CommandError> {
    let plain = PacOptions { custom_logic: None, ..options.clone() };
    let pac = make(router, &plain)?;
    let seed = u64::from(router.table().header().config_id.0);
    verify(&pac, router, &plain, &sample_urls(SAMPLE, seed)).map_err(|error| {
        CommandError::new(Kind::Data, "the PAC differs from the router; this is a fault of parray")
            .because(error)
    })
}
