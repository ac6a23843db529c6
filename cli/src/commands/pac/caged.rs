//! Runs PACs in the cage, with the world that the flags tell of.

use std::io::BufReader;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use parray::pac::Asked;
use parray::pac::cage::{self, Cage};
use parray::pac::check::{Finding, Source};
use parray::pac::eval::{Call, Engine, Environment, Job, Limits, Names, Outcome, Profile, Zone};

use crate::args::{DnsArg, EnvironmentArgs, LimitArgs};
use crate::error::{CommandError, Kind};
use crate::remote::{read, read_text};

/// The command that the cage starts.
const WORKER: &str = "pac-worker";

/// Bytes that an interpreter needs for itself.
const LEAST: u64 = 1 << 20;

/// The caged side.
pub(in crate::commands) fn work() -> Result<ExitCode, CommandError> {
    let done = cage::work(BufReader::new(std::io::stdin()), &mut std::io::stdout());
    done.map_err(|error| CommandError::new(Kind::Data, error))?;
    Ok(ExitCode::SUCCESS)
}

/// What a PAC sees of the world.
pub(super) fn environment(args: &EnvironmentArgs) -> Result<Environment, CommandError> {
    let usage = |error: &dyn std::fmt::Display| CommandError::new(Kind::Usage, error);
    let zone = Zone::of(args.tz.as_deref()).map_err(|error| usage(&error))?;
    let now = args.now.as_ref().map(|now| now.in_zone(&zone)).transpose();
    let mut names = Names::default();
    if let Some(path) = &args.dns_file {
        read_hosts(path, &mut names)?;
    }
    for dns in &args.dns {
        match dns {
            DnsArg::System => names.system = true,
            DnsArg::Names(rows) => names.table.extend(rows.iter().cloned()),
        }
    }
    Ok(Environment {
        profile: args.profile,
        my_ip: args.my_ip.clone(),
        names,
        now: now.map_err(|error| usage(&error))?,
        zone: args.tz.clone(),
    })
}

/// Lines of an address and its names, as in hosts(5).
fn read_hosts(path: &Path, names: &mut Names) -> Result<(), CommandError> {
    for (number, line) in read_text(path)?.lines().enumerate() {
        let mut words = line.split('#').next().unwrap_or_default().split_ascii_whitespace();
        let Some(address) = words.next() else { continue };
        let address: IpAddr = address.parse().map_err(|_no_ip| {
            let place = format!("{}:{}", path.display(), number + 1);
            CommandError::new(
                Kind::Data,
                format!("{place}: address must come first, found {address:?}"),
            )
        })?;
        for name in words {
            names.table.entry(name.to_ascii_lowercase()).or_default().push(address);
        }
    }
    Ok(())
}

/// Reads a PAC as its client would.
pub(super) fn script(path: &Path, environment: &Environment) -> Result<String, CommandError> {
    Ok(environment.profile.decode(&read(path)?))
}

pub(super) fn cage(args: &LimitArgs) -> Result<Cage, CommandError> {
    if args.memory.0 < LEAST {
        return Err(CommandError::new(Kind::Usage, "--memory must be at least 1MB"));
    }
    let limits = Limits { time: args.timeout.0, memory: args.memory.0 };
    Ok(Cage::new(std::env::current_exe()?, vec![WORKER.to_owned()], limits))
}

/// What is wrong or unwise in a PAC.
pub(super) fn check(source: Source, args: &LimitArgs) -> Result<Vec<Finding>, CommandError> {
    let failed = |error| CommandError::new(Kind::Data, "the PAC cannot be checked").because(error);
    cage(args)?.check(source).map_err(failed)
}

/// What a client passes for a URL; with a host of one's own, a URL that no client knows passes as it stands.
pub(super) fn call(url: &str, host: Option<&str>, profile: Profile) -> Result<Call, CommandError> {
    match (profile.call(url), host) {
        (Ok(call), None) => Ok(call),
        (Ok(call), Some(host)) => Ok(Call { host: host.to_owned(), ..call }),
        (Err(_), Some(host)) => Ok(Call { url: url.to_owned(), host: host.to_owned() }),
        (Err(error), None) => Err(CommandError::new(Kind::Data, error)),
    }
}

/// URLs made of what stands in a script.
pub(super) fn literals(script: &str, args: &LimitArgs) -> Result<Vec<Asked>, CommandError> {
    let failed =
        |error| CommandError::new(Kind::Data, "no URLs can be made of the PAC").because(error);
    let urls = cage(args)?.literals(script.to_owned()).map_err(failed)?;
    Ok(urls.into_iter().map(|url| Asked { url, requests: 1, bytes: 0 }).collect())
}

/// A script with what it is asked.
pub(super) fn job(
    script: String,
    environment: Environment,
    engine: Engine,
    calls: Vec<Call>,
) -> Job {
    Job { script, engine, environment, calls, coverage: false }
}

/// Does a job, and tells what each call came to, in order.
pub(super) fn run(
    job: Job,
    args: &LimitArgs,
    tell: impl FnMut(Outcome) -> ControlFlow<()>,
) -> Result<(), CommandError> {
    cage(args)?.run(job, tell).map_err(|error| CommandError::new(Kind::Io, error))
}
