//! What goes wrong in a command, for people and for scripts.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// A failed command: one line, causes, hints, exit code.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

/// What sort of failure it is; the numbers are those of sysexits(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line is wrong.
    Usage,
    /// The input is wrong: a table, a PAC, a URL.
    Data,
    /// The master cannot be reached or does not answer.
    Unavailable,
    /// A file or a socket cannot be used.
    Io,
    /// The table has changed meanwhile, or somebody else works on it.
    Temporary,
    /// The master does not let us.
    NoPermission,
    /// The configuration is wrong.
    Config,
    /// Nobody reads our output any more.
    BrokenPipe,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Usage => 64,
            Self::Data => 65,
            Self::Unavailable => 69,
            Self::Io => 74,
            Self::Temporary => 75,
            Self::NoPermission => 77,
            Self::Config => 78,
            Self::BrokenPipe => 0,
        }
    }
}

impl CommandError {
    pub(crate) fn new(kind: Kind, message: impl Display) -> Self {
        Self { kind, message: message.to_string(), causes: Vec::new(), hints: Vec::new() }
    }

    /// Adds what lies behind it; every line of its text is one cause.
    pub(crate) fn because(mut self, cause: impl Display) -> Self {
        self.causes.extend(cause.to_string().lines().map(ToOwned::to_owned));
        self
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// The message and its causes on one line.
    pub(crate) fn text(&self) -> String {
        self.causes.iter().fold(self.message.clone(), |text, cause| text + ": " + cause)
    }

    /// Prints it to stderr.
    #[expect(clippy::print_stderr, reason = "this is where errors are printed")]
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("error: {}", self.message);
        for cause in &self.causes {
            eprintln!("  caused by: {cause}");
        }
        for hint in &self.hints {
            eprintln!("  hint: {hint}");
        }
        ExitCode::from(self.kind.code())
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        let kind =
            if error.kind() == io::ErrorKind::BrokenPipe { Kind::BrokenPipe } else { Kind::Io };
        Self::new(kind, error)
    }
}

/// Prints what clap has to say; help and version are no errors.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    error.print().ok(); // nobody reads
    if error.use_stderr() { ExitCode::from(Kind::Usage.code()) } else { ExitCode::SUCCESS }
}
