//! `parray up`: a whole array in one process, on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use etcetera::{BaseStrategy, choose_base_strategy};
use parray::config::{MasterConfig, MemberConfig, file};
use parray::files::replace;
use parray::master::Master;
use parray::member::Member;
use parray::pac::PacOptions;
use pat::{AddressBy, Dialect, Edit, Header, MemberField, Table};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::master::{config_error, start_error};
use super::serve;
use crate::args::UpArgs;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::read_table;

/// How many members a new array has.
const MEMBERS: u16 = 3;

pub(super) fn run(args: &UpArgs) -> Result<ExitCode, CommandError> {
    let folder = folder(args)?;
    std::fs::create_dir_all(&folder)
        .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", folder.display())))?;
    let path = folder.join("parray.pat");
    let table = prepare(&path, args)?;
    serve::runtime()?.block_on(start(&folder, path, &table, args))
}

fn folder(args: &UpArgs) -> Result<PathBuf, CommandError> {
    if let Some(folder) = &args.dir {
        return Ok(folder.clone());
    }
    let places = choose_base_strategy().map_err(|error| {
        CommandError::new(Kind::Io, "there is no home folder").because(error).hint("give --dir")
    })?;
    let state = places.state_dir().unwrap_or_else(|| places.data_dir());
    Ok(state.join("parray"))
}

/// The table of the folder, with its local members at the ports asked for; a new one if there is none.
fn prepare(path: &Path, args: &UpArgs) -> Result<Table, CommandError> {
    let before = if path.exists() { Some(read_table(path)?) } else { None };
    let table = match before.clone() {
        Some(table) => table,
        None => new_table(args.member_port)?,
    };
    let moved: Vec<Edit> = local_members(&table)
        .zip(args.member_port.get()..)
        .filter_map(|(member, port)| {
            let port = NonZeroU16::new(port)?;
            Some(Edit::Set(member.name.clone(), MemberField::Port(port)))
        })
        .collect();
    let after = table
        .apply(&moved)
        .map_err(|error| CommandError::new(Kind::Data, "table cannot be used").because(error))?;
    let config_id = after.header().config_id;
    let (after, changed) = match before {
        Some(before) if after.same_content(&before) => (after, false),
        Some(_) => (after.with_config_id(config_id.next()), true),
        None => (after, true),
    };
    if changed {
        replace(path, after.print(Dialect::Draft).as_bytes())
            .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", path.display())))?;
    }
    Ok(after)
}

fn new_table(first: NonZeroU16) -> Result<Table, CommandError> {
    let broken = |error: pat::ValueError| CommandError::new(Kind::Data, error);
    let mut header = Header::new("local".parse().map_err(broken)?);
    header.array_enabled = true;
    let member = |i: u16| {
        let mut member =
            pat::Member::new(format!("member{}", i + 1).parse()?, first.saturating_add(i));
        member.ip = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
        Ok(member)
    };
    let members: Result<Vec<pat::Member>, pat::ValueError> = (0..MEMBERS).map(member).collect();
    Table::new(header, members.map_err(broken)?).map_err(broken)
}

fn local_members(table: &Table) -> impl Iterator<Item = &pat::Member> {
    table.members().iter().filter(|member| member.ip.is_some_and(|ip| ip.is_loopback()))
}

async fn start(
    folder: &Path,
    path: PathBuf,
    table: &Table,
    args: &UpArgs,
) -> Result<ExitCode, CommandError> {
    let shutdown = serve::shutdown_signal()?;
    serve::on_hangup(|| tracing::info!("SIGHUP: nothing to do, the table file is watched"))?;
    serve::on_user_signal(|| tracing::info!("SIGUSR1: nothing to do, there is no access log"))?;
    // Browsers here cannot resolve the members' names; their addresses need no resolving.
    let pac = PacOptions { address: AddressBy::Ip, ..PacOptions::default() };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, args.master_port.get()));
    let listener = serve::bind(listen, "--master-port").await?;
    let master = Master::open(MasterConfig { table: path.clone(), listen, token: None, pac }).await;
    let master = master.map_err(|error| start_error(&error))?;
    let mut members = Vec::new();
    for member in local_members(table) {
        let config = member_config(folder, member, args.master_port)?;
        let listener = serve::bind(config.listen, "--member-port").await?;
        members.push((config, listener));
    }
    greet(&path, args, &members)?;
    let mut planes = JoinSet::new();
    planes.spawn(master.run(listener, shutdown.clone()));
    for (config, listener) in members {
        let member = Member::new(config, shutdown.clone());
        planes.spawn(member.run(listener));
    }
    planes.join_all().await;
    output::line("drained")?;
    Ok(ExitCode::SUCCESS)
}

fn member_config(
    folder: &Path,
    member: &pat::Member,
    master: NonZeroU16,
) -> Result<MemberConfig, CommandError> {
    let state = folder.join(member.name.folded());
    std::fs::create_dir_all(&state)
        .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", state.display())))?;
    let ip = member.ip.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let settings = file::MemberFile {
        name: Some(member.name.to_string()),
        listen: Some(SocketAddr::new(ip, member.port.get())),
        master: Some(format!("http://127.0.0.1:{master}")),
        state: Some(state),
        pac: file::PacFile { address: Some("ip".to_owned()), ..file::PacFile::default() },
        // To try things out with servers on this machine.
        destinations: file::DestinationsFile {
            allow: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
            ..file::DestinationsFile::default()
        },
        ..file::MemberFile::default()
    };
    settings.try_into().map_err(config_error)
}

fn greet(
    path: &Path,
    args: &UpArgs,
    members: &[(MemberConfig, TcpListener)],
) -> Result<(), CommandError> {
    let master = format!("http://127.0.0.1:{}", args.master_port);
    let mut rows = output::table(["what", "listens on", "pages"]);
    rows.add_row([
        "master".to_owned(),
        master.clone(),
        "/pat /proxy.pac /wpad.dat /healthz /api/v1".to_owned(),
    ]);
    for (config, listener) in members {
        rows.add_row([
            config.name.to_string(),
            format!("http://{}", listener.local_addr()?),
            "/pat /proxy.pac /wpad.dat /healthz /metrics".to_owned(),
        ]);
    }
    output::show(&rows)?;
    let (first, last) = match members {
        [first, .., last] => (&first.0, &last.0),
        [only] => (&only.0, &only.0),
        [] => return output::line("the table has no member on this machine"),
    };
    output::text(format!(
        "\ntable    {}\nPAC URL  {master}/proxy.pac\n\ntry, in another terminal:\n  \
         curl -x http://{} {master}/healthz\n  \
         parray route --table {master} http://www.example.com/\n  \
         parray pat off --master {master} {}\n\nCtrl-C drains and stops\n",
        path.display(),
        first.listen,
        last.name,
    ))
}
