//! Lines and fields of a table's text, each with its place.

/// A piece of one line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Byte offset in its line.
    pub(crate) start: usize,
    pub(crate) text: &'a str,
}

/// One line without its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// 1-based.
    pub(crate) number: usize,
    pub(crate) text: &'a str,
}

impl<'a> Line<'a> {
    /// 1-based column, in characters, of a byte offset.
    pub(crate) fn column(&self, offset: usize) -> usize {
        self.text.get(..offset).map_or(1, |before| before.chars().count() + 1)
    }

    /// The fields: what stands between blanks and tabs.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let text = self.text;
        let mut from = 0;
        // Blanks are ASCII, so bytes will do: tables are long.
        std::iter::from_fn(move || {
            let rest = text.as_bytes().get(from..)?;
            let start = from + rest.iter().position(|b| !matches!(b, b' ' | b'\t'))?;
            let rest = text.as_bytes().get(start..)?;
            let length = rest.iter().position(|b| matches!(b, b' ' | b'\t')).unwrap_or(rest.len());
            from = start + length;
            Some(Field { start, text: text.get(start..from)? })
        })
    }

    /// Byte offset and character of the first control character but the tab.
    pub(crate) fn control_character(&self) -> Option<(usize, char)> {
        // ASCII has all but 32 of them, and a line without either is decided by its bytes.
        let odd = |b: &u8| *b < b' ' && *b != b'\t' || *b > b'~';
        let start = self.text.bytes().position(|b| odd(&b))?;
        let mut characters = self.text.char_indices().skip_while(|(at, _)| *at < start);
        characters.find(|(_, c)| c.is_control() && *c != '\t')
    }
}

pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// The lines of a text; CRLF and LF end a line.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().enumerate().map(|(i, text)| Line { number: i + 1, text })
}
