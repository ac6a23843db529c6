//! `parray pat`.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::ExitCode;

use parray::files::replace;
use pat::{Dialect, Header, Member, MemberName, MemberPatch, MemberRow, Severity, Status, Table};
use serde_json::json;

use super::FOUND;
use super::edit::{Request, carry_out};
use crate::args::{
    EditArgs, InitArgs, PatCommand, SetHeaderArgs, SetMemberArgs, ShowFormat, Switch, TableArgs,
};
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::{fetch_page, load_table, read, read_table, read_text};

pub(super) fn run(command: PatCommand) -> Result<ExitCode, CommandError> {
    match command {
        PatCommand::Init(args) => init(args)?,
        PatCommand::Show { target, format, json } => {
            show(&target, if json { ShowFormat::Json } else { format })?;
        }
        PatCommand::Check { files, json } => return check(&files, json),
        PatCommand::Add { edit, member, ip, load_factor, cache_size, table_url, agent, off } => {
            let (name, port) = name_and_port(&member)?;
            let fresh = Member::new(name, port);
            let member = Member {
                ip,
                load_factor,
                cache_size,
                table_url: table_url.unwrap_or_else(|| fresh.table_url.clone()),
                agent: agent.unwrap_or_else(|| fresh.agent.clone()),
                status: if off { Status::Off } else { Status::On },
                ..fresh
            };
            carry_out(&edit, &[Request::Add(Box::new(MemberRow::from(member)))])?;
        }
        PatCommand::Remove { edit, names } => {
            carry_out(&edit, &names.into_iter().map(Request::Remove).collect::<Vec<_>>())?;
        }
        PatCommand::Set { edit, name, member, header } => set(&edit, name, member, header)?,
        PatCommand::On { edit, names } => turn(&edit, names, Status::On)?,
        PatCommand::Off { edit, names } => turn(&edit, names, Status::Off)?,
        PatCommand::Diff { old, new, json } => return diff(&old, &new, json),
        PatCommand::Fetch { url, output } => fetch(&url, output)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn init(args: InitArgs) -> Result<(), CommandError> {
    let shown = args.file.display().to_string();
    if args.file.exists() {
        return Err(CommandError::new(Kind::Io, format!("{shown} is there already"))
            .hint("`parray pat add` and `set` edit it"));
    }
    let members = match &args.csv {
        Some(path) => pat::read_csv(&read_text(path)?).map_err(|error| {
            CommandError::new(Kind::Data, format!("{} is no list of members", path.display()))
                .because(error)
        })?,
        None => Vec::new(),
    };
    let mut header = Header::new(args.array_name);
    header.array_enabled = !members.is_empty();
    header.hash = args.hash;
    header.hash_key = args.hash_key;
    let count = members.len();
    let table = Table::new(header, members)
        .map_err(|error| CommandError::new(Kind::Data, "no table").because(error))?;
    replace(&args.file, table.print(Dialect::Draft).as_bytes())
        .map_err(|error| CommandError::new(Kind::Io, format!("{shown}: {error}")))?;
    output::line(format!("{shown} written, {count} members"))?;
    if count == 0 {
        output::line(format!("next: parray pat add --file {shown} NAME:PORT"))?;
    }
    Ok(())
}

fn name_and_port(text: &str) -> Result<(MemberName, NonZeroU16), CommandError> {
    let wrong = |why: String| {
        CommandError::new(Kind::Usage, format!("member must be NAME:PORT, found {text:?}"))
            .because(why)
    };
    let (name, port) = text.rsplit_once(':').ok_or_else(|| wrong("there is no port".to_owned()))?;
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    let name = bare.parse().map_err(|error: pat::ValueError| wrong(error.to_string()))?;
    let port = port
        .parse()
        .map_err(|_no_port| wrong(format!("port must be 1 to 65535, found {port:?}")))?;
    Ok((name, port))
}

fn target_table(target: &TableArgs) -> Result<Table, CommandError> {
    match (&target.file, &target.master) {
        (Some(path), _) => read_table(path),
        (None, Some(url)) => load_table(url),
        (None, None) => Err(CommandError::new(Kind::Usage, "give --file or --master")),
    }
}

fn show(target: &TableArgs, format: ShowFormat) -> Result<(), CommandError> {
    let table = target_table(target)?;
    let header = table.header();
    match format {
        ShowFormat::Draft => return output::text(table.print(Dialect::Draft)),
        ShowFormat::Sun => return output::text(table.print(Dialect::Sun)),
        ShowFormat::Json => return output::json(&table),
        ShowFormat::Csv => return output::text(pat::write_csv(table.members())),
        ShowFormat::Text => {}
    }
    let enabled = if header.array_enabled { "on" } else { "off" };
    output::line(format!(
        "{}: array {enabled}, ConfigID {}, polled every {} min, hash {} of {}",
        header.array_name,
        header.config_id,
        header.list_ttl.minutes(),
        header.hash,
        header.hash_key
    ))?;
    let on = |member: &&Member| member.status == Status::On;
    let total: f64 =
        table.members().iter().filter(on).map(|m| f64::from(m.load_factor.value())).sum();
    let mut rows =
        output::table(["member", "port", "ip", "status", "load factor", "share", "cache MB"]);
    for member in table.members() {
        let share = f64::from(member.load_factor.value()) / total * 100.0;
        rows.add_row([
            member.name.to_string(),
            member.port.to_string(),
            member.ip.map_or_else(String::new, |ip| ip.to_string()),
            member.status.to_string(),
            member.load_factor.to_string(),
            if on(&member) { format!("{share:.1} %") } else { String::new() },
            member.cache_size.to_string(),
        ]);
    }
    output::show(&rows)
}

fn check(files: &[PathBuf], as_json: bool) -> Result<ExitCode, CommandError> {
    let (mut found, mut invalid) = (false, false);
    for path in files {
        let report = pat::check(&read(path)?);
        let name = path.display();
        for finding in &report.findings {
            found = true;
            invalid |= finding.severity == Severity::Error;
            let (line, column, severity) = (finding.line, finding.column, finding.severity);
            if as_json {
                output::json(&json!({
                    "file": name.to_string(), "line": line, "column": column,
                    "severity": severity.to_string(), "message": finding.message,
                }))?;
            } else {
                output::line(format!("{name}:{line}:{column}: {severity}: {}", finding.message))?;
            }
        }
        if let (Some(table), false) = (&report.table, as_json) {
            let members = table.members().len();
            output::line(format!(
                "{name}: valid, {members} members, ConfigID {}",
                table.header().config_id
            ))?;
        }
    }
    Ok(match (invalid, found) {
        (true, _) => ExitCode::from(65),
        (false, true) => ExitCode::from(FOUND),
        (false, false) => ExitCode::SUCCESS,
    })
}

fn set(
    edit: &EditArgs,
    name: Option<MemberName>,
    member: SetMemberArgs,
    header: SetHeaderArgs,
) -> Result<(), CommandError> {
    let request = if let Some(name) = name {
        let SetMemberArgs { ip, port, load_factor, cache_size, table_url, agent } = member;
        let patch =
            MemberPatch { ip, port, table_url, agent, load_factor, cache_size, status: None };
        Request::SetMember(name, patch)
    } else {
        let SetHeaderArgs { array_enabled, array_name, list_ttl, hash, hash_key, hash_seed } =
            header;
        Request::SetHeader(pat::HeaderPatch {
            array_enabled: array_enabled.map(|switch| switch == Switch::On),
            array_name,
            list_ttl_minutes: list_ttl,
            hash,
            hash_key,
            hash_seed,
        })
    };
    if request.is_empty() {
        return Err(CommandError::new(
            Kind::Usage,
            "there is nothing to set: give at least one value",
        ));
    }
    carry_out(edit, &[request])
}

fn turn(edit: &EditArgs, names: Vec<MemberName>, status: Status) -> Result<(), CommandError> {
    let patch = MemberPatch { status: Some(status), ..MemberPatch::default() };
    let requests: Vec<Request> =
        names.into_iter().map(|name| Request::SetMember(name, patch.clone())).collect();
    carry_out(edit, &requests)
}

fn diff(old: &str, new: &str, as_json: bool) -> Result<ExitCode, CommandError> {
    let changes = pat::diff(&load_table(old)?, &load_table(new)?);
    for change in &changes {
        if as_json {
            output::json(change)?;
        } else {
            output::line(change.to_string())?;
        }
    }
    Ok(if changes.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn fetch(url: &str, file: Option<PathBuf>) -> Result<(), CommandError> {
    let answer = fetch_page(url, "/pat")?;
    // What is no table is not written over one that is.
    Table::parse(&answer.body).map_err(|errors| {
        CommandError::new(Kind::Data, format!("{url} gives no valid table"))
            .because(errors.in_file(url))
    })?;
    match file {
        Some(path) => replace(&path, &answer.body)
            .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", path.display()))),
        None => output::text(String::from_utf8_lossy(&answer.body)),
    }
}
