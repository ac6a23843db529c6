//! `parray route`.

use std::io::BufRead;
use std::process::ExitCode;
use std::sync::Arc;

use parray::route::{Ranked, Router};
use pat::{AddressBy, Edit, LoadFactor, MemberName};
use serde::Serialize;

use crate::args::RouteArgs;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::load_table;

pub(super) fn run(args: &RouteArgs) -> Result<ExitCode, CommandError> {
    let table = load_table(&args.table)?;
    let off: Vec<Edit> = args.down.iter().cloned().map(Edit::TurnOff).collect();
    let table = table
        .apply(&off)
        .map_err(|error| CommandError::new(Kind::Usage, "--down").because(error))?;
    if !table.header().array_enabled {
        tracing::warn!("ArrayEnabled is 0: members do not route by this table");
    }
    let router = Router::new(Arc::new(table));
    for url in &args.urls {
        if url == "-" {
            for line in std::io::stdin().lock().lines() {
                let line = line?;
                if !line.trim().is_empty() {
                    explain(&router, line.trim(), args)?;
                }
            }
        } else {
            explain(&router, url, args)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(router: &Router, url: &str, args: &RouteArgs) -> Result<(), CommandError> {
    let key = router.key(url);
    let ranking = router.ranking(&key);
    if args.json {
        return output::json(&Explained {
            url,
            route_key: key.as_str(),
            hash: router.hash(&key).to_string(),
            ranking: ranking.iter().map(|ranked| Row::of(ranked, args.address)).collect(),
        });
    }
    output::line(url)?;
    output::line(format!("  key {key}  hash {}", router.hash(&key)))?;
    if ranking.is_empty() {
        return output::line("  every member is off");
    }
    let mut table = output::table(["", "member", "address", "load factor", "score"]);
    for (i, ranked) in ranking.iter().enumerate() {
        let rank = if i == 0 { "owner".to_owned() } else { (i + 1).to_string() };
        table.add_row([
            rank,
            ranked.member.name.to_string(),
            ranked.member.authority(args.address),
            ranked.member.load_factor.to_string(),
            format!("{:.3}", ranked.score),
        ]);
    }
    output::show(&table)
}

/// The JSON of one URL.
#[derive(Serialize)]
struct Explained<'a> {
    url: &'a str,
    route_key: &'a str,
    hash: String,
    ranking: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a MemberName,
    authority: String,
    load_factor: LoadFactor,
    score: f64,
}

impl<'a> Row<'a> {
    fn of(ranked: &Ranked<'a>, address: AddressBy) -> Self {
        let member = ranked.member;
        Self {
            name: &member.name,
            authority: member.authority(address),
            load_factor: member.load_factor,
            score: ranked.score,
        }
    }
}
