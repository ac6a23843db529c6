//! Each `tests/data/tables/*.golden`: a text, ten dashes, and what becomes of it.
//!
//! What becomes of it is either all errors, or the table as the draft prints it; then, if there are
//! any, ten dashes and the remarks of `check`. Errors and remarks are lines of `parray.pat`.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use pat::{Dialect, Severity, Table, check};

const FILE: &str = "parray.pat";
const DASHES: &str = "----------\n";

fn golden_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/tables");
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "golden"))
        .collect();
    files.sort();
    files
}

/// The text, and what is expected of it.
fn halves(golden: &str) -> (&str, &str) {
    if let Some(expected) = golden.strip_prefix(DASHES) {
        return ("", expected);
    }
    let place = golden.find(&format!("\n{DASHES}")).unwrap() + 1;
    let (text, rest) = golden.split_at(place);
    (text, rest.strip_prefix(DASHES).unwrap())
}

fn outcome(text: &str) -> String {
    let report = check(text.as_bytes());
    let mut remarks = String::new();
    for finding in &report.findings {
        let (line, column) = (finding.line, finding.column);
        let severity = match finding.severity {
            Severity::Warning => "warning: ",
            Severity::Error => "",
        };
        let message = &finding.message;
        writeln!(remarks, "{FILE}:{line}:{column}: {severity}{message}").unwrap();
    }
    match Table::parse(text.as_bytes()) {
        Ok(table) => {
            assert_eq!(report.table.as_ref(), Some(&table), "check has another table");
            let dashes = if remarks.is_empty() { "" } else { DASHES };
            format!("{}{dashes}{remarks}", table.print(Dialect::Draft))
        }
        Err(errors) => {
            let errors = format!("{}\n", errors.in_file(FILE));
            assert_eq!(report.table, None, "check has a table");
            assert_eq!(remarks, errors, "check has other errors");
            errors
        }
    }
}

#[test]
fn every_golden_file_gives_what_it_says() {
    let files = golden_files();
    assert!(files.len() > 40, "only {} golden files", files.len());
    let mut failed = String::new();
    for path in files {
        let golden = fs::read_to_string(&path).unwrap();
        let (text, expected) = halves(&golden);
        let found = outcome(text);
        if found != expected {
            let name = path.file_name().unwrap().display();
            write!(failed, "\n{name}\nexpected:\n{expected}\nfound:\n{found}").unwrap();
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[test]
fn the_error_of_the_specification_is_word_for_word() {
    let golden =
        golden_files().into_iter().find(|path| path.ends_with("load_factor_negative.golden"));
    let golden = fs::read_to_string(golden.unwrap()).unwrap();
    let (text, _) = halves(&golden);
    let errors = Table::parse(text.as_bytes()).unwrap_err();
    assert_eq!(
        errors.in_file(FILE).to_string(),
        "parray.pat:7:42: load factor must be 1 to 16777215, found \"-3\""
    );
}

#[test]
fn a_table_of_sun_is_written_as_sun_wrote_it() {
    let golden = golden_files().into_iter().find(|path| path.ends_with("maker_sun.golden"));
    let golden = fs::read_to_string(golden.unwrap()).unwrap();
    let (text, _) = halves(&golden);
    for text in [text.to_owned(), text.replace(" on ", " off ")] {
        let table: Table = text.parse().unwrap();
        assert_eq!(table.print(Dialect::Sun), text);
    }
}
