//! `parray pac test --init`: cases of what a PAC answers today.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::process::ExitCode;

use parray::files::replace;
use parray::pac::Asked;
use parray::pac::eval::{Call, Environment, Outcome};

use super::{caged, urls};
use crate::args::TestArgs;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::read;

pub(super) fn run(args: &TestArgs) -> Result<ExitCode, CommandError> {
    let [pac] = args.pacs.as_slice() else {
        return Err(CommandError::new(Kind::Usage, "--init takes one PAC after the file of cases"));
    };
    let shown = args.file.display().to_string();
    if args.file.exists() {
        return Err(CommandError::new(Kind::Io, format!("{shown} is there already")));
    }
    let environment = caged::environment(&args.environment)?;
    if environment.names.system {
        let error = CommandError::new(Kind::Usage, "--init knows no --dns system");
        return Err(error.hint("name the addresses: cases have to come out alike everywhere"));
    }
    let script = environment.profile.decode(&read(pac)?);
    let mut asked = match urls::given(&args.urls)? {
        Some(asked) => asked,
        None => caged::literals(&script, &args.cage.limits)?,
    };
    // What is asked for most is worth most.
    asked.sort_by_key(|asked| std::cmp::Reverse(asked.requests));
    let mut calls: Vec<(Asked, Call)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for asked in asked {
        let call = caged::call(&asked.url, None, environment.profile)?;
        if calls.len() < args.most && seen.insert((call.url.clone(), call.host.clone())) {
            calls.push((asked, call));
        }
    }
    let mut text = head(pac, args, &environment);
    let mut told = calls.iter();
    let profile = environment.profile;
    let all = calls.iter().map(|(_, call)| call.clone()).collect();
    let job = caged::job(script, environment, args.cage.engine, all);
    let mut stopped = None;
    caged::run(job, &args.cage.limits, |outcome: Outcome| {
        let Some((asked, _)) = told.next() else { return ControlFlow::Break(()) };
        let expect = match &outcome.answer {
            Ok(answer) => {
                let routes = profile.read(answer).routes;
                let normal = routes.join("; ");
                // Windows does not read the name that SOCKS has in it.
                let same = profile.read(&normal).routes == routes;
                quoted(if same { &normal } else { answer })
            }
            Err(error) if error.is_the_scripts() && !error.is_of_loading() => {
                "{ fails = true }".to_owned()
            }
            // What stops a script here is no answer of it.
            Err(error) => {
                stopped = Some(error.to_string());
                return ControlFlow::Break(());
            }
        };
        write!(text, "\n[[case]]\nurl = {}\nexpect = {expect}\n", quoted(&asked.url)).ok();
        ControlFlow::Continue(())
    })?;
    if let Some(why) = stopped {
        let what = format!("{} gives no answers", pac.display());
        return Err(CommandError::new(Kind::Data, what).because(why));
    }
    replace(&args.file, text.as_bytes())
        .map_err(|error| CommandError::new(Kind::Io, format!("{shown}: {error}")))?;
    output::line(format!(
        "{shown}: {} cases of what {} answers today",
        calls.len(),
        pac.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// What holds for all cases.
fn head(pac: &std::path::Path, args: &TestArgs, environment: &Environment) -> String {
    let world = &args.environment;
    // The file names the PAC from its own folder.
    let beside = args.file.parent().and_then(|folder| pac.strip_prefix(folder).ok());
    let path = beside.map_or_else(
        || std::path::absolute(pac).unwrap_or_else(|_| pac.to_owned()),
        std::path::Path::to_owned,
    );
    let mut text = format!("pac = {}\n\n[defaults]\n", quoted(&path.display().to_string()));
    writeln!(text, "profile = {}", quoted(&world.profile.to_string())).ok();
    if !world.my_ip.is_empty() {
        let all: Vec<String> = world.my_ip.iter().map(|ip| quoted(&ip.to_string())).collect();
        writeln!(text, "my_ip = [{}]", all.join(", ")).ok();
    }
    if let Some(now) = &world.now {
        writeln!(text, "now = {}", quoted(&now.to_string())).ok();
    }
    if let Some(zone) = &world.tz {
        writeln!(text, "tz = {}", quoted(zone)).ok();
    }
    let mut names: Vec<_> = environment.names.table.iter().collect();
    names.sort();
    if !names.is_empty() {
        text.push_str("\n[defaults.dns]\n");
    }
    for (name, addresses) in names {
        let all: Vec<String> = addresses.iter().map(|ip| quoted(&ip.to_string())).collect();
        writeln!(text, "{} = [{}]", quoted(name), all.join(", ")).ok();
    }
    text
}

/// A text as TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
