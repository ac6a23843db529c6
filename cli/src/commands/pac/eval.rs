//! `parray pac eval`.

use std::io::BufRead;
use std::ops::ControlFlow;
use std::process::ExitCode;

use parray::pac::eval::{Call, Environment, EvalError, Outcome, Reading};
use serde_json::json;

use super::caged;
use crate::args::EvalArgs;
use crate::error::{CommandError, Kind};
use crate::output;

pub(super) fn run(args: &EvalArgs) -> Result<ExitCode, CommandError> {
    let environment = caged::environment(&args.environment)?;
    let script = caged::script(&args.file, &environment)?;
    let urls = urls(&args.urls)?;
    let calls = calls(&urls, args.host.as_deref(), &environment)?;
    let mut told = urls.iter().zip(calls.clone());
    let (mut failed, mut printed, mut unasked) = (None, Ok(()), 0);
    let job = caged::job(script, environment, args.cage.engine, calls);
    caged::run(job, &args.cage.limits, |outcome| {
        let Some((url, call)) = told.next() else { return ControlFlow::Break(()) };
        printed = show(args, url, &call, &outcome);
        if printed.is_err() {
            return ControlFlow::Break(());
        }
        match outcome.answer {
            Ok(_) => {}
            Err(EvalError::NotAsked(_)) => unasked += 1,
            // The last is told at the end.
            Err(error) => {
                if let Some(earlier) = failed.replace(failure(args, error)) {
                    earlier.report();
                }
            }
        }
        ControlFlow::Continue(())
    })?;
    if unasked > 0 {
        failed = failed.map(|error| error.hint(format!("URLs that were not asked: {unasked}")));
    }
    printed?;
    failed.map_or(Ok(ExitCode::SUCCESS), Err)
}

fn failure(args: &EvalArgs, error: EvalError) -> CommandError {
    let what = format!("{} gives no answer", args.file.display());
    CommandError::new(Kind::Data, what).because(error)
}

/// The URLs that are asked for; `-` stands for those of standard input.
fn urls(given: &[String]) -> Result<Vec<String>, CommandError> {
    let mut urls = Vec::new();
    for url in given {
        if url != "-" {
            urls.push(url.clone());
            continue;
        }
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            urls.extend(Some(line.trim()).filter(|url| !url.is_empty()).map(ToOwned::to_owned));
        }
    }
    Ok(urls)
}

/// What a client passes for them.
fn calls(
    urls: &[String],
    host: Option<&str>,
    environment: &Environment,
) -> Result<Vec<Call>, CommandError> {
    urls.iter().map(|url| caged::call(url, host, environment.profile)).collect()
}

#[expect(
    clippy::print_stderr,
    reason = "what a client makes nothing of and a script says is no result"
)]
fn show(args: &EvalArgs, url: &str, call: &Call, outcome: &Outcome) -> Result<(), CommandError> {
    let profile = args.environment.profile;
    let notes = &outcome.notes;
    let reading = outcome.answer.as_ref().ok().map(|answer| profile.read(answer));
    if args.json {
        let error = outcome.answer.as_ref().err().map(ToString::to_string);
        let Reading { routes, dropped } = reading.unwrap_or_default();
        return output::json(&json!({
            "url": url,
            "profile": profile,
            "passed": call,
            "answer": outcome.answer.as_ref().ok(),
            "error": error,
            "routes": routes,
            "dropped": dropped,
            "alerts": notes.alerts,
            "lookups": notes.lookups,
        }));
    }
    if args.alerts {
        for alert in &notes.alerts {
            eprintln!("alert: {}", on_one_line(alert));
        }
    }
    for dropped in reading.iter().flat_map(|reading| &reading.dropped) {
        eprintln!("warning: {profile} makes nothing of {:?}: {}", dropped.element, dropped.why);
    }
    outcome.answer.as_ref().map_or(Ok(()), |answer| output::line(on_one_line(answer)))
}

/// A text of a script's, which shall neither command a terminal nor begin a line.
fn on_one_line(text: &str) -> String {
    let escaped = |c: char| match c {
        c if c.is_control() => c.escape_default().to_string(),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}
