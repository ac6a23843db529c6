//! `parray pac diff`.

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use parray::pac::eval::{Call, EvalError, Now};
use parray::pac::{Asked, Change, Comparison, Counts, compare};
use serde_json::json;

use super::{caged, urls};
use crate::args::DiffArgs;
use crate::commands::FOUND;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::read;

pub(super) fn run(args: &DiffArgs) -> Result<ExitCode, CommandError> {
    let profile = args.environment.profile;
    let script = |path: &Path| read(path).map(|bytes| profile.decode(&bytes));
    let (old, new) = (script(&args.old)?, script(&args.new)?);
    let (asked, from_log) = match urls::given(&args.urls)? {
        Some(asked) => (asked, true),
        None => (of_both(&old, &new, args)?, false),
    };
    let calls: Vec<Call> = asked
        .iter()
        .map(|asked| caged::call(&asked.url, None, profile))
        .collect::<Result<_, _>>()?;
    let mut args = args.clone();
    // Both at the same time.
    args.environment.now.get_or_insert_with(Now::of_this_machine);
    let old = answers(old, &calls, &args, &args.old)?;
    let new = answers(new, &calls, &args, &args.new)?;
    let comparison = compare(&asked, &old, &new);
    if args.json {
        for change in &comparison.changes {
            output::json(change)?;
        }
        output::json(
            &json!({ "all": comparison.all, "changed": comparison.changed, "profile": profile }),
        )?;
    } else {
        show(&comparison, from_log)?;
    }
    Ok(if comparison.changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// URLs made of what stands in either.
fn of_both(old: &str, new: &str, args: &DiffArgs) -> Result<Vec<Asked>, CommandError> {
    let mut all = caged::literals(old, &args.cage.limits)?;
    all.extend(caged::literals(new, &args.cage.limits)?);
    all.sort_by(|one, other| one.url.cmp(&other.url));
    all.dedup();
    Ok(all)
}

/// What the client tries for each of the calls; what the script fails with is an answer, too.
fn answers(
    script: String,
    calls: &[Call],
    args: &DiffArgs,
    path: &Path,
) -> Result<Vec<String>, CommandError> {
    let environment = caged::environment(&args.environment)?;
    let profile = environment.profile;
    let (mut all, mut stopped) = (Vec::new(), None);
    let job = caged::job(script, environment, args.cage.engine, calls.to_vec());
    caged::run(job, &args.cage.limits, |outcome| {
        all.push(match outcome.answer {
            Ok(answer) => profile.read(&answer).routes.join("; "),
            Err(EvalError::Thrown { message, .. }) => {
                // Where it was thrown is no part of what a client sees.
                let message = message.lines().next().unwrap_or_default();
                format!("failure: {}", message.split(" (").next().unwrap_or_default())
            }
            Err(EvalError::NotAString { found, .. }) => format!("failure: {found} is no string"),
            Err(EvalError::NotAscii { .. }) => "failure: not ASCII".to_owned(),
            Err(EvalError::TooLong { .. }) => "failure: too long".to_owned(),
            Err(error) => {
                stopped = Some(error.to_string());
                return ControlFlow::Break(());
            }
        });
        ControlFlow::Continue(())
    })?;
    match stopped {
        Some(why) => {
            Err(CommandError::new(Kind::Data, format!("{} gives no answers", path.display()))
                .because(why))
        }
        None => Ok(all),
    }
}

fn show(comparison: &Comparison, from_log: bool) -> Result<(), CommandError> {
    let Comparison { all, changed, changes } = comparison;
    let share = |part: u64, whole: u64, what: &str| {
        // Exact to a tenth of a percent, whatever the numbers.
        let tenths = u128::from(part) * 1000 / u128::from(whole.max(1));
        format!("{part} of {whole} {what} ({}.{} %)", tenths / 10, tenths % 10)
    };
    let mut parts =
        vec![share(changed.urls, all.urls, "URLs"), share(changed.hosts, all.hosts, "hosts")];
    if all.requests > all.urls {
        parts.push(share(changed.requests, all.requests, "requests"));
    }
    if all.bytes > 0 {
        parts.push(share(changed.bytes, all.bytes, "bytes"));
    }
    output::line(format!("another answer for {}", parts.join(", ")))?;
    if !from_log {
        output::line(
            "the URLs are made of what stands in both files; --urls takes a list or an access log",
        )?;
    }
    if changes.is_empty() {
        return Ok(());
    }
    output::line("")?;
    let mut table = output::table(["old", "new", "URLs", "hosts", "requests", "for example"]);
    for Change { old, new, counts, example } in changes {
        let Counts { urls, hosts, requests, .. } = counts;
        table.add_row([
            output::plain(old),
            output::plain(new),
            urls.to_string(),
            hosts.to_string(),
            requests.to_string(),
            output::plain(example),
        ]);
    }
    output::show(&table)
}
