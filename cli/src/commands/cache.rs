//! `parray cache`: asks members, one or all of a table, side by side.

use std::process::ExitCode;

use hyper::Method;
use serde_json::{Value, json};

use super::FOUND;
use crate::args::{CacheCommand, PlaceArgs, SubjectArgs};
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::{Api, json as document, load_table};

/// What one member said.
struct Said {
    member: String,
    answer: Result<Value, CommandError>,
}

pub(super) fn run(command: &CacheCommand) -> Result<ExitCode, CommandError> {
    match command {
        CacheCommand::Stats(place) => {
            let said = ask(place, &Method::GET, "/api/v1/cache", None)?;
            show(place, &said, &["memory", "disk", "hits", "misses", "stored", "bans"], statistics)
        }
        CacheCommand::Get { url, place } => {
            let said =
                ask(place, &Method::POST, "/api/v1/cache/look", Some(&json!({ "url": url })))?;
            let found =
                |said: &Said| said.answer.as_ref().is_ok_and(|found| !rows(found).is_empty());
            let any = said.iter().any(found);
            let code =
                show(place, &said, &["stored", "bytes", "place", "age", "fresh for"], variants)?;
            Ok(if any || code != ExitCode::SUCCESS { code } else { ExitCode::from(FOUND) })
        }
        CacheCommand::Purge { subject, place } => purge(place, &subject_of(subject)),
        CacheCommand::Ban { regex, place } => purge(place, &json!({ "regex": regex })),
    }
}

fn subject_of(subject: &SubjectArgs) -> Value {
    match subject {
        SubjectArgs { url: Some(url), .. } => json!({ "url": url }),
        SubjectArgs { prefix: Some(prefix), .. } => json!({ "prefix": prefix }),
        SubjectArgs { host: Some(host), .. } => json!({ "host": host }),
        SubjectArgs { .. } => json!({ "all": true }),
    }
}

fn purge(place: &PlaceArgs, subject: &Value) -> Result<ExitCode, CommandError> {
    let said = ask(place, &Method::POST, "/api/v1/cache/purge", Some(subject))?;
    show(place, &said, &["result"], |answer| {
        let purged = answer.get("purged").and_then(Value::as_bool) == Some(true);
        vec![vec![if purged { "purged" } else { "was not there" }.to_owned()]]
    })
}

/// Asks all members at once; a member that fails does not keep the others from being asked.
fn ask(
    place: &PlaceArgs,
    method: &Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Vec<Said>, CommandError> {
    let members = members(place)?;
    let token = place.token_file.as_deref();
    #[expect(clippy::needless_collect, reason = "all are asked before the first is waited for")]
    std::thread::scope(|scope| {
        let asking: Vec<_> = members
            .into_iter()
            .map(|(member, url)| {
                let body = body.cloned();
                let asked = scope.spawn(move || {
                    Ok(document(&Api::new(&url, token)?.send(method.clone(), path, body)?))
                });
                (member, asked)
            })
            .collect();
        let said = asking.into_iter().map(|(member, asked)| {
            let gone = || Err(CommandError::new(Kind::Unavailable, "asking the member failed"));
            Said { member, answer: asked.join().unwrap_or_else(|_panicked| gone()) }
        });
        Ok(said.collect())
    })
}

/// Names and URLs of the members to ask.
fn members(place: &PlaceArgs) -> Result<Vec<(String, String)>, CommandError> {
    let Some(table) = &place.table else {
        return Ok(place.member.iter().map(|url| (url.clone(), url.clone())).collect());
    };
    let table = load_table(table)?;
    let row = |member: &pat::Member| {
        (member.name.to_string(), format!("http://{}", member.authority(place.address)))
    };
    Ok(table.members().iter().map(row).collect())
}

fn show(
    place: &PlaceArgs,
    said: &[Said],
    columns: &[&str],
    cells: impl Fn(&Value) -> Vec<Vec<String>>,
) -> Result<ExitCode, CommandError> {
    let mut failed = None;
    let mut table = output::table(["member"]);
    table.set_header(std::iter::once(&"member").chain(columns));
    for Said { member, answer } in said {
        match answer {
            Ok(answer) if place.json => {
                output::json(&json!({ "member": member, "answer": answer }))?;
            }
            Ok(answer) => {
                for row in cells(answer) {
                    table.add_row(std::iter::once(member.clone()).chain(row));
                }
            }
            Err(error) => {
                failed = failed.or(Some(error.kind));
                if place.json {
                    output::json(&json!({ "member": member, "error": error.text() }))?;
                } else {
                    table.add_row([member.clone(), error.text()]);
                }
            }
        }
    }
    if !place.json {
        output::show(&table)?;
    }
    match failed {
        Some(kind) => Err(CommandError::new(kind, "not every member did it")),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn statistics(answer: &Value) -> Vec<Vec<String>> {
    let number = |path: &str| answer.pointer(path).and_then(Value::as_u64);
    let store = |path: &str| match (
        number(&format!("{path}/bytes")),
        number(&format!("{path}/capacity")),
        number(&format!("{path}/urls")),
    ) {
        (Some(used), Some(capacity), Some(urls)) => {
            format!("{} of {}, {urls} URLs", size(used), size(capacity))
        }
        _ => "none".to_owned(),
    };
    let count = |path: &str| number(path).unwrap_or_default().to_string();
    let state =
        answer.pointer("/disk/state").and_then(Value::as_str).filter(|state| *state != "ok");
    let disk = state.map_or_else(|| store("/disk"), |state| format!("{state}; {}", store("/disk")));
    vec![vec![
        store("/memory"),
        disk,
        count("/requests/hits"),
        count("/requests/misses"),
        count("/requests/stored"),
        count("/bans"),
    ]]
}

fn rows(answer: &Value) -> &[Value] {
    answer.get("stored").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn variants(answer: &Value) -> Vec<Vec<String>> {
    let text = |row: &Value, key: &str| match row.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => String::new(),
    };
    let span = |row: &Value, key: &str| format!("{} s", text(row, key));
    let stored = rows(answer).iter();
    let rows: Vec<Vec<String>> = stored
        .map(|row| {
            vec![
                text(row, "status") + &selected_by(row),
                text(row, "bytes") + &part(row),
                text(row, "place"),
                span(row, "age"),
                span(row, "fresh_for"),
            ]
        })
        .collect();
    if rows.is_empty() { vec![vec!["nothing".to_owned()]] } else { rows }
}

/// What requests get this variant.
fn selected_by(row: &Value) -> String {
    let fields = row.get("vary").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let field = |field: &Value| {
        let text = |at: usize| field.get(at).and_then(Value::as_str);
        format!("{}: {}", text(0).unwrap_or_default(), text(1).unwrap_or("(none)"))
    };
    let all: Vec<String> = fields.iter().map(field).collect();
    if all.is_empty() { String::new() } else { format!(" for {}", all.join("; ")) }
}

/// Where a part begins.
fn part(row: &Value) -> String {
    let begins = row.pointer("/part/0").and_then(Value::as_u64);
    begins.map(|begins| format!(" from {begins} on")).unwrap_or_default()
}

/// A size for people.
fn size(bytes: u64) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"];
    let mut left = bytes;
    for unit in units {
        if left < 10_240 || unit == "TB" {
            return format!("{left} {unit}");
        }
        left /= 1024;
    }
    bytes.to_string()
}
