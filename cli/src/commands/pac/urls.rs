//! The URLs that a command asks PACs for.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use parray::pac::{Asked, UrlsError, UrlsRead, read_urls};

use crate::args::UrlsArgs;
use crate::error::{CommandError, Kind};

/// Those of a file or of standard input; `None` if neither is named.
#[expect(clippy::print_stderr, reason = "what is left out is no result")]
pub(super) fn given(args: &UrlsArgs) -> Result<Option<Vec<Asked>>, CommandError> {
    let Some(path) = &args.urls else { return Ok(None) };
    let place = path.display();
    let read = if path == Path::new("-") {
        read_urls(io::stdin().lock())
    } else {
        File::open(path).map_err(UrlsError::Io).and_then(|file| read_urls(BufReader::new(file)))
    };
    let wrong = |error| match error {
        UrlsError::Io(error) => CommandError::new(Kind::Io, format!("{place}: {error}")),
        UrlsError::Line(error) => {
            let what = format!("{place} is no list of URLs and no access log");
            CommandError::new(Kind::Data, what).because(error)
        }
    };
    let UrlsRead { asked, unfinished } = read.map_err(wrong)?;
    if let Some(error) = unfinished {
        eprintln!("warning: {place}: the last line has no end and is left out: {error}");
    }
    if asked.is_empty() {
        return Err(CommandError::new(Kind::Data, format!("{place} has no URLs")));
    }
    Ok(Some(asked))
}
