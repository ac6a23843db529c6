//! The outer side of the cage: a child process that is killed when it takes too long.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::clock::Zone;
use super::worker::Order;
use super::{EvalError, Job, Outcome};

/// What a script may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// A cage whose process is this program, which has to call [`work`](super::work).
    pub fn new(program: PathBuf, arguments: Vec<String>, limits: Limits) -> Self {
        Self { program, arguments, limits }
    }

    /// Does a job, and tells what each call came to, in order. What ends the process ends the job: the
    /// call that it was at says why, and those that follow say that they were not asked.
    ///
    /// # Errors
    /// A process that cannot be started.
    pub fn run(&self, job: Job, mut tell: impl FnMut(Outcome)) -> Result<(), EvalError> {
        let broken = |why: String| EvalError::Broken(why);
        let calls: Vec<String> = job.calls.iter().map(|call| call.url.clone()).collect();
        let zone =
            Zone::of(job.environment.zone.as_deref()).map_err(|error| broken(error.to_string()))?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped());
        if job.environment.zone.is_some() {
            command.env("TZ", zone.variable(job.environment.now));
        }
        let mut child = command.spawn().map_err(|error| broken(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(output), Some(errors)) = pipes else {
            return Err(broken("no pipes".to_owned()));
        };
        let order = Order { job, time: self.limits.time, memory: self.limits.memory };
        let order = serde_json::to_vec(&order).map_err(|error| broken(error.to_string()))?;
        let (lines, arrived) = mpsc::sync_channel(64);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                input.write_all(&order).ok(); // it may have ended: its last words tell why
            });
            scope.spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if lines.send(line).is_err() {
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
            let mut was_late = false;
            while done < calls.len() {
                match arrived.recv_timeout(self.limits.time + GRACE) {
                    Ok(line) => {
                        let outcome = serde_json::from_str(&line).unwrap_or_else(|error| {
                            Outcome::of(Err(broken(format!("{error} in {line:?}"))))
                        });
                        done += 1;
                        tell(outcome);
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        was_late = true;
                        break;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            drop(arrived);
            let whole = done == calls.len();
            let status = end(&mut child, was_late || whole);
            let last_words = last_words.join().unwrap_or_default();
            // A script that does not load is told in the place of the first call, and ends well.
            let unloaded = done == 1 && status.is_some_and(|status| status.success());
            if !whole && !unloaded {
                let doing = doing(&calls, done);
                let why =
                    if was_late { self.late(doing) } else { self.died(doing, status, &last_words) };
                tell(Outcome::of(Err(why)));
                done += 1;
            }
            for url in calls.iter().skip(done) {
                tell(Outcome::of(Err(EvalError::NotAsked(url.clone()))));
            }
        });
        Ok(())
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

/// What a job was at after so many calls.
fn doing(calls: &[String], done: usize) -> String {
    match calls.get(done) {
        _ if done == 0 => "loading the script, or the first call,".to_owned(),
        Some(url) => format!("FindProxyForURL({url:?})"),
        None => "the script".to_owned(),
    }
}

/// Waits for the end of a process, which is forced if it is not near.
fn end(child: &mut Child, by_force: bool) -> Option<ExitStatus> {
    if by_force {
        child.kill().ok(); // it may have ended
    }
    child.wait().ok()
}
