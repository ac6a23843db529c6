//! The only stdout.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use crate::error::CommandError;

/// Prints text as it is.
pub(crate) fn text(text: impl AsRef<str>) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_ref().as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Prints text with colours, which it loses where nobody would see them.
pub(crate) fn styled(text: impl AsRef<str>) -> Result<(), CommandError> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_ref().as_bytes())?;
    out.flush()?;
    Ok(())
}

/// A text without what a terminal would obey, or what turns the direction of writing.
pub(crate) fn plain(text: &str) -> String {
    let obeyed = |c: char| {
        c.is_control() && c != '\t'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(obeyed, " ")
}

/// Prints a line.
pub(crate) fn line(line: impl AsRef<str>) -> Result<(), CommandError> {
    text(format!("{}\n", line.as_ref()))
}

/// Prints one JSON document on one line.
pub(crate) fn json(document: &impl Serialize) -> Result<(), CommandError> {
    line(serde_json::to_string(document).map_err(io::Error::other)?)
}

/// An empty table with this heading; lines and colours on a terminal only.
pub(crate) fn table<const N: usize>(heading: [&str; N]) -> Table {
    let mut table = Table::new();
    let preset =
        if io::stdout().is_terminal() { presets::UTF8_HORIZONTAL_ONLY } else { presets::NOTHING };
    table
        .load_style(preset)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(heading);
    table
}

/// Prints a table.
pub(crate) fn show(table: &Table) -> Result<(), CommandError> {
    text(table.lines().fold(String::new(), |all, line| all + line.trim_end() + "\n"))
}
