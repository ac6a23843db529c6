//! Runs a PAC as a client would: [`evaluate`] a script of one's own; [`Cage`](super::cage::Cage) runs one of
//! anybody's.
//!
//! Two interpreters stand behind one trait: Boa, and QuickJS, which is several times faster, has no
//! quadratic built-ins and can be stopped from inside. What clients give a PAC is the JavaScript of
//! `pac-templates/helpers*.js`, and native functions that ask an [`Environment`] and no network.

mod boa;
mod clock;
mod environment;
mod profile;
mod quickjs;
mod reading;

use std::fmt;
use std::rc::Rc;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use clock::{ClockError, Now, Zone};
pub use environment::{Environment, Names, Notes};
pub use profile::{Profile, ProfileError, UrlError};
pub use reading::{Dropped, Reading};

use super::coverage;
use environment::{Host, Value};
use quickjs::Quickjs;

const HELPERS: &str = include_str!("../../../pac-templates/helpers.js");
const HELPERS_EX: &str = include_str!("../../../pac-templates/helpers_ex.js");
const HELPERS_FIREFOX: &str = include_str!("../../../pac-templates/helpers_firefox.js");
const CLOCK: &str = include_str!("../../../pac-templates/clock.js");

/// Stack of the thread that evaluates; address space, not memory. Boa's parser recurses.
pub(super) const STACK: usize = 256 << 20;

/// Why a PAC gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum EvalError {
    /// The script does not parse, or fails while it is loaded.
    #[error("script does not load: {0}")]
    Load(String),
    /// There is no function `FindProxyForURL`.
    #[error("script must define the function FindProxyForURL, found none")]
    NoEntryPoint,
    /// `FindProxyForURL` threw.
    #[error("FindProxyForURL({url:?}) failed: {message}")]
    Thrown {
        /// Its first argument.
        url: String,
        /// What was thrown.
        message: String,
    },
    /// `FindProxyForURL` returned something else than a string.
    #[error("FindProxyForURL({url:?}) must return a string, found {found}")]
    NotAString {
        /// Its first argument.
        url: String,
        /// What was returned.
        found: String,
    },
    /// `FindProxyForURL` returned what this client takes for a failure of the script.
    #[error("FindProxyForURL({url:?}) must return ASCII in Chrome, found {found:?}")]
    NotAscii {
        /// Its first argument.
        url: String,
        /// What was returned.
        found: String,
    },
    /// `FindProxyForURL` returned more than anybody can use.
    #[error("FindProxyForURL({url:?}) must return at most 64 KB, found {bytes} bytes")]
    TooLong {
        /// Its first argument.
        url: String,
        /// How much it returned.
        bytes: usize,
    },
    /// An earlier call, or loading, ended the evaluation.
    #[error("FindProxyForURL({0:?}) was not called: the script had been stopped before")]
    NotAsked(String),
    /// It took too long, to load or to answer.
    #[error("{doing} took longer than {limit}")]
    Time {
        /// What took so long.
        doing: String,
        /// How long it may take.
        limit: String,
    },
    /// It ran a loop for too long, by the interpreter's own count.
    #[error("{0} ran a loop more than 50 million times")]
    Loop(String),
    /// It needed too much memory.
    #[error("{doing} needed more than {limit} of memory")]
    Memory {
        /// What needed so much.
        doing: String,
        /// How much it may need.
        limit: String,
    },
    /// It calls itself, or is nested, too deeply for the interpreter's stack.
    #[error("{0} went too deep: it recurses without end, or is nested too deeply")]
    Depth(String),
    /// The evaluation could not be started, or died of itself.
    #[error("evaluation could not be run: {0}")]
    Broken(String),
}

impl EvalError {
    /// Whether a client would see it fail in the same way, as it lies in the script and not in limits.
    pub fn is_the_scripts(&self) -> bool {
        matches!(
            self,
            Self::Load(_)
                | Self::NoEntryPoint
                | Self::Thrown { .. }
                | Self::NotAString { .. }
                | Self::NotAscii { .. }
                | Self::TooLong { .. }
        )
    }
}

impl EvalError {
    /// Whether no call can be answered.
    pub fn is_of_loading(&self) -> bool {
        matches!(self, Self::Load(_) | Self::NoEntryPoint)
    }
}

/// What runs JavaScript.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// QuickJS: fast on large files, and bounded.
    #[default]
    Quickjs,
    /// Boa, which is Rust.
    Boa,
}

/// Bytes of an answer at most.
const LONGEST_ANSWER: usize = 64 << 10;

/// Why a text is no engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("engine must be quickjs or boa, found {0:?}")]
pub struct EngineError(String);

impl FromStr for Engine {
    type Err = EngineError;

    fn from_str(text: &str) -> Result<Self, EngineError> {
        match text {
            "quickjs" => Ok(Self::Quickjs),
            "boa" => Ok(Self::Boa),
            _ => Err(EngineError(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Quickjs => "quickjs",
            Self::Boa => "boa",
        })
    }
}

/// The arguments of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The URL as the client shows it.
    pub url: String,
    /// Its host, IPv6 without brackets.
    pub host: String,
}

impl Call {
    /// A call with the host that stands in the URL.
    pub fn of(url: &str) -> Self {
        let key = crate::route::RouteKey::of(url, pat::HashKey::Host);
        let host = key.as_str();
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        Self { url: url.to_owned(), host: bare.to_owned() }
    }
}

/// A script and what it is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The text of the PAC.
    pub script: String,
    /// What runs it.
    pub engine: Engine,
    /// What it sees of the world.
    pub environment: Environment,
    /// What it is asked, in order.
    pub calls: Vec<Call>,
    /// Whether the script is an [instrumented](super::Instrumented) one, and tells what it reaches.
    pub coverage: bool,
}

/// What a script may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// To load, and to answer each call.
    pub time: Duration,
    /// Bytes of memory, at most.
    pub memory: u64,
}

impl Limits {
    pub(super) fn memory_text(self) -> String {
        format!("{} MB", self.memory >> 20)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_secs(5), memory: 256 << 20 }
    }
}

/// What one call came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What `FindProxyForURL` returned.
    pub answer: Result<String, EvalError>,
    /// What it said and asked meanwhile; the first call's have those of loading, too.
    pub notes: Notes,
}

impl Outcome {
    pub(super) fn of(answer: Result<String, EvalError>) -> Self {
        Self { answer, notes: Notes::default() }
    }
}

/// Loads a job's script, in its engine, and tells what each of the calls came to. A script that does not load is told
/// in the place of the first call.
pub(super) fn run(
    job: &Job,
    limits: Limits,
    mut calls: impl Iterator<Item = Result<Call, EvalError>>,
    mut tell: impl FnMut(Outcome) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    let host = Rc::new(Host::new(job.environment.clone()));
    let mut pac = match Pac::of(job, &host, limits) {
        Ok(pac) => pac,
        Err(error) => return tell(Outcome { answer: Err(error), notes: host.take_notes() }),
    };
    calls.try_for_each(|call| {
        let answer = pac.call(&call?);
        let mut notes = host.take_notes();
        if job.coverage {
            notes.reached = pac.reached();
        }
        tell(Outcome { answer, notes })
    })
}

/// Whether a script loads, in QuickJS, as in Chrome.
pub(super) fn load(script: &str, limits: Limits) -> Result<(), EvalError> {
    let host = Rc::new(Host::new(Environment::default()));
    let engine = Quickjs::new(&host, limits.time, limits.memory)?;
    Pac::load(Box::new(engine), &host, script, limits).map(drop)
}

/// Loads a script of one's own once, in Boa, and calls its `FindProxyForURL` for each of the calls. No
/// name resolves.
///
/// # Errors
/// The first thing that goes wrong.
pub fn evaluate(script: &str, calls: &[Call]) -> Result<Vec<String>, EvalError> {
    on_large_stack(|| {
        let host = Rc::new(Host::new(Environment::default()));
        let mut pac = Pac::load(Box::new(boa::Boa::new(&host)?), &host, script, Limits::default())?;
        calls.iter().map(|call| pac.call(call)).collect()
    })
}

/// Whether a text parses as the body of a function and stays in it.
///
/// Text that closes the function early must go on with a token that each of three surroundings
/// accepts: after a method in an object that is `,` or `}`, after a function that is a statement it
/// is no `,`, and in parentheses it is no `}`. So none is left.
pub(super) fn check_function_body(body: &str) -> Result<(), String> {
    const SURROUNDINGS: [(&str, &str); 3] = [
        ("(function (url, host) {\n", "\n});"),
        ("({ f(url, host) {\n", "\n} });"),
        ("function outer() { function f(url, host) {\n", "\n} }"),
    ];
    let parsed = on_large_stack(|| {
        SURROUNDINGS.iter().try_for_each(|(before, after)| {
            boa::parse(&format!("{before}{body}{after}")).map_err(EvalError::Load)
        })
    });
    parsed.map_err(
        |error| {
            if let EvalError::Load(message) = error { message } else { error.to_string() }
        },
    )
}

/// Runs something that recurses as deeply as a script is nested.
pub(super) fn on_large_stack<T: Send>(
    work: impl FnOnce() -> Result<T, EvalError> + Send,
) -> Result<T, EvalError> {
    let failed = |why: String| EvalError::Broken(why);
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().name("pac".to_owned()).stack_size(STACK);
        let thread =
            builder.spawn_scoped(scope, work).map_err(|error| failed(error.to_string()))?;
        thread.join().unwrap_or_else(|_panic| Err(failed("the interpreter panicked".to_owned())))
    })
}

/// Runs JavaScript; an error is a text for people, with the line where there is one.
trait Interpreter {
    /// Runs a script for its definitions.
    fn load(&mut self, source: &str) -> Result<(), String>;

    /// Whether a global function has this name.
    fn has(&mut self, function: &str) -> bool;

    /// Calls a global function.
    fn call(&mut self, function: &str, arguments: [&str; 2]) -> Result<Value, String>;

    /// What stopped it, where an error is not the script's own.
    fn fault(&self, message: &str) -> Option<Fault>;
}

/// The beginning of a text that a script has made, without what a terminal would obey.
fn short(text: &str) -> String {
    let harmless = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text.chars().take(2000).map(harmless).collect()
}

/// What stopped an interpreter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Time,
    Loop,
    Memory,
    Depth,
}

/// A loaded script.
struct Pac {
    interpreter: Box<dyn Interpreter>,
    entry: &'static str,
    limits: Limits,
    profile: Profile,
}

impl Pac {
    fn of(job: &Job, host: &Rc<Host>, limits: Limits) -> Result<Self, EvalError> {
        let interpreter: Box<dyn Interpreter> = match job.engine {
            Engine::Quickjs => Box::new(Quickjs::new(host, limits.time, limits.memory)?),
            Engine::Boa => Box::new(boa::Boa::new(host)?),
        };
        Self::load(interpreter, host, &job.script, limits)
    }

    /// Gives a script what its client would, and loads it.
    fn load(
        mut interpreter: Box<dyn Interpreter>,
        host: &Host,
        script: &str,
        limits: Limits,
    ) -> Result<Self, EvalError> {
        let Environment { profile, now, .. } = host.environment();
        let mut load = |source: &str| {
            interpreter.load(source).map_err(|message| match interpreter.fault(&message) {
                Some(fault) => fault.error("loading the script".to_owned(), limits),
                None => EvalError::Load(short(&message)),
            })
        };
        let now = now.map_or_else(|| "null".to_owned(), |now| now.to_string());
        load(&format!("{CLOCK}({now});"))?;
        load(HELPERS)?;
        if profile.has_ex() {
            load(HELPERS_EX)?;
        }
        if *profile == Profile::Firefox {
            load(HELPERS_FIREFOX)?;
        }
        load(script)?;
        let mut names = profile.entry_points().iter().copied();
        let entry = names.find(|name| interpreter.has(name)).ok_or(EvalError::NoEntryPoint)?;
        Ok(Self { interpreter, entry, limits, profile: *profile })
    }

    fn call(&mut self, call: &Call) -> Result<String, EvalError> {
        let url = || call.url.clone();
        match self.interpreter.call(self.entry, [&call.url, &call.host]) {
            Ok(Value::Text(answer)) if answer.len() > LONGEST_ANSWER => {
                Err(EvalError::TooLong { url: url(), bytes: answer.len() })
            }
            Ok(Value::Text(answer)) if self.profile == Profile::Chrome && !answer.is_ascii() => {
                Err(EvalError::NotAscii { url: url(), found: short(&answer) })
            }
            Ok(Value::Text(answer)) => Ok(answer),
            Ok(other) => {
                Err(EvalError::NotAString { url: url(), found: short(&other.to_string()) })
            }
            Err(message) => Err(match self.interpreter.fault(&message) {
                Some(fault) => fault.error(format!("FindProxyForURL({:?})", call.url), self.limits),
                None => EvalError::Thrown { url: url(), message: short(&message) },
            }),
        }
    }
}

impl Pac {
    /// What an instrumented script has reached since it was asked the last time.
    fn reached(&mut self) -> Vec<usize> {
        match self.interpreter.call(coverage::TAKE, ["", ""]) {
            Ok(Value::Text(numbers)) => {
                numbers.split(',').filter_map(|number| number.parse().ok()).collect()
            }
            // What it has reached before it was stopped is lost.
            _ => Vec::new(),
        }
    }
}

impl Fault {
    fn error(self, doing: String, limits: Limits) -> EvalError {
        match self {
            Self::Time => EvalError::Time { doing, limit: format!("{:?}", limits.time) },
            Self::Loop => EvalError::Loop(doing),
            Self::Memory => EvalError::Memory { doing, limit: limits.memory_text() },
            Self::Depth => EvalError::Depth(doing),
        }
    }
}
