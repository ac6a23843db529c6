//! The same edit of a table file or of a running master.

use hyper::Method;
use parray::files::replace;
use pat::{Edit, HeaderPatch, MemberName, MemberPatch, MemberRow, Table};
use serde_json::{Value, json};

use crate::args::EditArgs;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::{Api, json as document, read_table, stale};

/// One edit, as both ways take it.
pub(super) enum Request {
    Add(Box<MemberRow>),
    Remove(MemberName),
    SetMember(MemberName, MemberPatch),
    SetHeader(HeaderPatch),
}

impl Request {
    fn edits(&self) -> Vec<Edit> {
        match self {
            Self::Add(row) => vec![Edit::Add(Box::new((**row).clone().into()))],
            Self::Remove(name) => vec![Edit::Remove(name.clone())],
            Self::SetMember(name, patch) => patch.edits(name),
            Self::SetHeader(patch) => patch.edits(),
        }
    }

    /// Whether it asks for nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.edits().is_empty()
    }

    fn call(&self) -> (Method, String, Option<Value>) {
        let member = |name: &MemberName| {
            format!("/api/v1/members/{}", name.as_str().replace('[', "%5B").replace(']', "%5D"))
        };
        match self {
            Self::Add(row) => (Method::POST, "/api/v1/members".to_owned(), Some(json!(row))),
            Self::Remove(name) => (Method::DELETE, member(name), None),
            Self::SetMember(name, patch) => (Method::PATCH, member(name), Some(json!(patch))),
            Self::SetHeader(patch) => {
                (Method::PATCH, "/api/v1/table".to_owned(), Some(json!(patch)))
            }
        }
    }
}

/// Carries the requests out: on a file all or none, at a master one after the other.
pub(super) fn carry_out(args: &EditArgs, requests: &[Request]) -> Result<(), CommandError> {
    match (&args.target.file, &args.target.master) {
        (Some(path), _) => {
            let before = read_table(path)?;
            check_id(args, &before)?;
            let edits: Vec<Edit> = requests.iter().flat_map(Request::edits).collect();
            let after = before.apply(&edits).map_err(|error| {
                CommandError::new(Kind::Data, format!("{} is left as it was", path.display()))
                    .because(error)
            })?;
            let changed = !after.same_content(&before);
            let after = if changed {
                after.with_config_id(before.header().config_id.next())
            } else {
                before.clone()
            };
            if changed {
                // Somebody else, or a master, may have written meanwhile.
                if read_table(path)? != before {
                    let message =
                        format!("{} was changed by somebody else just now", path.display());
                    return Err(CommandError::new(Kind::Temporary, message));
                }
                replace(path, after.print(pat::Dialect::Draft).as_bytes()).map_err(|error| {
                    CommandError::new(Kind::Io, format!("{}: {error}", path.display()))
                })?;
            }
            let lines = pat::diff(&before, &after).iter().map(ToString::to_string).collect();
            tell(args, after.header().config_id.0, changed, lines)
        }
        (None, Some(master)) => at_master(args, master, requests),
        (None, None) => Err(CommandError::new(Kind::Usage, "give --file or --master")),
    }
}

fn at_master(args: &EditArgs, master: &str, requests: &[Request]) -> Result<(), CommandError> {
    let mut api = Api::new(master, args.token_file.as_deref())?;
    if let Some(id) = args.if_config_id {
        api.only_if_config_id(id)?;
    }
    let (mut id, mut changed) = (0, false);
    for (i, request) in requests.iter().enumerate() {
        let (method, path, body) = request.call();
        let answer = api.send(method, &path, body).map_err(|error| match i {
            0 => error,
            done => error.hint(format!("the {done} edits before this one are published")),
        })?;
        let answer = document(&answer);
        id = answer
            .get("config_id")
            .and_then(Value::as_u64)
            .and_then(|id| u32::try_from(id).ok())
            .unwrap_or(0);
        changed |= answer.get("changed").and_then(Value::as_bool).unwrap_or(false);
        if let (true, Some(_)) = (changed, args.if_config_id) {
            // The next edit follows on our own.
            api.only_if_config_id(id)?;
        }
    }
    tell(args, id, changed, Vec::new())
}

fn check_id(args: &EditArgs, table: &Table) -> Result<(), CommandError> {
    let id = table.header().config_id.0;
    match args.if_config_id {
        Some(wanted) if wanted != id => Err(stale(wanted, &id.to_string())),
        _ => Ok(()),
    }
}

fn tell(
    args: &EditArgs,
    config_id: u32,
    changed: bool,
    lines: Vec<String>,
) -> Result<(), CommandError> {
    if args.json {
        return output::json(&json!({ "config_id": config_id, "changed": changed }));
    }
    for line in lines {
        output::line(line)?;
    }
    let what = if changed { "table is now" } else { "nothing to change, table is still" };
    output::line(format!("{what} ConfigID {config_id}"))
}
