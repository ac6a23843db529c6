//! The caged side: reads a job, runs it, tells what each call came to.

use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::environment::Host;
use super::quickjs::Quickjs;
use super::{Engine, EvalError, Job, Limits, Outcome, Pac, STACK, boa, on_large_stack};

/// A job and its limits.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) job: Job,
    pub(super) time: Duration,
    pub(super) memory: u64,
}

/// Does the job that stands in `input`, and writes a line of JSON for each call into `output`.
///
/// # Errors
/// An input that is no job, or an output that is gone. What is wrong with the script stands in the output.
pub fn work(mut input: impl Read, output: &mut (impl Write + Send)) -> Result<(), EvalError> {
    let broken = |why: String| EvalError::Broken(why);
    let mut text = Vec::new();
    input.read_to_end(&mut text).map_err(|error| broken(error.to_string()))?;
    let order: Order = serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
    drop(text);
    on_large_stack(|| {
        let Order { job, time, memory } = order;
        let limits = Limits { time, memory };
        bound(memory)?;
        let host = Rc::new(Host::new(job.environment.clone()));
        let mut tell = |answer: Result<String, EvalError>| {
            let outcome = Outcome { answer, notes: host.take_notes() };
            let line =
                serde_json::to_string(&outcome).map_err(|error| broken(error.to_string()))?;
            let written = writeln!(output, "{line}").and_then(|()| output.flush());
            written.map_err(|error| broken(error.to_string()))
        };
        let loaded = match job.engine {
            Engine::Quickjs => Quickjs::new(&host, time, memory)
                .and_then(|engine| Pac::load(Box::new(engine), &host, &job.script, limits)),
            Engine::Boa => boa::Boa::new(&host)
                .and_then(|engine| Pac::load(Box::new(engine), &host, &job.script, limits)),
        };
        let mut pac = match loaded {
            Ok(pac) => pac,
            Err(error) => return tell(Err(error)),
        };
        job.calls.iter().try_for_each(|call| tell(pac.call(call)))
    })
}

/// What this program needs by itself.
const OWN: u64 = 64 << 20;

/// Bounds the memory of this process, and its life: a built-in of an interpreter cannot be stopped otherwise.
fn bound(memory: u64) -> Result<(), EvalError> {
    let stack = u64::try_from(STACK).unwrap_or(u64::MAX);
    let most = Some(memory.saturating_add(stack).saturating_add(OWN));
    let broken = |error: rustix::io::Errno| EvalError::Broken(error.to_string());
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
