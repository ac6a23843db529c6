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

/// Writes the members with a heading line.
pub fn write_csv(members: &[Member]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for member in members {
        // Writing to memory cannot fail, and every row has the same columns.
        writer.serialize(MemberRow::from(member.clone())).ok();
    }
    writer
        .into_inner()
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .unwrap_or_default()
}

/// Reads members from CSV with a heading line; only `name` and `port` are required columns.
///
/// # Errors
/// The first row that is no member.
pub fn read_csv(text: &str) -> Result<Vec<Member>, CsvError> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut members = Vec::new();
    for (i, row) in reader.deserialize::<MemberRow>().enumerate() {
        let row = row.map_err(|error| CsvError {
            line: error.position().map_or_else(
                || u64::try_from(i).unwrap_or_default() + 2,
                csv::Position::line,
            ),
            problem: if let csv::ErrorKind::Deserialize { err, .. } = error.kind() {
                err.to_string()
            } else {
                error.to_string()
            },
        })?;
        members.push(Member::from(row));
    }
    Ok(members)
}
