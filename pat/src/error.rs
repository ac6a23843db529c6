//! What can be wrong with a table's text, and where.

use std::fmt;

/// A value outside of its range: what it is, what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {expected}, found {found:?}")]
pub struct ValueError {
    /// The field's name as people say it: `load factor`.
    pub what: &'static str,
    /// What would have been right: `1 to 16777215`.
    pub expected: &'static str,
    /// The text that was found, cut at 80 characters.
    pub found: String,
}

impl ValueError {
    /// `what` must be `expected`, found `found`.
    pub fn new(what: &'static str, expected: &'static str, found: &str) -> Self {
        Self { what, expected, found: shorten(found) }
    }
}

/// Cuts foreign text for messages: an error must not repeat a megabyte.
pub(crate) fn shorten(found: &str) -> String {
    match found.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", found.get(..end).unwrap_or_default()),
        None => found.to_owned(),
    }
}

/// One thing that is wrong with a table's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {kind}")]
pub struct ParseError {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
    /// What is wrong there.
    pub kind: ParseErrorKind,
}

/// What is wrong at a place of a table's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The first line is not `Proxy Array Information/1.0`.
    #[error("first line must be \"Proxy Array Information/1.0\", found {0:?}")]
    NotATable(String),
    /// A major version above 1; the draft wants plain routing instead of a guess.
    #[error("version must be 1.x, found {0:?}: a newer table is not read")]
    VersionTooNew(String),
    /// A line before the empty line that is no `Name: value`.
    #[error("header line must be `Name: value`, found {0:?}")]
    NotAHeader(String),
    /// One of the four header lines that every table has is not there.
    #[error("header line `{0}:` is missing")]
    MissingHeader(&'static str),
    /// A member line with too few fields.
    #[error(
        "member line must have 9 fields (name ip port table-url agent statetime status load-factor cache-size) \
         or 8 without the ip, found {0}"
    )]
    FieldCount(usize),
    /// A value outside of its range.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Two members of one name; case does not tell names apart.
    #[error("member name must be unique, {name:?} stands in line {first_line} already")]
    DuplicateName {
        /// The name as it stands in the later line.
        name: String,
        /// 1-based line of the first.
        first_line: usize,
    },
    /// `ArrayEnabled: 1` and nobody in it.
    #[error("a table with ArrayEnabled 1 must have a member, found none")]
    NoMembers,
    /// The text is not UTF-8.
    #[error("text must be UTF-8, found byte 0x{0:02x}")]
    NotUtf8(u8),
    /// A control character inside a line.
    #[error("text must have no control characters, found U+{0:04X}")]
    ControlCharacter(u32),
}

/// All that is wrong with a table's text, in the order of its lines; at least one, at most 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseErrors {
    errors: Vec<ParseError>,
    left_out: usize,
}

impl ParseErrors {
    /// Errors that are listed; a file of garbage must not fill a log.
    const MOST: usize = 100;

    pub(crate) fn new(mut errors: Vec<ParseError>) -> Self {
        errors.sort_by_key(|error| (error.line, error.column));
        let left_out = errors.len().saturating_sub(Self::MOST);
        errors.truncate(Self::MOST);
        Self { errors, left_out }
    }

    /// The errors, first line first.
    pub fn iter(&self) -> std::slice::Iter<'_, ParseError> {
        self.errors.iter()
    }

    /// How many more there were than are listed.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether the table is of a newer major version, which asks for plain routing and not for a repair.
    pub fn is_version_too_new(&self) -> bool {
        self.errors.iter().any(|error| matches!(error.kind, ParseErrorKind::VersionTooNew(_)))
    }

    /// The lines `file:line:column: message`, one for each error.
    pub fn in_file<'a>(&'a self, file: &'a str) -> impl fmt::Display + 'a {
        InFile { errors: self, file }
    }
}

impl<'a> IntoIterator for &'a ParseErrors {
    type Item = &'a ParseError;
    type IntoIter = std::slice::Iter<'a, ParseError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ParseErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.in_file("table").fmt(f)
    }
}

impl std::error::Error for ParseErrors {}

struct InFile<'a> {
    errors: &'a ParseErrors,
    file: &'a str,
}

impl fmt::Display for InFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, error) in self.errors.errors.iter().enumerate() {
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{}:{error}", self.file)?;
        }
        match self.errors.left_out {
            0 => Ok(()),
            n => write!(f, "\n{}: and {n} more", self.file),
        }
    }
}
