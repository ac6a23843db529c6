//! `parray pac verify`.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use parray::pac::{Certificate, Claim, Proof, Question, prove};
use parray::route::Router;
use serde_json::json;
use tokio::time::Instant;

use super::{caged, generate};
use crate::args::VerifyArgs;
use crate::commands::FOUND;
use crate::error::{CommandError, Kind};
use crate::output;
use crate::remote::{load_table, read};

pub(super) fn run(args: &VerifyArgs) -> Result<ExitCode, CommandError> {
    let options = generate::options(args.pac.clone())?;
    let pac = read(&args.file)?;
    let router = Router::new(Arc::new(load_table(&args.table)?));
    let question = Question { engine: args.cage.engine, urls: args.urls, seed: args.seed };
    let cage = caged::cage(&args.cage.limits)?;
    let bar =
        bar(args.urls.saturating_add(u64::try_from(parray::pac::shape_urls().len()).unwrap_or(0)));
    let claim = Claim { pac: &pac, router: &router, options: &options };
    let started = Instant::now();
    let proof = prove(claim, question, &cage, |done| bar.set_position(done));
    bar.finish_and_clear();
    let failed = |error| {
        CommandError::new(Kind::Data, format!("{} gives no answers", args.file.display()))
            .because(error)
    };
    let Proof { certificate, mismatches } = proof.map_err(failed)?;
    if args.json {
        let mismatches: Vec<_> = mismatches
            .iter()
            .map(|it| json!({ "url": it.url, "pac": it.pac, "router": it.router }))
            .collect();
        output::json(&json!({ "certificate": certificate, "mismatches": mismatches }))?;
    } else {
        output::text(text(&certificate, started.elapsed().as_secs_f64()))?;
        for mismatch in &mismatches {
            output::line(format!(
                "differ on {}\n  PAC     {}\n  router  {}",
                output::plain(&mismatch.url),
                output::plain(&mismatch.pac),
                mismatch.router
            ))?;
        }
    }
    Ok(if certificate.differ == 0 { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

/// What is shown while one waits, on a terminal.
fn bar(all: u64) -> ProgressBar {
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new(all) } else { ProgressBar::hidden() };
    let template = "{bar:40} {human_pos} of {human_len} URLs, {per_sec}, {eta} left";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn text(certificate: &Certificate, seconds: f64) -> String {
    let Certificate {
        table,
        config_id,
        pac,
        generated,
        custom_logic,
        engine,
        shapes,
        drawn,
        seed,
        corpus,
        owned,
        differ,
        bound,
        ..
    } = certificate;
    let all = shapes + drawn;
    #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = all as f64 / seconds.max(0.001);
    let verdict = match (differ, generated, custom_logic, bound) {
        (0, true, None, _) => {
            "equal: the PAC is what is generated from this table, and answers like the router".to_owned()
        }
        (0, true, Some(_), _) => "equal but for the custom logic, which was not examined: the PAC is what is generated from \
                                  this table, and where its custom logic returns nothing it answers like the router"
            .to_owned(),
        (0, false, _, Some(bound)) => format!(
            "no difference found: with a confidence of 95 %, fewer than {bound:.1e} of such URLs differ"
        ),
        (0, false, _, None) => "no difference found".to_owned(),
        (differ, ..) => format!("DIFFERENT: {differ} of {all} URLs"),
    };
    let (least, most) = (owned.iter().min_by_key(|it| it.1), owned.iter().max_by_key(|it| it.1));
    let shares = match (least, most) {
        (Some((few, least)), Some((many, most))) => {
            format!("{} members, from {least} URLs ({few}) to {most} ({many})", owned.len())
        }
        _ => "no members".to_owned(),
    };
    format!(
        "{verdict}\n\n\
         table    sha256 {table}, ConfigID {config_id}\n\
         PAC      sha256 {pac}\n\
         corpus   sha256 {corpus}\n\
         URLs     {all}: {shapes} shapes, {drawn} drawn with seed {seed}\n\
         owners   {shares}\n\
         engine   {engine}, {rate:.0} URLs a second\n"
    )
}
