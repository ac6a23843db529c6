//! `parray pac simulate`.

use std::process::ExitCode;
use std::sync::Arc;

use parray::files::replace;
use parray::pac::simulate::{Curve, Scenario, Share, right, simulate, svg};
use parray::route::Router;
use serde_json::json;

use crate::args::SimulateArgs;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::load_table;

pub(super) fn run(args: &SimulateArgs) -> Result<ExitCode, CommandError> {
    let before = Router::new(Arc::new(load_table(&args.table)?));
    let after = match &args.becomes {
        Some(table) => Router::new(Arc::new(load_table(table)?)),
        None => Router::new(Arc::clone(before.table())),
    };
    let seconds = args.time.0.as_secs();
    let wrong = |what: &str| CommandError::new(Kind::Usage, what);
    if !(60..=90 * 24 * 3600).contains(&seconds) {
        return Err(wrong("--time must be from 1m to 90d"));
    }
    if args.every.0.as_secs() == 0 || args.restart.0.as_secs() == 0 {
        return Err(wrong("--every and --restart must be 1s or more"));
    }
    let off = |name: &&pat::MemberName| {
        let tables = [before.table(), after.table()];
        let mut members = tables.iter().flat_map(|table| table.members());
        !members.any(|member| member.name == **name && member.status == pat::Status::On)
    };
    if let Some(name) = args.down.iter().find(off) {
        return Err(wrong(&format!("--down names a member of the table that is on, found {name}")));
    }
    let until = args.back.map_or(u64::MAX, |back| back.0.as_secs());
    let scenario = Scenario {
        before: &before,
        after: &after,
        down: args.down.iter().map(|name| (name.as_str().to_owned(), 0, until)).collect(),
        seconds,
        clients: args.clients.into(),
        every: args.every.0.as_secs(),
        restart: args.restart.0.as_secs(),
        direct: !args.no_direct,
        failover: args.failover.map_or(usize::MAX, std::num::NonZero::get),
        https: args.https.into(),
        seed: args.seed,
    };
    let curves = simulate(&scenario);
    if let Some(path) = &args.svg {
        let title = title(args);
        replace(path, svg(&title, seconds, &curves).as_bytes())
            .map_err(|error| CommandError::new(Kind::Io, format!("{}: {error}", path.display())))?;
    }
    if args.json {
        for curve in &curves {
            output::json(&json!({
                "client": curve.kind.name(),
                "sum": Share::sum(&curve.shares),
                "shares": curve.shares,
                "seconds": seconds,
            }))?;
        }
    } else {
        output::line(format!("{}, {} clients of each kind", title(args), scenario.clients))?;
        output::line("")?;
        show(&curves)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn title(args: &SimulateArgs) -> String {
    let down: Vec<&str> = args.down.iter().map(pat::MemberName::as_str).collect();
    match (down.as_slice(), &args.becomes) {
        ([], None) => format!("{}: nothing happens", args.table),
        ([], Some(table)) => format!("{} becomes {table}", args.table),
        (down, None) => format!("{}: {} dies", args.table, down.join(" and ")),
        (down, Some(table)) => {
            format!("{} becomes {table}, and {} dies", args.table, down.join(" and "))
        }
    }
}

/// A row of bars for each kind of client, and what it came to.
fn show(curves: &[Curve]) -> Result<(), CommandError> {
    output::line(
        "share of requests at the right member, over time: \u{2581} little, \u{2588} all",
    )?;
    for curve in curves {
        let bars: String = curve.shares.iter().map(bar).collect();
        output::line(format!("{:>8} {bars}", curve.kind.name()))?;
    }
    output::line("")?;
    let mut table = output::table([
        "client",
        "requests",
        "right member",
        "another",
        "direct",
        "failed",
        "held up",
    ]);
    for curve in curves {
        let Share { requests, right, other, direct, failed, held_up } = Share::sum(&curve.shares);
        let share = |part: u64| {
            let thousandths = part * 100_000 / requests.max(1);
            format!("{}.{:03} %", thousandths / 1000, thousandths % 1000)
        };
        table.add_row([
            curve.kind.name().to_owned(),
            requests.to_string(),
            share(right),
            share(other),
            share(direct),
            share(failed),
            share(held_up),
        ]);
    }
    output::show(&table)
}

fn bar(share: &Share) -> char {
    const BARS: [char; 8] = [
        '\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}',
        '\u{2588}',
    ];
    let Some(right) = right(share) else { return ' ' };
    // All is a full bar, and nothing less is.
    let step = (0..7).take_while(|step| right >= f64::from(step + 1) / 8.0).count();
    if right >= 1.0 { BARS[7] } else { BARS.get(step.min(6)).copied().unwrap_or(' ') }
}
