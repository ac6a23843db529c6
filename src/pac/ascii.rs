//! A script in ASCII, as clients disagree on the charset of a PAC.

use std::fmt::Write as _;
use std::ops::Range;

use oxc::allocator::Allocator;
use oxc::parser::{Parser, config::TokensParserConfig};
use oxc::span::SourceType;

use super::eval::on_large_stack;

/// What a function's body is parsed in.
const SURROUNDINGS: [&str; 2] = ["function f(url, host) {\n", "\n}"];

/// The body of a function, or a part of one, with escapes for the characters beyond ASCII; it means the same,
/// unless `String.raw` looks at it; in names only letters of the basic plane have such an escape. White space and line ends become those of ASCII. What does not parse is escaped all the same.
pub(super) fn ascii_source(source: &str) -> String {
    if source.is_ascii() {
        return source.to_owned();
    }
    let tokens = on_large_stack(|| Ok(tokens(source))).unwrap_or_default();
    let mut tokens = tokens.into_iter().peekable();
    let mut ascii = String::with_capacity(source.len());
    // Whether a backslash takes the next character for what it is.
    let mut escaped = false;
    for (at, c) in source.char_indices() {
        while tokens.next_if(|token| token.end <= at).is_some() {}
        let in_token = tokens.peek().is_none_or(|token| token.contains(&at));
        if c.is_ascii() {
            escaped = c == '\\' && !escaped;
            ascii.push(c);
            continue;
        }
        let line_end = matches!(c, '\u{2028}' | '\u{2029}');
        if std::mem::take(&mut escaped) && in_token {
            // An escape of its own takes the backslash's place; with a line end it means nothing.
            ascii.pop();
            if line_end {
                continue;
            }
        }
        match c {
            _ if in_token => push_escaped(&mut ascii, c),
            _ if line_end => ascii.push('\n'),
            c if c.is_whitespace() || c == '\u{feff}' => ascii.push(' '),
            // In a comment.
            c => push_escaped(&mut ascii, c),
        }
    }
    ascii
}

/// Where the tokens stand; one that is the whole text, if it does not parse.
fn tokens(source: &str) -> Vec<Range<usize>> {
    let [before, after] = SURROUNDINGS;
    let text = format!("{before}{source}{after}");
    let allocator = Allocator::default();
    let parser =
        Parser::new(&allocator, &text, SourceType::script()).with_config(TokensParserConfig);
    let parsed = parser.parse();
    if parsed.diagnostics.errors().next().is_some() {
        return std::iter::once(0..source.len()).collect();
    }
    let place = |byte: u32| usize::try_from(byte).ok()?.checked_sub(before.len());
    let range = |(start, end)| Some(place(start)?..place(end)?);
    parsed.tokens.iter().filter_map(|token| range((token.start(), token.end()))).collect()
}

/// Writes a character as an escape of JavaScript.
pub(super) fn push_escaped(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        write!(out, "\\u{unit:04x}").ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_escaped_means_the_same() {
        for (source, ascii) in [
            ("return 'PROXY é:1';", "return 'PROXY \\u00e9:1';"),
            ("return '\\é\\\\é';", "return '\\u00e9\\\\\\u00e9';"),
            ("return 'a\\\u{2028}b';", "return 'ab';"),
            ("return '\u{2028}\u{a0}';", "return '\\u2028\\u00a0';"),
            ("return /\\é/.test(host);", "return /\\u00e9/.test(host);"),
            ("return '😀';", "return '\\ud83d\\ude00';"),
            ("var é = 1;", "var \\u00e9 = 1;"),
        ] {
            assert_eq!(ascii_source(source), ascii, "{source}");
        }
    }

    #[test]
    fn white_space_and_line_ends_stay_what_they_are() {
        for (source, ascii) in [
            ("\u{feff}var a\u{a0}= 1;", " var a = 1;"),
            ("// é\u{2028}return 1;", "// \\u00e9\nreturn 1;"),
            ("return\u{2029}1;", "return\n1;"),
            ("/* \\é */ return `\u{a0}`;", "/* \\\\u00e9 */ return `\\u00a0`;"),
        ] {
            assert_eq!(ascii_source(source), ascii, "{source}");
        }
    }

    #[test]
    fn what_does_not_parse_is_escaped_all_the_same() {
        assert_eq!(ascii_source("return 'é"), "return '\\u00e9");
        assert_eq!(ascii_source("} é {"), "} \\u00e9 {");
    }
}
