//! The caged side: reads what it is asked for, does it, and writes lines of JSON.

use std::io::{BufRead, Write};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

use super::Order;
use crate::pac::check;
use crate::pac::coverage::instrument;
use crate::pac::eval::{self, EvalError, STACK, on_large_stack};
use crate::pac::script::{SyntaxError, with_script};
use crate::pac::urls::literals;

/// Does what stands in `input`, and writes a line for each call, or one.
///
/// # Errors
/// An input that asks for nothing, or an output that is gone. What is wrong with the script stands in the output.
pub fn work(
    mut input: impl BufRead + Send,
    output: &mut (impl Write + Send),
) -> Result<(), EvalError> {
    let mut text = Vec::new();
    input.read_until(b'\n', &mut text).map_err(|error| super::broken(&error))?;
    let order: Order = serde_json::from_slice(&text).map_err(|error| super::broken(&error))?;
    drop(text);
    on_large_stack(|| match order {
        Order::Run(job, limits) => {
            bound(limits.memory)?;
            let calls = input.lines().map(|line| {
                let line = line.map_err(|error| super::broken(&error))?;
                serde_json::from_str(&line).map_err(|error| super::broken(&error))
            });
            eval::run(&job, limits, calls, |outcome| line(output, &outcome))
        }
        Order::Check(source, limits) => {
            bound(limits.memory)?;
            let findings = check::check(&source, |script| eval::load(script, limits));
            line(output, &Ok::<_, EvalError>(findings))
        }
        Order::Instrument(script, limits) => {
            bound(limits.memory)?;
            line(output, &with_script(&script, instrument).map_err(|error| load(&error)))
        }
        Order::Literals(script, limits) => {
            bound(limits.memory)?;
            line(output, &with_script(&script, literals).map_err(|error| load(&error)))
        }
    })
}

fn load(error: &SyntaxError) -> EvalError {
    EvalError::Load(error.message.clone())
}

fn line(output: &mut impl Write, told: &impl Serialize) -> Result<(), EvalError> {
    let line = serde_json::to_string(told).map_err(|error| super::broken(&error))?;
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    written.map_err(|error| super::broken(&error))
}

/// What this program needs by itself.
const OWN: u64 = 64 << 20;

/// Bounds the memory of this process, and its life: a built-in of an interpreter cannot be stopped otherwise.
fn bound(memory: u64) -> Result<(), EvalError> {
    let stack = u64::try_from(STACK).unwrap_or(u64::MAX);
    let most = Some(memory.saturating_add(stack).saturating_add(OWN));
    let broken = |error: rustix::io::Errno| super::broken(&error);
    // What this process was given already may be less.
    let given = getrlimit(Resource::Data).maximum;
    let most = most.into_iter().chain(given).min();
    let limit = Rlimit { current: most, maximum: most };
    // Nobody would stop it if its parent were killed.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))
        .map_err(broken)?;
    setrlimit(Resource::Data, limit).map_err(broken)
}
