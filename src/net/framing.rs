//! Strict framing of HTTP/1.1 requests: where one ends and the next begins, beyond doubt.
//!
//! hyper forgives what RFC 9112 lets a recipient forgive: lines that end with LF alone, and both a
//! `Content-Length` and a `Transfer-Encoding`. Somebody before or behind us may forgive otherwise,
//! and then a request can be smuggled past one of the two (RFC 9112, sections 2.2, 6.3 and 11.2).
//! Here such a request is refused. Pure: bytes in, verdict out; nothing is changed or buffered but
//! one header line.

/// Follows the bytes that a client sends, request by request.
#[derive(Debug)]
pub struct Framing {
    state: State,
    /// The line so far, where it did not arrive in one piece.
    line: Vec<u8>,
    head: Head,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// LF without CR before it.
    #[error("line must end with CR LF, found LF alone")]
    BareLf,
    /// CR without LF after it.
    #[error("CR must be followed by LF")]
    BareCr,
    /// A header line that begins with a blank.
    #[error("header line must not be folded")]
    Folded,
    /// A `Content-Length` that is no number of at most 18 digits, or a second one.
    #[error("Content-Length must be one number")]
    ContentLength,
    /// A `Transfer-Encoding` other than one `chunked`.
    #[error("Transfer-Encoding must be chunked, once")]
    TransferEncoding,
    /// Both of them.
    #[error("Content-Length and Transfer-Encoding exclude each other")]
    BothLengths,
    /// A chunk's size line, or what follows its data, is wrong.
    #[error("chunk is malformed")]
    Chunk,
    /// A line longer than any that is served.
    #[error("line is too long")]
    TooLong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before or in the request line.
    RequestLine,
    HeaderLine,
    /// Bytes of a body of known length that are still to come.
    Body(u64),
    ChunkSize,
    ChunkData(u64),
    /// CR LF after a chunk's data.
    ChunkEnd,
    Trailer,
    /// What follows a CONNECT or an upgrade is not HTTP any more.
    Opaque,
}

#[derive(Debug, Default, Clone, Copy)]
struct Head {
    content_length: Option<u64>,
    chunked: bool,
    opaque: bool,
}

/// Longest line that is looked at; hyper's own limit on a head is far lower.
const LONGEST: usize = 128 * 1024;

impl Default for Framing {
    fn default() -> Self {
        Self { state: State::RequestLine, line: Vec::new(), head: Head::default() }
    }
}

impl Framing {
    /// Looks at the next bytes of a connection.
    ///
    /// # Errors
    /// The first violation and its place in `bytes`; whatever stands before it is in order.
    pub fn look(&mut self, bytes: &[u8]) -> Result<(), (usize, Violation)> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            at += match self.state {
                State::Opaque => return Ok(()),
                State::Body(left) => self.skip(rest, left, State::Body, State::RequestLine),
                State::ChunkData(left) => self.skip(rest, left, State::ChunkData, State::ChunkEnd),
                State::RequestLine
                | State::HeaderLine
                | State::ChunkSize
                | State::ChunkEnd
                | State::Trailer => {
                    self.next_line(rest).map_err(|(place, violation)| (at + place, violation))?
                }
            };
        }
        Ok(())
    }

    /// Whether one request has ended and nothing of another has come.
    pub fn is_between(&self) -> bool {
        self.state == State::RequestLine && self.line.is_empty()
    }

    /// Whether a request has not begun, or its head is not there to its end.
    pub fn is_before_body(&self) -> bool {
        matches!(self.state, State::RequestLine | State::HeaderLine)
    }

    /// Whether what follows is not HTTP any more, or need not be.
    pub fn is_opaque(&self) -> bool {
        self.state == State::Opaque
    }

    /// Passes over bytes of a body; returns how many.
    fn skip(&mut self, rest: &[u8], left: u64, again: fn(u64) -> State, then: State) -> usize {
        let here = u64::try_from(rest.len()).unwrap_or(u64::MAX).min(left);
        self.state = if here == left { then } else { again(left - here) };
        usize::try_from(here).unwrap_or(rest.len())
    }

    /// Takes one line, or what is there of it; returns how many bytes that was.
    fn next_line(&mut self, rest: &[u8]) -> Result<usize, (usize, Violation)> {
        let Some(end) = memchr::memchr(b'\n', rest) else {
            self.line.extend_from_slice(rest);
            let last = rest.len() - 1;
            // A CR at the very end may still find its LF.
            let settled = self.line.split_last().map_or(&[][..], |(_, before)| before);
            return match memchr::memchr(b'\r', settled) {
                Some(_) => Err((last, Violation::BareCr)),
                None if self.line.len() > LONGEST => Err((last, Violation::TooLong)),
                None => Ok(rest.len()),
            };
        };
        let here = rest.get(..end).unwrap_or_default();
        let line = if self.line.is_empty() {
            here
        } else {
            self.line.extend_from_slice(here);
            &self.line
        };
        let verdict = match line.split_last() {
            _ if line.len() > LONGEST => Err(Violation::TooLong),
            Some((_, before)) if memchr::memchr(b'\r', before).is_some() => Err(Violation::BareCr),
            Some((b'\r', line)) => step(self.state, line, &mut self.head),
            _ => Err(Violation::BareLf),
        };
        self.line.clear();
        self.state = verdict.map_err(|violation| (end, violation))?;
        Ok(end + 1)
    }
}

/// The state after a line (without its end).
fn step(state: State, line: &[u8], head: &mut Head) -> Result<State, Violation> {
    match state {
        // Empty lines before a request are passed over: RFC 9112, section 2.2.
        State::RequestLine | State::Trailer if line.is_empty() => Ok(State::RequestLine),
        State::RequestLine => {
            *head = Head { opaque: line.starts_with(b"CONNECT "), ..Head::default() };
            Ok(State::HeaderLine)
        }
        State::HeaderLine if line.is_empty() => head.end(),
        State::HeaderLine => head.field(line).map(|()| State::HeaderLine),
        State::ChunkSize => match chunk_size(line).ok_or(Violation::Chunk)? {
            0 => Ok(State::Trailer),
            size => Ok(State::ChunkData(size)),
        },
        State::ChunkEnd if line.is_empty() => Ok(State::ChunkSize),
        State::ChunkEnd => Err(Violation::Chunk),
        State::Trailer if starts_blank(line) => Err(Violation::Folded),
        State::Trailer => Ok(State::Trailer),
        State::Body(_) | State::ChunkData(_) | State::Opaque => Ok(state),
    }
}

fn starts_blank(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// The size that a chunk's line gives (without its end): 15 hexadecimal digits at most, which is 2^60, so
/// that no sum of a chunk and its surroundings overflows. Extensions are passed over.
pub(super) fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (size, rest) = line.split_at_checked(digits)?;
    let ends = matches!(rest.trim_ascii_start().first(), None | Some(b';'));
    let size = std::str::from_utf8(size).ok().filter(|_| (1..=15).contains(&digits) && ends)?;
    u64::from_str_radix(size, 16).ok()
}

impl Head {
    fn field(&mut self, line: &[u8]) -> Result<(), Violation> {
        if starts_blank(line) {
            return Err(Violation::Folded);
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (name, rest) = line.split_at_checked(colon).unwrap_or((line, &[]));
        let value = rest.get(1..).unwrap_or_default().trim_ascii();
        // A blank before the colon would hide the name from some readers (RFC 9112, section 5.1);
        // hyper refuses it.
        if name.eq_ignore_ascii_case(b"content-length") {
            self.content_length(value)
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            let once = !self.chunked && value.eq_ignore_ascii_case(b"chunked");
            self.chunked = true;
            if once { Ok(()) } else { Err(Violation::TransferEncoding) }
        } else {
            self.opaque |= name.eq_ignore_ascii_case(b"upgrade");
            Ok(())
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Violation> {
        let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        let number =
            std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
        match (number, self.content_length) {
            (Some(number), None) => {
                self.content_length = Some(number);
                Ok(())
            }
            _ => Err(Violation::ContentLength),
        }
    }

    fn end(self) -> Result<State, Violation> {
        match (self.chunked, self.content_length) {
            (true, Some(_)) => Err(Violation::BothLengths),
            _ if self.opaque => Ok(State::Opaque),
            (true, None) => Ok(State::ChunkSize),
            (false, None | Some(0)) => Ok(State::RequestLine),
            (false, Some(length)) => Ok(State::Body(length)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdict, the same however the bytes are cut.
    fn verdict(text: &str) -> Result<(), Violation> {
        let whole = Framing::default().look(text.as_bytes()).map_err(|(_, violation)| violation);
        for size in 1..=text.len() {
            let mut framing = Framing::default();
            let cut: Result<Vec<()>, _> =
                text.as_bytes().chunks(size).map(|part| framing.look(part)).collect();
            assert_eq!(
                cut.map(|_| ()).map_err(|(_, violation)| violation),
                whole,
                "{text:?} in pieces of {size}"
            );
        }
        whole
    }

    #[test]
    fn requests_in_order_pass() {
        for text in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nPOST / HTTP/1.1\r\nContent-Length: 5\r\n\r\na\nb\n\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=\"y\"\r\na\nb\r\n0\r\nT: x\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "CONNECT a:443 HTTP/1.1\r\n\r\n\x16\n\n\r\n any thing\n",
            "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\n\n",
        ] {
            assert_eq!(verdict(text), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn doubtful_requests_are_refused() {
        use Violation::{
            BareCr, BareLf, BothLengths, Chunk, ContentLength, Folded, TransferEncoding,
        };
        let post = |head: &str| format!("POST / HTTP/1.1\r\n{head}\r\n\r\n");
        let chunks =
            |body: &str| format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let cases = [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n".to_owned(), BareLf),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n".to_owned(), BareLf),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n".to_owned(), BareLf),
            ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n".to_owned(), BareCr),
            (post("A: b\r\n c"), Folded),
            (post("Content-Length: 5\r\nTransfer-Encoding: chunked"), BothLengths),
            (post("Transfer-Encoding: chunked\r\nContent-Length: 5"), BothLengths),
            (post("Content-Length: 5\r\nContent-Length: 5"), ContentLength),
            (post("Content-Length: 5, 5"), ContentLength),
            (post("Content-Length: +5"), ContentLength),
            (post("Content-Length: 0x5"), ContentLength),
            (post("Content-Length:"), ContentLength),
            (post("Content-Length: 99999999999999999999"), ContentLength),
            (post("Transfer-Encoding: xchunked"), TransferEncoding),
            (post("Transfer-Encoding: gzip, chunked"), TransferEncoding),
            (post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), TransferEncoding),
            (post("Transfer-Encoding: identity"), TransferEncoding),
            (chunks("x\r\n"), Chunk),
            (chunks("-1\r\n"), Chunk),
            (chunks("0x3\r\nabc\r\n"), Chunk),
            (chunks("1000000000000000\r\n"), Chunk),
            (chunks("3\r\nabcd\r\n"), Chunk),
            (chunks("3\nabc\r\n"), BareLf),
            (chunks("3\r\nabc\n"), BareLf),
            (chunks("0\r\nA: b\r\n c\r\n\r\n"), Folded),
        ];
        for (text, violation) in cases {
            assert_eq!(verdict(&text), Err(violation), "{text:?}");
        }
    }
}
