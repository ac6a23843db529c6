//! Proof that a PAC equals the router: every shape of URL, and as many more as one likes.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::cage::Cage;
use super::draw::Draw;
use super::eval::{Call, Engine, Environment, EvalError, Job, Profile};
use super::generate::{answer, generate};
use super::options::{PacOptions, Style};
use super::verify::{Mismatch, sample_urls, shape_urls};
use crate::route::Router;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// What runs the PAC.
    pub engine: Engine,
    /// URLs that are drawn, beside those of every shape.
    pub urls: u64,
    /// The same number draws the same URLs.
    pub seed: u64,
}

/// What was proven: whoever asks the same question gets the same certificate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Certificate {
    /// The version of this program.
    pub parray: &'static str,
    /// SHA-256 of the table's text.
    pub table: String,
    /// The table's `ConfigID`.
    pub config_id: u32,
    /// SHA-256 of the PAC's text.
    pub pac: String,
    /// SHA-256 of the custom logic, which was left out of what was run.
    pub custom_logic: Option<String>,
    /// Whether the PAC is, byte by byte, what is generated from the table; then its data are proven, too.
    pub generated: bool,
    /// What ran it.
    pub engine: String,
    /// URLs of every shape.
    pub shapes: u64,
    /// URLs that were drawn.
    pub drawn: u64,
    /// What they were drawn with.
    pub seed: u64,
    /// SHA-256 of all URLs, a line each, in order.
    pub corpus: String,
    /// For each member that is on, how many of the URLs it owns.
    pub owned: Vec<(String, u64)>,
    /// URLs on which PAC and router differ.
    pub differ: u64,
    /// The share of URLs, drawn in this way, that may differ with a probability of 5 % at most, if none of
    /// these does; none if none was drawn.
    pub bound: Option<f64>,
}

/// What a PAC shall be equal to.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'c> {
    /// The PAC, as bytes.
    pub pac: &'c [u8],
    /// The router.
    pub router: &'c Router,
    /// What the PAC was, or would be, generated with.
    pub options: &'c PacOptions,
}

/// What came out: a certificate, and the first mismatches.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// What was proven.
    pub certificate: Certificate,
    /// At most ten of the URLs on which they differ.
    pub mismatches: Vec<Mismatch>,
}

/// What a script is told that the time is: 2026-01-01T00:00Z, a Thursday.
const NOW: i64 = 1_767_225_600_000;

/// URLs that one process is asked for.
const CHUNK: u16 = 4096;

/// Mismatches that are kept.
const MOST_MISMATCHES: usize = 10;

/// Asks a PAC and the router for the same URLs, on all cores. `progress` is told how many were compared.
///
/// # Errors
/// A PAC that cannot be run. One that differs is no error.
pub fn prove(
    claim: Claim<'_>,
    question: Question,
    cage: &Cage,
    progress: impl Fn(u64) + Sync,
) -> Result<Proof, EvalError> {
    let Claim { pac, router, options } = claim;
    let generated = is_generated(claim);
    // Custom logic may answer as it likes; what is proven is the selection behind it.
    let plain = PacOptions { custom_logic: None, ..options.clone() };
    let without_logic = match &options.custom_logic {
        Some(_) if generated => generate(router, &plain).ok(),
        _ => None,
    };
    let subject = Claim { pac: without_logic.as_deref().map_or(pac, str::as_bytes), ..claim };
    let shapes = shape_urls();
    let shape_count = u64::try_from(shapes.len()).unwrap_or(u64::MAX);
    let found = Mutex::new(Found::default());
    let done = AtomicU64::new(0);
    let (chunks, waiting) = mpsc::sync_channel::<(u64, Vec<String>)>(4);
    // The workers own it: when none is left, sending fails.
    let waiting = Arc::new(Mutex::new(waiting));
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let (corpus, outcome) = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..workers)
            .map(|_| {
                let waiting = Arc::clone(&waiting);
                let (found, done, progress) = (&found, &done, &progress);
                scope.spawn(move || {
                    loop {
                        // The lock is held while one waits, and the others wait for the lock.
                        let next = waiting.lock().ok().and_then(|waiting| waiting.recv().ok());
                        let Some((first, urls)) = next else { return Ok(()) };
                        let part = examine(subject, question.engine, cage, &urls)?;
                        let count = u64::try_from(urls.len()).unwrap_or(u64::MAX);
                        if let Ok(mut found) = found.lock() {
                            found.add(first, part);
                        }
                        progress(done.fetch_add(count, Ordering::Relaxed) + count);
                    }
                })
            })
            .collect();
        drop(waiting);
        let mut corpus = Sha256::new();
        let mut first = 0;
        let mut send = |urls: Vec<String>| {
            for url in &urls {
                corpus.update(url);
                corpus.update("\n");
            }
            let next = first + u64::try_from(urls.len()).unwrap_or(0);
            let at = std::mem::replace(&mut first, next);
            let taken = chunks.send((at, urls)).is_ok();
            if taken { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let chunk = u64::from(CHUNK);
        // A seed for each chunk, as those of neighbours would draw nearly the same.
        let mut seeds = Draw(question.seed);
        let drawn = (0..question.urls.div_ceil(chunk)).map(|number| {
            let count = chunk.min(question.urls - number * chunk);
            sample_urls(usize::try_from(count).unwrap_or(0), seeds.next())
        });
        let all = shapes.chunks(CHUNK.into()).map(<[String]>::to_vec).chain(drawn);
        // If it is broken off, the workers know why.
        all.map(&mut send).take_while(ControlFlow::is_continue).for_each(drop);
        drop(chunks);
        let mut outcome = Ok(());
        for handle in handles {
            let ended = handle
                .join()
                .unwrap_or_else(|_| Err(EvalError::Broken("a thread panicked".to_owned())));
            outcome = outcome.and(ended);
        }
        (hex(corpus), outcome)
    });
    outcome?;
    let found = found.into_inner().unwrap_or_default();
    let members = router.table().members().iter().filter(|member| member.status == pat::Status::On);
    let owned = members
        .map(|member| {
            let name = member.name.as_str();
            (name.to_owned(), found.owned.get(name).copied().unwrap_or(0))
        })
        .collect();
    let certificate = Certificate {
        parray: env!("CARGO_PKG_VERSION"),
        table: sha256(router.table().print(pat::Dialect::Draft).as_bytes()),
        config_id: router.table().header().config_id.0,
        pac: sha256(pac),
        custom_logic: without_logic
            .as_ref()
            .and(options.custom_logic.as_ref())
            .map(|it| sha256(it.as_bytes())),
        generated,
        engine: question.engine.to_string(),
        shapes: shape_count,
        drawn: question.urls,
        seed: question.seed,
        corpus,
        owned,
        differ: found.differ,
        bound: (question.urls > 0).then(|| bound(question.urls)),
    };
    Ok(Proof { certificate, mismatches: found.mismatches.into_iter().map(|(_, it)| it).collect() })
}

/// Whether a PAC is what is generated from a table, in any style.
fn is_generated(Claim { pac, router, options }: Claim<'_>) -> bool {
    [Style::Plain, Style::Minified, Style::Explained].into_iter().any(|style| {
        generate(router, &PacOptions { style, ..options.clone() })
            .is_ok_and(|own| own.as_bytes() == pac)
    })
}

/// The share that may be wrong though `count` trials are right: (1 - share) to the power of count is 5 %.
fn bound(count: u64) -> f64 {
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "counts of URLs are far below 2^53"
    )]
    let count = count.max(1) as f64;
    -(0.05_f64.ln() / count).exp_m1()
}

/// What was found in some of the URLs.
#[derive(Default)]
struct Found {
    differ: u64,
    /// With their places in the corpus, in order.
    mismatches: Vec<(u64, Mismatch)>,
    owned: HashMap<String, u64>,
}

impl Found {
    fn add(&mut self, first: u64, part: Self) {
        self.differ += part.differ;
        self.mismatches.extend(part.mismatches.into_iter().map(|(at, it)| (first + at, it)));
        // The same are kept, whichever process is faster.
        self.mismatches.sort_by_key(|(at, _)| *at);
        self.mismatches.truncate(MOST_MISMATCHES);
        for (name, count) in part.owned {
            *self.owned.entry(name).or_default() += count;
        }
    }
}

/// Compares some URLs.
fn examine(
    Claim { pac, router, options }: Claim<'_>,
    engine: Engine,
    cage: &Cage,
    urls: &[String],
) -> Result<Found, EvalError> {
    let mut found = Found::default();
    let job = Job {
        script: Profile::Chrome.decode(pac),
        engine,
        environment: Environment {
            now: Some(NOW),
            zone: Some("UTC".to_owned()),
            ..Environment::default()
        },
        calls: urls.iter().map(|url| Call::of(url)).collect(),
        coverage: false,
    };
    let mut rest = urls.iter().zip(0_u64..);
    let mut failed = None;
    cage.run(job, |outcome| {
        let Some((url, at)) = rest.next() else { return ControlFlow::Break(()) };
        let said = match outcome.answer {
            Ok(said) => said,
            // What the script itself does wrong for a URL is a difference; what stops it is the end.
            Err(error) if error.is_the_scripts() && !error.is_of_loading() => error.to_string(),
            Err(error) => {
                failed = Some(error);
                return ControlFlow::Break(());
            }
        };
        let key = router.key(url);
        if let Some(owner) = router.ranking(&key).first() {
            *found.owned.entry(owner.member.name.as_str().to_owned()).or_default() += 1;
        }
        let router_says = answer(router, options, url);
        let same = said == router_says || {
            // Every client has to read both alike, and to leave nothing out.
            let alike = |profile: Profile| {
                let reading = profile.read(&said);
                reading.dropped.is_empty() && reading == profile.read(&router_says)
            };
            Profile::ALL.into_iter().all(alike)
        };
        if !same {
            found.differ += 1;
            let mismatch = Mismatch { url: url.clone(), pac: said, router: router_says };
            if found.mismatches.len() < MOST_MISMATCHES {
                found.mismatches.push((at, mismatch));
            }
        }
        ControlFlow::Continue(())
    })?;
    failed.map_or(Ok(found), Err)
}

fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::new_with_prefix(bytes))
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").ok(); // to a String it cannot fail
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_the_rule_of_three() {
        assert!((bound(1_000_000) - 2.9957e-6).abs() < 1e-9);
        assert!((bound(1) - 0.95).abs() < 1e-9);
    }
}
