//! The body of a message, from bytes.
//!
//! RFC 9112, sections 6 and 7.1 (chunks).

use bytes::{Buf, Bytes, BytesMut};
use hyper::HeaderMap;

use super::lines;

/// What came does not keep to HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub(in crate::net) &'static str);

/// Where a body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// After so many bytes.
    Exactly(u64),
    /// After the last chunk.
    Chunked,
    /// With the connection: nobody can tell whether it is whole.
    UntilClose,
}

/// Takes a body out of what comes.
#[derive(Debug)]
pub struct Decoder(State);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Exactly(u64),
    UntilClose,
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    Ended,
}

/// What is found next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Bytes of the body; never none.
    Data(Bytes),
    /// The fields after the last chunk; the body ends with them.
    Trailers(HeaderMap),
    /// The body has ended.
    End,
    /// More has to come first.
    More,
}

/// The line of a chunk's size at most: extensions are not looked at.
const LONGEST_LINE: usize = 4 << 10;

impl Decoder {
    /// A decoder at the beginning of a body.
    pub fn new(length: BodyLength) -> Self {
        Self(match length {
            BodyLength::Exactly(0) => State::Ended,
            BodyLength::Exactly(length) => State::Exactly(length),
            BodyLength::Chunked => State::ChunkSize,
            BodyLength::UntilClose => State::UntilClose,
        })
    }

    /// Whether all of the body was taken.
    pub fn has_ended(&self) -> bool {
        self.0 == State::Ended
    }

    /// How many bytes are still to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        match self.0 {
            State::Exactly(left) => Some(left),
            State::Ended => Some(0),
            State::UntilClose
            | State::ChunkSize
            | State::Chunk(_)
            | State::ChunkEnd
            | State::Trailers => None,
        }
    }

    /// Passes over data of a known length that was taken elsewhere: no more than is [left](Self::left).
    pub fn skip(&mut self, bytes: u64) {
        if let State::Exactly(left) = self.0 {
            let left = left.saturating_sub(bytes);
            self.0 = if left == 0 { State::Ended } else { State::Exactly(left) };
        }
    }

    /// Takes the next part of the body.
    ///
    /// # Errors
    /// Chunks that are malformed.
    pub fn step(&mut self, buffer: &mut BytesMut) -> Result<Step, Malformed> {
        loop {
            match self.0 {
                State::Ended => return Ok(Step::End),
                _ if buffer.is_empty() => return Ok(Step::More),
                State::UntilClose => return Ok(Step::Data(buffer.split().freeze())),
                State::Exactly(left) => {
                    let (data, left) = part(buffer, left);
                    self.0 = if left == 0 { State::Ended } else { State::Exactly(left) };
                    return Ok(Step::Data(data));
                }
                State::Chunk(left) => {
                    let (data, left) = part(buffer, left);
                    self.0 = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                    return Ok(Step::Data(data));
                }
                State::ChunkEnd => match buffer.get(..2) {
                    Some(b"\r\n") => {
                        buffer.advance(2);
                        self.0 = State::ChunkSize;
                    }
                    None if buffer.first() == Some(&b'\r') => return Ok(Step::More),
                    _ => return Err(Malformed("chunk is not as long as it says")),
                },
                State::ChunkSize => {
                    let Some(size) = take_size(buffer)? else { return Ok(Step::More) };
                    self.0 = if size == 0 { State::Trailers } else { State::Chunk(size) };
                }
                State::Trailers => {
                    let Some(trailers) = lines::take_trailers(buffer)? else {
                        return Ok(Step::More);
                    };
                    self.0 = State::Ended;
                    let none = trailers.is_empty();
                    return Ok(if none { Step::End } else { Step::Trailers(trailers) });
                }
            }
        }
    }

    /// Passes over what is no data, so that [`has_ended`](Self::has_ended) tells of an end that has come.
    /// Trailers and what is malformed are left for [`step`](Self::step).
    pub fn look_for_end(&mut self, buffer: &mut BytesMut) {
        if self.0 == State::ChunkEnd && buffer.starts_with(b"\r\n0\r\n\r\n") {
            buffer.advance(7);
            self.0 = State::Ended;
        }
    }

    /// Whether the body may end now, where its connection has.
    pub fn ends_here(&self) -> bool {
        matches!(self.0, State::Ended | State::UntilClose)
    }
}

/// The size that a chunk's line gives (without its end): 15 hexadecimal digits at most, which is 2^60, so
/// that no sum of a chunk and its surroundings overflows. Extensions are passed over.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let (size, rest) = line.split_at_checked(digits)?;
    let ends = matches!(rest.trim_ascii_start().first(), None | Some(b';'));
    let size = std::str::from_utf8(size).ok().filter(|_| (1..=15).contains(&digits) && ends)?;
    u64::from_str_radix(size, 16).ok()
}

/// At most `left` bytes, and how many are left then.
fn part(buffer: &mut BytesMut, left: u64) -> (Bytes, u64) {
    let here = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
    let data = buffer.split_to(here).freeze();
    (data, left - u64::try_from(here).unwrap_or(left))
}

/// The size of the next chunk; `None`: its line has not come to its end.
fn take_size(buffer: &mut BytesMut) -> Result<Option<u64>, Malformed> {
    let bad = Malformed("chunk has no size");
    let Some(end) = memchr::memchr(b'\n', buffer) else {
        let long = buffer.len() > LONGEST_LINE;
        return if long { Err(Malformed("line of a chunk is too long")) } else { Ok(None) };
    };
    let line = buffer.get(..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(bad)?;
    if line.len() > LONGEST_LINE || memchr::memchr(b'\r', line).is_some() {
        return Err(bad);
    }
    let size = chunk_size(line).ok_or(bad)?;
    buffer.advance(end + 1);
    Ok(Some(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a body comes to, the same however its bytes are cut: its data, its trailers, and whether it
    /// has ended.
    fn decoded(length: BodyLength, bytes: &[u8]) -> Result<(Vec<u8>, usize, bool), Malformed> {
        let decode = |size: usize| {
            let (mut decoder, mut buffer) = (Decoder::new(length), BytesMut::new());
            let (mut data, mut fields) = (Vec::new(), 0);
            for part in bytes.chunks(size) {
                buffer.extend_from_slice(part);
                loop {
                    match decoder.step(&mut buffer)? {
                        Step::Data(found) => data.extend_from_slice(&found),
                        Step::Trailers(found) => fields = found.len(),
                        Step::End | Step::More => break,
                    }
                    decoder.look_for_end(&mut buffer);
                }
            }
            Ok((data, fields, decoder.has_ended()))
        };
        let whole = decode(bytes.len());
        for size in 1..bytes.len() {
            assert_eq!(decode(size), whole, "{:?} in parts of {size}", bytes.escape_ascii());
        }
        whole
    }

    /// A body's framing and bytes; its data, the number of its trailers, and whether it has ended.
    type Case = (BodyLength, &'static [u8], &'static [u8], usize, bool);

    #[test]
    fn data_of_a_known_length_may_be_taken_elsewhere() {
        let (mut decoder, mut buffer) =
            (Decoder::new(BodyLength::Exactly(10)), BytesMut::from("ab"));
        assert_eq!(decoder.step(&mut buffer).unwrap(), Step::Data(Bytes::from("ab")));
        decoder.skip(5);
        assert_eq!((decoder.left(), decoder.has_ended()), (Some(3), false));
        buffer.extend_from_slice(b"cde");
        assert_eq!(decoder.step(&mut buffer).unwrap(), Step::Data(Bytes::from("cde")));
        assert!(decoder.has_ended());
        let mut all = Decoder::new(BodyLength::Exactly(10));
        all.skip(10);
        assert!(all.has_ended());
        let mut chunked = Decoder::new(BodyLength::Chunked);
        chunked.skip(10);
        assert!(!chunked.has_ended());
    }

    #[test]
    fn a_body_ends_where_its_framing_says() {
        use BodyLength::{Chunked, Exactly, UntilClose};
        let cases: [Case; 8] = [
            (Exactly(5), b"hello, more", b"hello", 0, true),
            (Exactly(5), b"hel", b"hel", 0, false),
            (Exactly(0), b"more", b"", 0, true),
            (UntilClose, b"hello", b"hello", 0, false),
            (Chunked, b"3\r\nabc\r\n2;x=\"y\"\r\nde\r\n0\r\n\r\nmore", b"abcde", 0, true),
            (Chunked, b"0A\r\n0123456789\r\n0\r\nA: b\r\nC: d\r\n\r\n", b"0123456789", 2, true),
            (Chunked, b"3\r\nabc\r\n0\r\n", b"abc", 0, false),
            (Chunked, b"3\r\nabc\r\n", b"abc", 0, false),
        ];
        for (length, bytes, data, fields, ended) in cases {
            let found = decoded(length, bytes);
            assert_eq!(found, Ok((data.to_vec(), fields, ended)), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn malformed_chunks_are_refused() {
        let cases: [&[u8]; 9] = [
            b"\r\nabc",
            b"x\r\nabc",
            b"3 4\nabc\r\n",
            b"-1\r\nabc",
            b"0x3\r\nabc\r\n",
            b"1000000000000000\r\nabc",
            b"3\r\nabcd\r\n0\r\n\r\n",
            b"3\r\nab\r\n0\r\n\r\n",
            b"0\r\nno field\r\n\r\n",
        ];
        for bytes in cases {
            assert!(decoded(BodyLength::Chunked, bytes).is_err(), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let line = [b"1;".to_vec(), vec![b'x'; LONGEST_LINE]].concat();
        let mut decoder = Decoder::new(BodyLength::Chunked);
        assert!(decoder.step(&mut line[..].into()).is_err());
    }

    #[test]
    fn only_a_body_that_says_nothing_of_its_length_may_end_with_its_connection() {
        assert!(Decoder::new(BodyLength::UntilClose).ends_here());
        assert!(Decoder::new(BodyLength::Exactly(0)).ends_here());
        assert!(!Decoder::new(BodyLength::Exactly(1)).ends_here());
        assert!(!Decoder::new(BodyLength::Chunked).ends_here());
    }
}
