//! The URLs that a command asks PACs for.

use std::io::Read;
use std::path::Path;

use parray::pac::{Asked, read_urls};

use crate::args::UrlsArgs;
use crate::error::{CommandError, Kind};
use crate::remote::read_text;

/// Those of a file or of standard input; `None` if neither is named.
pub(super) fn given(args: &UrlsArgs) -> Result<Option<Vec<Asked>>, CommandError> {
    let Some(path) = &args.urls else { return Ok(None) };
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text)?;
        text
    } else {
        read_text(path)?
    };
    let wrong = |error| {
        let what = format!("{} is no list of URLs and no access log", path.display());
        CommandError::new(Kind::Data, what).because(error)
    };
    let asked = read_urls(&text).map_err(wrong)?;
    if asked.is_empty() {
        return Err(CommandError::new(Kind::Data, format!("{} has no URLs", path.display())));
    }
    Ok(Some(asked))
}
