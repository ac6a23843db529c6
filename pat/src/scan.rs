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
        std::iter::from_fn(move || {
            let rest = text.get(from..)?;
            let start = from + rest.find(|c| !is_blank(c))?;
            let rest = text.get(start..)?;
            let end = start + rest.find(is_blank).unwrap_or(rest.len());
            from = end;
            Some(Field { start, text: text.get(start..end)? })
        })
    }
}

pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// The lines of a text; CRLF and LF end a line.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.lines().enumerate().map(|(i, text)| Line { number: i + 1, text })
}
