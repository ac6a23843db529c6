//! The file as a text: its size, its alphabet, and what should not be in it.

use std::sync::LazyLock;

use oxc::span::Span;
use regex::Regex;

use super::{Fix, Report, Rule, Source};
use crate::pac::generate::ascii_source;

/// What some hosters take at most.
const LARGE: usize = 256 << 10;

/// What Chrome and Windows take at most.
const TOO_LARGE: usize = 1 << 20;

/// Reads a file: UTF-8 if it is that, else ISO-8859-1.
pub fn read(bytes: &[u8]) -> Source {
    let (rest, mark) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => (rest, true),
        None => (bytes, false),
    };
    let text = match std::str::from_utf8(rest) {
        Ok(text) => text.to_owned(),
        Err(_) => rest.iter().copied().map(char::from).collect(),
    };
    Source { text, bytes: bytes.len(), mark }
}

pub(super) fn check(source: &Source, report: &mut Report) {
    let beginning = Span::new(0, 0);
    if source.mark {
        let message = "begins with a byte order mark";
        report.add(Rule::ByteOrderMark, beginning, message, "save the file without it");
    }
    let kilobytes = source.bytes.div_ceil(1 << 10);
    if source.bytes > TOO_LARGE {
        let message = format!("has {kilobytes} KB, and is not read by Chrome and Windows");
        report.add(
            Rule::TooLarge,
            beginning,
            message,
            "put domains into an object that is indexed by name",
        );
    } else if source.bytes > LARGE {
        let message = format!("has {kilobytes} KB, more than 256");
        report.add(
            Rule::Large,
            beginning,
            message,
            "put domains into an object that is indexed by name",
        );
    }
    alphabet(source, report);
    credentials(source, report);
}

/// Each stretch has a fix: an escape means the same in strings, names and regular expressions.
fn alphabet(source: &Source, report: &mut Report) {
    let count = source.text.chars().filter(|c| !c.is_ascii()).count();
    let mut at = 0;
    for number in 0..MOST_STRETCHES {
        let rest = source.text.get(at..).unwrap_or_default();
        let Some(start) = rest.find(|c: char| !c.is_ascii()) else { return };
        let rest = rest.get(start..).unwrap_or_default();
        let length = rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len());
        let stretch = rest.get(..length).unwrap_or_default();
        let span = span(at + start, at + start + length);
        at += start + length;
        let text = ascii_source(stretch);
        let fix = Fix { start: span.start, end: span.end, text };
        let first = stretch.chars().next().unwrap_or_default();
        let message = match number {
            0 if count > 1 => {
                format!("{first:?} is not ASCII, nor are {} more characters", count - 1)
            }
            _ => format!("{first:?} is not ASCII"),
        };
        let help = "write \\u and four hexadecimal digits";
        report.add(Rule::NonAscii, span, message, help);
        report.fix_last(fix);
    }
}

/// Findings of characters at most: a file in another alphabet shall not take all memory.
const MOST_STRETCHES: usize = 100_000;

fn span(start: usize, end: usize) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(start), offset(end))
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are constant, and each test of this file compiles them"
)]
static SECRETS: LazyLock<[(Regex, &str); 3]> = LazyLock::new(|| {
    [
        (r#"[a-z][a-z0-9+.-]*://[^/\s"'@:]+:[^/\s"'@]+@"#, "user and password stand in a URL"),
        (
            r#"(?i)\b(?:[a-z_]*password|passwd|passphrase|secret|api_?key|auth_?token|access_?token)\b["']?\s*[:=]\s*["'][^"'\s]{4,}["']"#,
            "something like a password is set",
        ),
        (
            r#"(?i)(?:proxy-)?authorization["']?\s*[:,=]|\bbasic\s+[A-Za-z0-9+/]{8,}={0,2}["']|\b(?:PROXY|HTTPS?|SOCKS[45]?)\s+[^\s"';:@]+:[^\s"';@]+@"#,
            "something like credentials of a proxy is set",
        ),
    ]
    .map(|(pattern, what)| (Regex::new(pattern).expect("constant"), what))
});

fn credentials(source: &Source, report: &mut Report) {
    for (pattern, what) in SECRETS.iter() {
        for found in pattern.find_iter(&source.text).take(100) {
            let help = "take it out of the file, and change it: whoever has read the PAC knows it";
            report.add(Rule::Credentials, span(found.start(), found.end()), *what, help);
        }
    }
}

/// What a text that is no script seems to be.
pub(super) fn no_script(text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    if start.starts_with("HTTP/") || start.starts_with("Content-Type:") {
        return Some("the file begins with the header of an HTTP response: store the body alone");
    }
    if start.starts_with("<!DOCTYPE") || start.starts_with("<html") || start.starts_with("<?xml") {
        return Some("this is a page and no script: look at what the server really sends");
    }
    if start.starts_with("<script") {
        return Some("a PAC has no <script> around it");
    }
    start.is_empty().then_some("the file is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_utf_8_or_else_iso_8859_1() {
        assert_eq!(read("\u{feff}\u{e9}".as_bytes()).text, "\u{e9}");
        assert!(read("\u{feff}a".as_bytes()).mark && !read(b"a").mark);
        assert_eq!(read(b"\xe9").text, "\u{e9}");
    }

    #[test]
    fn secrets_are_seen_and_other_texts_are_not() {
        let seen = |text: &str| SECRETS.iter().any(|(pattern, _)| pattern.is_match(text));
        for text in [
            "\"http://joe:secret@proxy.test/\"",
            "var password = 'hunter2';",
            "{\"apiKey\": \"abcdef\"}",
            "\"Proxy-Authorization: Basic abc\"",
            "'Basic dXNlcjpwYXNz'",
            "return \"PROXY joe:pw@proxy.test:3128\"",
        ] {
            assert!(seen(text), "{text}");
        }
        for text in [
            "\"http://proxy.test:3128/\"",
            "return \"PROXY proxy.test:3128\"",
            "// the password is kept elsewhere",
            "shExpMatch(url, \"*password=*\")",
            "if (host == \"basic.test\")",
        ] {
            assert!(!seen(text), "{text}");
        }
    }
}
