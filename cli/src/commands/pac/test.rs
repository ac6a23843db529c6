//! `parray pac test`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use parray::files::replace;
use parray::pac::cases::{Case, Suite};
use parray::pac::eval::{Call, Environment, EvalError, Job, Outcome};
use parray::pac::{Instrumented, PointKind};
use serde_json::json;
use tokio::time::Instant;

use super::{caged, init, junit};
use crate::args::TestArgs;
use crate::commands::FOUND;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::{read, read_text};

/// One case as one client.
pub(super) struct Trial<'s> {
    pub(super) case: &'s Case,
    pub(super) environment: Environment,
    call: Call,
    /// What was found, where it is not what was expected.
    pub(super) found: Option<Result<(), String>>,
    reached: Vec<usize>,
}

/// The trials of one PAC.
pub(super) struct Session<'s> {
    pub(super) pac: String,
    pub(super) trials: Vec<Trial<'s>>,
    pub(super) seconds: f64,
    coverage: Option<Instrumented>,
}

pub(super) fn run(args: &TestArgs) -> Result<ExitCode, CommandError> {
    if args.init {
        return init::run(args);
    }
    if args.urls.urls.is_some() {
        return Err(CommandError::new(Kind::Usage, "--urls is for --init: cases have their own"));
    }
    let shown = args.file.display();
    let suite = Suite::read(&read_text(&args.file)?).map_err(|error| {
        CommandError::new(Kind::Data, format!("{shown} is no file of cases")).because(error)
    })?;
    if suite.cases.is_empty() {
        let error = CommandError::new(Kind::Data, format!("{shown} has no cases"));
        return Err(error.hint("a case begins with [[case]], and has url and expect"));
    }
    let folder = args.file.parent().unwrap_or_else(|| Path::new(""));
    let pacs: Vec<PathBuf> = match args.pacs.as_slice() {
        [] => suite.pac.0.iter().map(|path| folder.join(path)).collect(),
        given => given.to_vec(),
    };
    if pacs.is_empty() {
        let error = CommandError::new(Kind::Usage, "no PAC is named");
        return Err(
            error.hint(format!("name one after {shown}, or write pac = \"proxy.pac\" into it"))
        );
    }
    let mut sessions = Vec::new();
    for pac in &pacs {
        sessions.push(session(pac, &suite, args)?);
    }
    // Before anything is printed, as nobody may read that.
    if let Some(path) = &args.junit {
        replace(path, junit::report(&args.file, &sessions)?.as_bytes())
            .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", path.display())))?;
    }
    let printed = sessions.iter().try_for_each(|session| {
        if args.json { print_json(session) } else { output::styled(report(session)) }
    });
    let failed = sessions.iter().flat_map(|session| &session.trials).any(|trial| !passed(trial));
    if failed {
        return Ok(ExitCode::from(FOUND));
    }
    printed.map(|()| ExitCode::SUCCESS)
}

fn passed(trial: &Trial<'_>) -> bool {
    matches!(trial.found, Some(Ok(())))
}

fn session<'s>(pac: &Path, suite: &'s Suite, args: &TestArgs) -> Result<Session<'s>, CommandError> {
    let bytes = read(pac)?;
    let started = Instant::now();
    let mut trials = Vec::new();
    for case in &suite.cases {
        let wrong = |error: &dyn std::fmt::Display| CommandError::new(Kind::Data, error);
        for environment in case.environments(&suite.defaults).map_err(|error| wrong(&error))? {
            let call = caged::call(&case.url, case.host.as_deref(), environment.profile)?;
            trials.push(Trial { case, environment, call, found: None, reached: Vec::new() });
        }
    }
    // Clients that see the same world share a process.
    let mut worlds: Vec<Environment> = Vec::new();
    for trial in &trials {
        if !worlds.contains(&trial.environment) {
            worlds.push(trial.environment.clone());
        }
    }
    let mut coverage = None;
    for world in worlds {
        let mut script = world.profile.decode(&bytes);
        if args.coverage {
            let instrumented = caged::cage(&args.cage.limits)?.instrument(script.clone());
            match instrumented {
                Ok(instrumented) => {
                    script.clone_from(&instrumented.text);
                    coverage = Some(instrumented);
                }
                // The trials tell of it.
                Err(EvalError::Load(_)) => {}
                Err(error) => {
                    let what = format!("{}: no coverage can be told", pac.display());
                    return Err(CommandError::new(Kind::Data, what).because(error));
                }
            }
        }
        let mine = |trial: &&mut Trial<'_>| trial.environment == world;
        let calls: Vec<Call> =
            trials.iter_mut().filter(mine).map(|trial| trial.call.clone()).collect();
        let mut waiting = trials.iter_mut().filter(mine);
        let mut unloaded: Option<EvalError> = None;
        let tell = |outcome: Outcome| {
            let Some(trial) = waiting.next() else { return ControlFlow::Break(()) };
            let answer = match outcome.answer {
                // Who was not asked, as the script does not load, gets the same.
                Err(EvalError::NotAsked(_)) if unloaded.is_some() => {
                    unloaded.clone().map_or(Ok(String::new()), Err)
                }
                answer => answer,
            };
            unloaded = answer
                .as_ref()
                .err()
                .filter(|error| error.is_of_loading())
                .cloned()
                .or_else(|| unloaded.take());
            trial.found = Some(trial.case.expect.judge(&answer, world.profile));
            trial.reached = outcome.notes.reached;
            ControlFlow::Continue(())
        };
        let job = caged::job(script, world.clone(), args.cage.engine, calls);
        caged::run(Job { coverage: coverage.is_some(), ..job }, &args.cage.limits, tell)?;
    }
    let seconds = started.elapsed().as_secs_f64();
    Ok(Session { pac: pac.display().to_string(), trials, seconds, coverage })
}

/// How a trial is named.
pub(super) fn title(trial: &Trial<'_>) -> String {
    format!("{} ({})", trial.case.title(), trial.environment.profile)
}

/// A session for people.
fn report(session: &Session<'_>) -> String {
    use std::fmt::Write as _;
    let good = anstyle::AnsiColor::Green.on_default();
    let bad = anstyle::AnsiColor::Red.on_default().bold();
    let mut out = format!("{}\n", session.pac);
    for trial in &session.trials {
        let title = title(trial);
        match &trial.found {
            Some(Ok(())) => writeln!(out, "  {good}pass{good:#}  {title}").ok(),
            found => {
                let found = found.as_ref().and_then(|found| found.as_ref().err());
                writeln!(
                    out,
                    "  {bad}FAIL{bad:#}  {title}\n        url       {}\n        expected  {}\n        found     {}",
                    trial.case.url,
                    trial.case.expect,
                    found.map_or("nothing", String::as_str).replace('\n', "\n                  ")
                )
                .ok()
            }
        };
    }
    let failed = session.trials.iter().filter(|trial| !passed(trial)).count();
    let passed = session.trials.len() - failed;
    writeln!(out, "{passed} passed, {failed} failed, in {:.2} s", session.seconds).ok();
    if let Some(coverage) = covered(session) {
        let Coverage { statements, outcomes, never } = coverage;
        writeln!(
            out,
            "reached: {} of {} statements, {} of {} outcomes of tests",
            statements.0, statements.1, outcomes.0, outcomes.1
        )
        .ok();
        for (what, line, column, text) in never {
            writeln!(out, "  {}:{line}:{column}: {what}: {text}", session.pac).ok();
        }
    }
    out
}

struct Coverage {
    statements: (usize, usize),
    outcomes: (usize, usize),
    /// What, line, column, text.
    never: Vec<(&'static str, usize, usize, String)>,
}

fn covered(session: &Session<'_>) -> Option<Coverage> {
    let points = &session.coverage.as_ref()?.points;
    let mut reached = vec![false; points.len()];
    for number in session.trials.iter().flat_map(|trial| &trial.reached) {
        if let Some(point) = reached.get_mut(*number) {
            *point = true;
        }
    }
    let mut coverage = Coverage { statements: (0, 0), outcomes: (0, 0), never: Vec::new() };
    for (point, reached) in points.iter().zip(reached) {
        let (count, what) = match point.kind {
            PointKind::Statement => (&mut coverage.statements, "never reached"),
            PointKind::True => (&mut coverage.outcomes, "never true"),
            PointKind::False => (&mut coverage.outcomes, "never false"),
        };
        count.1 += 1;
        if reached {
            count.0 += 1;
        } else {
            let place = point.place;
            coverage.never.push((what, place.line, place.column, point.text.clone()));
        }
    }
    coverage.never.sort_by_key(|(_, line, column, _)| (*line, *column));
    Some(coverage)
}

fn print_json(session: &Session<'_>) -> Result<(), CommandError> {
    for trial in &session.trials {
        let found = trial.found.as_ref().and_then(|found| found.as_ref().err());
        output::json(&json!({
            "pac": session.pac,
            "name": trial.case.title(),
            "url": trial.case.url,
            "profile": trial.environment.profile,
            "passed": passed(trial),
            "expected": trial.case.expect.to_string(),
            "found": found,
        }))?;
    }
    let Some(Coverage { statements, outcomes, never }) = covered(session) else { return Ok(()) };
    let never: Vec<_> = never
        .into_iter()
        .map(|(what, line, column, text)| json!({ "what": what, "line": line, "column": column, "text": text }))
        .collect();
    output::json(&json!({
        "pac": session.pac,
        "statements": { "reached": statements.0, "all": statements.1 },
        "outcomes": { "reached": outcomes.0, "all": outcomes.1 },
        "never": never,
    }))
}
