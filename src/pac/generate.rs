//! A table as PAC JavaScript.
//!
//! The scripts of `pac-templates/` follow the table's data as they stand, without comments and
//! indentation. Text from a table is inserted as JSON text only, so a name can never become code.

use std::fmt::Write as _;

use crate::route::{CarpKind, Parts, RouteKey, Router};

use super::ascii::{ascii_source, push_escaped};
use super::eval;
use super::minify::minify;
use super::options::{PacOptions, Style};

/// Why no PAC can be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The custom logic is no sequence of JavaScript statements.
    #[error("custom logic is not JavaScript that can stand in a function: {0}")]
    CustomLogic(String),
    /// The script cannot be written in fewer bytes.
    #[error("script cannot be minified: {0}")]
    Minify(String),
}

const KEY: &str = include_str!("../../pac-templates/key.js");
const UTF8: &str = include_str!("../../pac-templates/utf8.js");
const HRW: &str = include_str!("../../pac-templates/hrw.js");
const CARP: &str = include_str!("../../pac-templates/carp.js");
const CARP10: &str = include_str!("../../pac-templates/carp10.js");
const CARP11: &str = include_str!("../../pac-templates/carp11.js");
const SQUID32: &str = include_str!("../../pac-templates/squid32.js");
const FIND: &str = include_str!("../../pac-templates/find.js");

/// What stands before the data of a PAC for people.
const EXPLANATION: &str = "//
// Each URL belongs to one member of the array: the one with the best score, a hash of the URL's
// key, the member and its load factor. FindProxyForURL returns the members by their scores, best
// first, so that a browser goes on to the next one when a member cannot be reached. Members
// compute the same scores: a request that comes to another member is passed on to the owner.
//
// A row for each member: what a browser is given, then the load factor, or a multiplier that is
// made of it, then the hash of its name, as one number or two.
";

/// What the PAC of this router must return for a URL: the members in rank order, then the default
/// route; `DIRECT` where that leaves nothing.
///
/// When the array is off the members are left out.
pub fn answer(router: &Router, options: &PacOptions, url: &str) -> String {
    answer_for(router, options, &router.key(url))
}

fn answer_for(router: &Router, options: &PacOptions, key: &RouteKey<'_>) -> String {
    let mut list = Vec::new();
    if router.table().header().array_enabled {
        let ranking = router.ranking(key);
        let most = options.failover.unwrap_or(usize::MAX);
        list.extend(ranking.iter().take(most).map(|ranked| proxy(ranked.member, options)));
    }
    list.extend(options.default_route.as_slice().iter().map(ToString::to_string));
    if list.is_empty() { "DIRECT".to_owned() } else { list.join("; ") }
}

fn proxy(member: &pat::Member, options: &PacOptions) -> String {
    format!("{} {}", options.scheme, member.authority(options.address))
}

/// Writes the PAC: ES3, ASCII, no DNS, the same ranking as the router's.
///
/// # Errors
/// Custom logic that does not parse as statements of a function.
pub fn generate(router: &Router, options: &PacOptions) -> Result<String, GenerateError> {
    if let Some(logic) = &options.custom_logic {
        check_custom_logic(logic)?;
    }
    let header = router.table().header();
    let mut pac = String::with_capacity(8 * 1024);
    // Writing to a String cannot fail.
    let mut head = String::new();
    writeln!(
        head,
        "// parray PAC of array {}, ConfigID {}, hash {}, key {}",
        json(header.array_name.as_str()),
        header.config_id,
        header.hash,
        header.hash_key
    )
    .ok();
    let selection = if write_selection(&mut pac, router, options) {
        "return parrayRoute(url);".to_owned()
    } else {
        let default = answer_for(
            router,
            &PacOptions { failover: Some(0), ..options.clone() },
            &router.key(""),
        );
        format!("return {};", json(&default))
    };
    pac.push_str("function FindProxyForURL(url, host) {\n");
    if let Some(logic) = &options.custom_logic {
        pac.push_str(&ascii_source(logic));
        pac.push('\n');
    }
    pac.push_str(&selection);
    pac.push_str("\n}\n");
    if options.style == Style::Minified {
        pac = minify(&pac).map_err(GenerateError::Minify)?;
    }
    Ok(head + &pac)
}

/// Data and functions of the selection; false if there is nothing to select from.
fn write_selection(pac: &mut String, router: &Router, options: &PacOptions) -> bool {
    let header = router.table().header();
    let (members, on, scripts): (Vec<String>, usize, Vec<&str>) = match router.parts() {
        Parts::Hrw(entries) => {
            let even =
                entries.iter().all(|entry| Some(entry.load) == entries.first().map(|e| e.load));
            let row = |e: &crate::route::HrwEntry<'_>| {
                let load = if even { 1 } else { e.load };
                let [high, low] = halves(e.hash);
                format!("{},{load},{high},{low}", json(&proxy(e.member, options)))
            };
            (entries.iter().map(row).collect(), entries.len(), vec![HRW])
        }
        Parts::Carp(kind, entries) => {
            let on = entries.iter().filter(|entry| entry.on).count();
            // In Squid's order an off member is hashed, too; without a proxy it is never among the best.
            let listed = entries.iter().filter(|entry| entry.on || kind == CarpKind::Squid32);
            let row = |e: &crate::route::CarpEntry<'_>| {
                if e.on {
                    format!(
                        "{},{},{}",
                        json(&proxy(e.member, options)),
                        number(e.multiplier),
                        e.hash.cast_signed()
                    )
                } else {
                    "\"\",0,0".to_owned()
                }
            };
            let script = match kind {
                CarpKind::V10 => CARP10,
                CarpKind::V11 => CARP11,
                CarpKind::Squid32 => SQUID32,
            };
            (listed.map(row).collect(), on, vec![CARP, script])
        }
    };
    if on == 0 || !header.array_enabled {
        return false;
    }
    let failover = options.failover.unwrap_or(on).clamp(1, on);
    if options.style == Style::Explained {
        pac.push_str(EXPLANATION);
    }
    writeln!(pac, "var parrayMembers = [\n{}\n];", members.join(",\n")).ok();
    if matches!(router.parts(), Parts::Hrw(_)) {
        writeln!(pac, "var parraySeed = [{}];", seed_words(header.hash_seed)).ok();
    }
    writeln!(pac, "var parrayKeyKind = {};", json(header.hash_key.as_str())).ok();
    writeln!(pac, "var parrayFailover = {failover};").ok();
    writeln!(pac, "var parrayDefault = {};", json(&options.default_route.to_string())).ok();
    for script in [KEY, UTF8].iter().chain(&scripts).chain([&FIND]) {
        if options.style == Style::Explained {
            pac.push_str(script);
        } else {
            push_stripped(pac, script);
        }
    }
    true
}

/// A script without its comment lines, empty lines and indentation.
fn push_stripped(pac: &mut String, script: &str) {
    let code = script
        .lines()
        .map(str::trim_start)
        .filter(|line| !line.is_empty() && !line.starts_with("//"));
    for line in code {
        pac.push_str(line);
        pac.push('\n');
    }
}

/// The shortest text that reads back as the same number, in Rust and in JavaScript.
fn number(value: f64) -> String {
    let (plain, scientific) = (value.to_string(), format!("{value:e}"));
    if scientific.len() < plain.len() { scientific } else { plain }
}

/// A string as a JavaScript literal in ASCII.
fn json(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => literal.extend(['\\', c]),
            // `<` so that the text can stand in a page, too.
            ' '..='~' if c != '<' => literal.push(c),
            _ => push_escaped(&mut literal, c),
        }
    }
    literal.push('"');
    literal
}

fn halves(hash: u64) -> [i32; 2] {
    let half = |shift: u32| u32::try_from(hash >> shift & 0xffff_ffff).unwrap_or_default();
    [32, 0].map(|shift| half(shift).cast_signed())
}

/// k0 high, k0 low, k1 high, k1 low.
fn seed_words(seed: pat::HashSeed) -> String {
    let bits = u128::from_le_bytes(seed.0).to_le_bytes();
    let word = |at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(bits.get(at..at + 4).unwrap_or(&[0; 4]));
        i32::from_le_bytes(bytes)
    };
    format!("{},{},{},{}", word(4), word(0), word(12), word(8))
}

/// Whether a text can stand in a function's body, and only there: it must not end the function.
///
/// # Errors
/// What the parser says.
pub fn check_custom_logic(logic: &str) -> Result<(), GenerateError> {
    eval::check_function_body(&ascii_source(logic)).map_err(GenerateError::CustomLogic)
}
