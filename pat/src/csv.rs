//! The members as CSV, for bulk edits in a spreadsheet.

use crate::member::Member;
use crate::row::MemberRow;

/// Why a CSV text is no list of members.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CsvError {
    /// 1-based line; the heading is line 1.
    pub line: u64,
    /// What is wrong there.
    pub problem: String,
}

/// The columns, in the order in which they are written.
const HEADING: [&str; 9] = [
    "name",
    "ip",
    "port",
    "table_url",
    "agent",
    "state_time",
    "status",
    "load_factor",
    "cache_size",
];

/// Writes the members with a heading line.
pub fn write_csv(members: &[Member]) -> String {
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    // Writing to memory cannot fail, and every row has the same columns.
    writer.write_record(HEADING).ok();
    for member in members {
        writer.serialize(MemberRow::from(member.clone())).ok();
    }
    writer.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// Reads members from CSV with a heading line; only `name` and `port` are required columns.
///
/// # Errors
/// The first row that is no member.
pub fn read_csv(text: &str) -> Result<Vec<Member>, CsvError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    reader
        .deserialize::<MemberRow>()
        .map(|row| row.map(Member::from).map_err(|error| explain(text, &error)))
        .collect()
}

fn explain(text: &str, error: &csv::Error) -> CsvError {
    let start =
        error.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
    // A record's place is where the one before it ended: line ends and empty lines come first.
    let ends = text.bytes().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let before = text.as_bytes().get(..start + ends).unwrap_or_default();
    let line = before.split(|byte| *byte == b'\n').count();
    let problem = match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let column = err.field().map_or_else(String::new, |at| format!("column {}: ", at + 1));
            format!("{column}{}", err.kind())
        }
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{expected_len} columns expected, found {len}")
        }
        csv::ErrorKind::Io(_)
        | csv::ErrorKind::Utf8 { .. }
        | csv::ErrorKind::Seek
        | csv::ErrorKind::Serialize(_)
        | _ => error.to_string(),
    };
    CsvError { line: u64::try_from(line).unwrap_or(u64::MAX), problem }
}
