//! Scripts of anybody's, in a child process that is killed when it takes too long.

mod worker;

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::check::{Finding, Source};
use super::coverage::Instrumented;
use super::eval::{Call, EvalError, Job, Limits, Outcome, Zone};

pub use worker::work;

/// What a process is asked for.
#[derive(Debug, Serialize, Deserialize)]
enum Order {
    /// To run a script: its calls follow, a line for each, and each is answered with a line.
    Run(Job, Limits),
    /// To look at one: a line of findings.
    Check(Source, Limits),
    /// To make one tell what it reaches.
    Instrument(String, Limits),
    /// To tell what URLs one speaks of.
    Literals(String, Limits),
}

/// Runs scripts of anybody's in a process of their own, which has nothing but standard input and output.
#[derive(Debug, Clone)]
pub struct Cage {
    program: PathBuf,
    arguments: Vec<String>,
    limits: Limits,
}

/// How long past its limit a script may be before it is killed: an interpreter that can stop it says more.
const GRACE: Duration = Duration::from_millis(500);

/// Bytes of its last words that are kept.
const LAST_WORDS: u64 = 16 << 10;

impl Cage {
    /// A cage whose process is this program, which has to call [`work`].
    pub fn new(program: PathBuf, arguments: Vec<String>, limits: Limits) -> Self {
        Self { program, arguments, limits }
    }

    /// Does a job, and tells what each call came to, in order. What ends the process ends the job: the
    /// call that it was at says why, and those that follow say that they were not asked. Who is told may end
    /// it, too.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn run(
        &self,
        mut job: Job,
        mut tell: impl FnMut(Outcome) -> ControlFlow<()>,
    ) -> Result<(), EvalError> {
        let calls = std::mem::take(&mut job.calls);
        if calls.is_empty() {
            return Ok(());
        }
        let mut command = self.command();
        if let Some(name) = &job.environment.zone {
            let zone = Zone::of(Some(name)).map_err(|error| broken(&error))?;
            command.env("TZ", zone.variable(job.environment.now));
        }
        let order = Order::Run(job, self.limits);
        let doing = |done: usize| match calls.get(done) {
            _ if done == 0 => "loading the script, or the first call,".to_owned(),
            Some(call) => format!("FindProxyForURL({:?})", call.url),
            None => "the script".to_owned(),
        };
        let (mut told, mut went_on) = (0, ControlFlow::Continue(()));
        let asking = Asking { order, calls: &calls };
        self.converse(start(command)?, &asking, doing, |line| {
            told += 1;
            went_on = tell(match line {
                Ok(line) => serde_json::from_str(&line).unwrap_or_else(|error| {
                    Outcome::of(Err(broken(&format!("{error} in {line:?}"))))
                }),
                Err(error) => Outcome::of(Err(error)),
            });
            went_on
        });
        let not_asked = calls.iter().skip(told);
        let not_asked = not_asked.map(|call| EvalError::NotAsked(call.url.clone()));
        let mut rest = not_asked.map(|error| Outcome::of(Err(error)));
        if went_on.is_continue() {
            // Who is told of the rest may stop here as well; nothing comes after it.
            let _ = rest.try_for_each(tell);
        }
        Ok(())
    }

    /// What is wrong or unwise in a PAC.
    ///
    /// # Errors
    /// A process that cannot be started, and what ends it.
    pub fn check(&self, source: Source) -> Result<Vec<Finding>, EvalError> {
        self.ask(Order::Check(source, self.limits), "checking the script")
    }

    /// A script that tells what it reaches: a [`Job`] with `coverage` runs it.
    ///
    /// # Errors
    /// A process that cannot be started, and what ends it; a script that does not parse.
    pub fn instrument(&self, script: String) -> Result<Instrumented, EvalError> {
        self.ask(Order::Instrument(script, self.limits), "looking at the script")
    }

    /// URLs that a script's tests may take for theirs, and near misses; in a fixed order.
    ///
    /// # Errors
    /// A process that cannot be started, and what ends it; a script that does not parse.
    pub fn literals(&self, script: String) -> Result<Vec<String>, EvalError> {
        self.ask(Order::Literals(script, self.limits), "looking at the script")
    }

    /// Asks for one line.
    fn ask<T: DeserializeOwned>(&self, order: Order, doing: &str) -> Result<T, EvalError> {
        let mut answer = Err(broken(&format!("{doing} gave nothing")));
        let tell = |line| {
            answer = line;
            ControlFlow::Continue(())
        };
        let asking = Asking { order, calls: &[] };
        self.converse(start(self.command())?, &asking, |_| doing.to_owned(), tell);
        serde_json::from_str::<Result<T, EvalError>>(&answer?).map_err(|error| broken(&error))?
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        command
    }

    /// Tells the lines with which a process answers, at most as many as it is asked for. What ends it is told in the place of a line, unless it
    /// ended well.
    fn converse(
        &self,
        Started { mut child, input, output, errors }: Started,
        asking: &Asking<'_>,
        doing: impl Fn(usize) -> String,
        mut tell: impl FnMut(Result<String, EvalError>) -> ControlFlow<()>,
    ) {
        let lines = asking.calls.len().max(1);
        let (sender, arrived) = mpsc::sync_channel(64);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                asking.write(BufWriter::new(input)).ok(); // it may have ended: its last words tell why
            });
            scope.spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        return;
                    }
                }
            });
            let last_words = scope.spawn(move || {
                let mut text = String::new();
                errors.take(LAST_WORDS).read_to_string(&mut text).ok(); // as much as there is
                text
            });
            let mut done = 0;
            let (mut was_late, mut stopped) = (false, false);
            while done < lines && !stopped {
                match arrived.recv_timeout(self.limits.time + GRACE) {
                    Ok(line) => {
                        done += 1;
                        stopped = tell(Ok(line)).is_break();
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        was_late = true;
                        break;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            drop(arrived);
            let whole = done == lines || stopped;
            let status = end(&mut child, was_late || whole);
            let last_words = last_words.join().unwrap_or_default();
            let ended_well = done > 0 && status.is_some_and(|status| status.success());
            let end = match (was_late, whole || ended_well) {
                (true, _) => Some(self.late(doing(done))),
                (false, false) => Some(self.died(doing(done), status, &last_words)),
                (false, true) => None,
            };
            // It is the last line in any case.
            let _ = end.map(|error| tell(Err(error)));
        });
    }

    fn late(&self, doing: String) -> EvalError {
        EvalError::Time { doing, limit: format!("{:?}", self.limits.time) }
    }

    /// Why a process died, by its last words.
    fn died(&self, doing: String, status: Option<ExitStatus>, last_words: &str) -> EvalError {
        if last_words.contains("overflowed its stack") {
            return EvalError::Depth(doing);
        }
        if last_words.contains("memory allocation of") || last_words.contains("out of memory") {
            return EvalError::Memory { doing, limit: self.limits.memory_text() };
        }
        let status =
            status.map_or_else(|| "of unknown cause".to_owned(), |status| status.to_string());
        EvalError::Broken(format!("{doing}: {status} {}", last_words.trim()))
    }
}

/// What a process is asked: an order, and what follows it.
struct Asking<'a> {
    order: Order,
    calls: &'a [Call],
}

impl Asking<'_> {
    /// Writes it, a line for each, as fast as it is read.
    fn write(&self, mut input: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut input, &self.order)?;
        input.write_all(b"\n")?;
        for call in self.calls {
            serde_json::to_writer(&mut input, call)?;
            input.write_all(b"\n")?;
        }
        input.flush()
    }
}

/// A process and its pipes, before it is asked.
struct Started {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
}

fn start(mut command: Command) -> Result<Started, EvalError> {
    let mut child = command.spawn().map_err(|error| broken(&error))?;
    match (child.stdin.take(), child.stdout.take(), child.stderr.take()) {
        (Some(input), Some(output), Some(errors)) => Ok(Started { child, input, output, errors }),
        _ => Err(broken(&"no pipes")),
    }
}

/// Waits for the end of a process, which is forced if it is not near.
fn end(child: &mut Child, by_force: bool) -> Option<ExitStatus> {
    if by_force {
        child.kill().ok(); // it may have ended
    }
    child.wait().ok()
}

fn broken(why: &dyn std::fmt::Display) -> EvalError {
    EvalError::Broken(why.to_string())
}
