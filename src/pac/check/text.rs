//! The file as a text: its size, its alphabet, and what should not be in it.

use std::sync::LazyLock;

use oxc::ast::ast::StringLiteral;
use oxc::ast_visit::Visit;
use oxc::span::Span;
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Fix, Report, Rule, Source};
use crate::pac::ascii::ascii_source;
use crate::pac::script::Script;

/// What some hosters take at most.
const LARGE: usize = 256 << 10;

/// What Chrome and Windows take at most.
const TOO_LARGE: usize = 1 << 20;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-8 with one.
    MarkedUtf8,
    /// ISO-8859-1, as it is no UTF-8.
    Latin1,
    /// UTF-16, by its byte order mark; the text is read, and cannot be written.
    Utf16,
}

impl Encoding {
    /// A text as bytes. A mark is left out where the text does not need it.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        match self {
            Self::MarkedUtf8 if !text.is_ascii() => ["\u{feff}", text].concat().into_bytes(),
            Self::Latin1 => {
                let byte = |c: char| u8::try_from(u32::from(c)).unwrap_or(b'?');
                text.chars().map(byte).collect()
            }
            Self::Utf8 | Self::MarkedUtf8 | Self::Utf16 => text.as_bytes().to_vec(),
        }
    }
}

/// Reads a file: as its byte order mark says, else as UTF-8 if it is that, else as ISO-8859-1.
pub fn read(bytes: &[u8]) -> Source {
    let wide = |big: bool, rest: &[u8]| {
        let unit = |pair: &[u8]| match *pair {
            [one, other] if big => u16::from_be_bytes([one, other]),
            [one, other] => u16::from_le_bytes([one, other]),
            _ => u16::from(b'?'),
        };
        String::from_utf16_lossy(&rest.chunks(2).map(unit).collect::<Vec<_>>())
    };
    let (text, encoding) = match bytes {
        [0xff, 0xfe, rest @ ..] => (wide(false, rest), Encoding::Utf16),
        [0xfe, 0xff, rest @ ..] => (wide(true, rest), Encoding::Utf16),
        [0xef, 0xbb, 0xbf, rest @ ..] => {
            (String::from_utf8_lossy(rest).into_owned(), Encoding::MarkedUtf8)
        }
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), Encoding::Utf8),
            Err(_) => (bytes.iter().copied().map(char::from).collect(), Encoding::Latin1),
        },
    };
    Source { text, bytes: bytes.len(), encoding }
}

pub(super) fn check(source: &Source, report: &mut Report) {
    let beginning = Span::new(0, 0);
    match source.encoding {
        Encoding::MarkedUtf8 => {
            let message = "begins with a byte order mark";
            report.add(
                Rule::ByteOrderMark,
                beginning,
                message,
                "save the file without it, in ASCII",
            );
            if source.text.is_ascii() {
                // What is written anew has none.
                report.fix_last(Fix { start: 0, end: 0, text: String::new() });
            }
        }
        Encoding::Utf16 => {
            let message = "is written in UTF-16, which few clients read";
            report.add(Rule::NonAscii, beginning, message, "save the file in ASCII");
        }
        Encoding::Utf8 | Encoding::Latin1 => {}
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
    credentials(source, report);
}

/// Characters beyond ASCII: in strings, where they have a fix, and in other code; those of comments do no harm.
pub(super) fn alphabet(script: &Script<'_>, report: &mut Report) {
    if script.text.is_ascii() {
        return;
    }
    let mut strings = Strings(Vec::new());
    strings.visit_program(script.program);
    for span in &strings.0 {
        let text = script.slice(*span);
        let Some(first) = text.chars().find(|c| !c.is_ascii()) else { continue };
        let message = format!("{first:?} is not ASCII");
        report.add(Rule::NonAscii, *span, message, "write \\u and four hexadecimal digits");
        // After a backslash an escape would mean something else.
        let escaped =
            text.chars().zip(text.chars().skip(1)).any(|(c, next)| c == '\\' && !next.is_ascii());
        if !escaped {
            report.fix_last(Fix { start: span.start, end: span.end, text: ascii_source(text) });
        }
    }
    let comments = script.program.comments.iter().map(|comment| comment.span);
    let mut known: Vec<Span> = comments.clone().chain(strings.0.iter().copied()).collect();
    known.sort_unstable_by_key(|span| span.start);
    let is_known = |at: u32| {
        let next = known.partition_point(|span| span.start <= at);
        next.checked_sub(1).and_then(|last| known.get(last)).is_some_and(|it| at < it.end)
    };
    let beyond = script.text.char_indices().filter(|(_, c)| !c.is_ascii());
    let mut elsewhere = beyond.map(|(at, c)| (span(at, at + c.len_utf8()), c));
    if let Some((span, first)) = elsewhere.find(|(span, _)| !is_known(span.start)) {
        let message = format!("{first:?} is not ASCII, and stands in code");
        report.add(Rule::NonAscii, span, message, "write the file in ASCII");
    }
    if let Some(comment) = comments.clone().find(|span| !script.slice(*span).is_ascii()) {
        let message = "is not all ASCII, which does no harm in a comment";
        report.add(Rule::NonAsciiComment, comment, message, "write the file in ASCII");
    }
}

struct Strings(Vec<Span>);

impl<'a> Visit<'a> for Strings {
    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        self.0.push(it.span);
    }
}

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
        (r#"[a-z][a-z0-9+.-]*://[^/\s"'@:*]+:[^/\s"'@*]+@"#, "user and password stand in a URL"),
        (
            r#"(?i)\b(?:[a-z_]*password|passwd|passphrase|secret|api_?key|auth_?token|access_?token)\b["']?\s*[:=]\s*["'][^"'\s]{4,}["']"#,
            "something like a password is set",
        ),
        (
            r#"(?i)["'](?:(?:proxy-)?authorization["']?\s*[:,=]\s*["']?)?basic\s+[A-Za-z0-9+/]{10,}={0,2}\s*["']|\b(?:PROXY|HTTPS?|SOCKS[45]?)\s+[^\s"';:@*]+:[^\s"';@*]+@"#,
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
    fn a_file_is_read_as_its_bytes_say_and_written_as_it_was() {
        assert_eq!(read("\u{feff}\u{e9}".as_bytes()).text, "\u{e9}");
        assert_eq!(read(b"\xe9").text, "\u{e9}");
        assert_eq!(read(b"\xff\xfea\0\xe9\0").text, "a\u{e9}");
        for bytes in [&b"\xe9"[..], "\u{e9}".as_bytes(), "\u{feff}\u{e9}".as_bytes()] {
            let source = read(bytes);
            assert_eq!(source.encoding.encode(&source.text), bytes, "nothing is lost");
        }
    }

    #[test]
    fn secrets_are_seen_and_other_texts_are_not() {
        let seen = |text: &str| SECRETS.iter().any(|(pattern, _)| pattern.is_match(text));
        for text in [
            "\"http://joe:secret@proxy.test/\"",
            "var password = 'hunter2';",
            "{\"apiKey\": \"abcdef\"}",
            "\"Proxy-Authorization: Basic dXNlcjpwYXNz\"",
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
            "// Authorization: see the wiki",
            "shExpMatch(url, \"http://*:*@*\")",
        ] {
            assert!(!seen(text), "{text}");
        }
    }
}
