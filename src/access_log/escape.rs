//! What clients and origins send becomes one field of one line, and never more.
//!
//! Each format has its own way of escaping; of each it holds that its output has no control character,
//! no line end, and nothing that would end the field it is in.

/// A field between spaces, as Squid writes it (RFC 3986, section 2.1): `%20`.
pub(super) fn percent(line: &mut Vec<u8>, text: &[u8], also_percent: bool) {
    spans(
        line,
        text,
        |byte| (b'!'..=b'~').contains(&byte) && (!also_percent || byte != b'%'),
        |line, byte| {
            line.push(b'%');
            line.extend_from_slice(&hex(byte, b"0123456789ABCDEF"));
        },
    );
}

/// A field between quotes, as Apache writes it: `\"`, `\\`, `\x20`; `spaces` are kept as they are.
pub(super) fn quoted(line: &mut Vec<u8>, text: &[u8], spaces: bool) {
    let plain = |byte| matches!(byte, b'!' | b'#'..=b'[' | b']'..=b'~') || (spaces && byte == b' ');
    spans(line, text, plain, |line, byte| match byte {
        b'"' | b'\\' => line.extend_from_slice(&[b'\\', byte]),
        _ => {
            line.extend_from_slice(b"\\x");
            line.extend_from_slice(&hex(byte, b"0123456789abcdef"));
        }
    });
}

/// The inside of a JSON string (RFC 8259, section 7). Bytes that are no UTF-8 become U+FFFD; DEL and the
/// C1 controls, which a terminal might obey, are escaped though they need not be.
pub(super) fn json(line: &mut Vec<u8>, text: &[u8]) {
    if all(text, |byte| matches!(byte, b' ' | b'!' | b'#'..=b'[' | b']'..=b'~')) {
        line.extend_from_slice(text);
        return;
    }
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => line.extend_from_slice(b"\\\""),
                '\\' => line.extend_from_slice(b"\\\\"),
                '\n' => line.extend_from_slice(b"\\n"),
                '\r' => line.extend_from_slice(b"\\r"),
                '\t' => line.extend_from_slice(b"\\t"),
                c if c.is_control() => {
                    line.extend_from_slice(b"\\u00");
                    let byte = u8::try_from(c).unwrap_or_default();
                    line.extend_from_slice(&hex(byte, b"0123456789abcdef"));
                }
                c => line.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            line.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

fn hex(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    let digit = |nibble: u8| digits.get(usize::from(nibble)).copied().unwrap_or_default();
    [digit(byte >> 4), digit(byte & 15)]
}

/// Whether all bytes are plain. Looks at every one of them, so that it compiles to vector instructions:
/// nearly always the answer is yes.
fn all(text: &[u8], plain: impl Fn(u8) -> bool) -> bool {
    text.iter().fold(true, |all, byte| all & plain(*byte))
}

/// Copies what is plain span by span, and spells what is not.
fn spans(
    line: &mut Vec<u8>,
    mut text: &[u8],
    plain: impl Fn(u8) -> bool,
    spell: impl Fn(&mut Vec<u8>, u8),
) {
    if all(text, &plain) {
        line.extend_from_slice(text);
        return;
    }
    while !text.is_empty() {
        let end = text.iter().position(|byte| !plain(*byte)).unwrap_or(text.len());
        let (span, rest) = text.split_at(end);
        line.extend_from_slice(span);
        text = rest;
        if let Some((byte, rest)) = text.split_first() {
            spell(line, *byte);
            text = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        write(&mut line);
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn each_format_escapes_in_its_own_way() {
        let odd = "a b\"c\\d\r\n%\u{e9}\u{7f}".as_bytes();
        assert_eq!(text(|l| percent(l, odd, false)), "a%20b\"c\\d%0D%0A%%C3%A9%7F");
        assert_eq!(text(|l| percent(l, odd, true)), "a%20b\"c\\d%0D%0A%25%C3%A9%7F");
        assert_eq!(text(|l| quoted(l, odd, true)), "a b\\\"c\\\\d\\x0d\\x0a%\\xc3\\xa9\\x7f");
        assert_eq!(text(|l| quoted(l, b"a b", false)), "a\\x20b");
        assert_eq!(text(|l| json(l, odd)), "a b\\\"c\\\\d\\r\\n%\u{e9}\\u007f");
        assert_eq!(text(|l| json(l, b"\xff\x1b\xc2\x9b")), "\u{fffd}\\u001b\\u009b");
    }

    proptest! {
        #[test]
        fn no_bytes_leave_their_field(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let squid = text(|l| percent(l, &bytes, true));
            prop_assert!(squid.bytes().all(|b| b.is_ascii_graphic()));
            let apache = text(|l| quoted(l, &bytes, true));
            prop_assert!(apache.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
            // An even number of backslashes before a quote would end the field.
            let bare = apache.replace("\\\\", "").replace("\\\"", "");
            prop_assert!(!bare.contains('"'));
            let quoted = format!("\"{}\"", text(|l| json(l, &bytes)));
            let read: String = serde_json::from_str(&quoted).unwrap();
            prop_assert_eq!(read, String::from_utf8_lossy(&bytes));
        }
    }
}
