//! The part of a file that is in memory.

use std::{
    io::{self, Read},
    mem,
};

use serde::{Deserialize, de::IgnoredAny};

/// Why a document could not be read. The operator gets the message of a second, slower look at it.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Reading failed.
    Io(io::Error),
    /// The content is wrong, noticed at or after this offset.
    Content { offset: u64, message: String },
}

impl Fault {
    pub(crate) fn content(offset: u64, message: impl ToString) -> Self {
        Self::Content { offset, message: message.to_string() }
    }
}

/// Room before what is read ahead, for what is left of the window before it: the beginning of a value.
const ROOM: usize = if cfg!(test) { 16 } else { 64 << 10 };

/// A window on a file, which moves on and never back.
pub(crate) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    /// What the buffer holds is `buffer[origin..end]`; what has not been used yet begins at `start`.
    origin: usize,
    start: usize,
    end: usize,
    /// Offset of `buffer[origin]` in the file.
    base: u64,
    /// Line feeds before it.
    lines: u64,
    ended: bool,
    /// How much is read ahead.
    size: usize,
    ahead: Option<Ahead>,
    /// For what is read ahead next time.
    spare: Vec<u8>,
}

/// What follows the window: `buffer[ROOM..end]`.
struct Ahead {
    buffer: Vec<u8>,
    end: usize,
    read: io::Result<bool>,
}

impl<R: Read> Window<R> {
    /// The beginning of a file, `size` bytes of it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn open(input: R, size: usize) -> Result<Self, Fault> {
        let buffer = vec![0; size];
        let (origin, start, end, base, lines) = (0, 0, 0, 0, 0);
        let (ended, ahead, spare) = (false, None, Vec::new());
        let mut window = Self { input, buffer, origin, start, end, base, lines, ended, size, ahead, spare };
        window.refill()?;
        if window.rest().starts_with(b"\xef\xbb\xbf") {
            window.start += 3;
        }
        Ok(window)
    }

    /// What is in memory and not used yet.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Has `work` look at that, while what follows is read for the next [`Self::refill`].
    pub(crate) fn meanwhile<T: Send>(&mut self, work: impl FnOnce(&[u8]) -> T + Send) -> T
    where
        R: Send,
    {
        let Self { input, buffer, start, end, ended, size, ahead, spare, .. } = self;
        let rest = &buffer[*start..*end];
        if *ended || ahead.is_some() {
            return work(rest);
        }
        let (done, read) = rayon::join(
            || work(rest),
            || {
                let mut next = mem::take(spare);
                next.resize(ROOM + *size, 0);
                let mut end = ROOM;
                let read = fill(input, &mut next, &mut end);
                Ahead { buffer: next, end, read }
            },
        );
        *ahead = Some(read);
        done
    }

    /// Where that begins in the file.
    pub(crate) fn offset(&self) -> u64 {
        self.base + (self.start - self.origin) as u64
    }

    /// Was everything read that there is?
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Is done with so many bytes.
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.start = self.end.min(self.start + bytes);
    }

    /// The one-based line of a place that is in memory.
    pub(crate) fn line(&self, offset: u64) -> u64 {
        let known = &self.buffer[self.origin..self.end];
        let before = usize::try_from(offset.saturating_sub(self.base)).unwrap_or(usize::MAX).min(known.len());
        1 + self.lines + line_feeds(&known[..before])
    }

    /// Reads on; false at the end of the file. A value longer than half the window doubles it: the text of such a value
    /// is parsed anew after each doubling, which is linear in its length all told.
    pub(crate) fn refill(&mut self) -> Result<bool, Fault> {
        if self.ended {
            return Ok(false);
        }
        self.lines += line_feeds(&self.buffer[self.origin..self.start]);
        self.base = self.offset();
        let left = self.start..self.end;
        match self.ahead.take() {
            Some(Ahead { buffer: mut next, end, read }) => {
                self.ended = !read.map_err(Fault::Io)?;
                if left.len() <= ROOM {
                    self.start = ROOM - left.len();
                    next[self.start..ROOM].copy_from_slice(&self.buffer[left]);
                    self.end = end;
                    mem::swap(&mut self.buffer, &mut next);
                } else {
                    // It doubles the window next time.
                    self.size = self.size.max(left.len());
                    self.compact();
                    self.buffer.truncate(self.end);
                    self.buffer.extend_from_slice(&next[ROOM..end]);
                    self.end = self.buffer.len();
                }
                self.spare = next;
            }
            None => {
                self.compact();
                if self.end * 2 > self.buffer.len() {
                    self.buffer.resize(self.buffer.len() * 2, 0);
                }
                self.ended = !fill(&mut self.input, &mut self.buffer, &mut self.end).map_err(Fault::Io)?;
            }
        }
        self.origin = self.start;
        Ok(true)
    }

    /// Moves what is left to the front.
    fn compact(&mut self) {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
    }

    /// The next byte that is not white space.
    pub(crate) fn peek(&mut self) -> Result<Option<u8>, Fault> {
        loop {
            self.start = skip_space(&self.buffer[..self.end], self.start);
            if let Some(&byte) = self.rest().first() {
                return Ok(Some(byte));
            }
            if !self.refill()? {
                return Ok(None);
            }
        }
    }

    /// Passes over this byte.
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek()? != Some(byte) {
            return Err(Fault::content(self.offset(), format!("expected `{}`", char::from(byte))));
        }
        self.start += 1;
        Ok(())
    }

    /// Passes over this byte where it comes next.
    pub(crate) fn take(&mut self, byte: u8) -> Result<bool, Fault> {
        let next = self.peek()? == Some(byte);
        self.start += usize::from(next);
        Ok(next)
    }

    /// Has `each` read the value of each member of an object.
    pub(crate) fn object<E: From<Fault>>(
        &mut self,
        mut each: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.expect(b'{')?;
        let mut more = !self.take(b'}')?;
        while more {
            let key: String = self.value(|text: String| text)?;
            self.expect(b':')?;
            each(self, &key)?;
            more = self.take(b',')?;
            // After a comma comes a key: `{"a": 1,}` fails there.
            if !more {
                self.expect(b'}')?;
            }
        }
        Ok(())
    }

    /// The next value, whatever its length.
    pub(crate) fn value<'a, T: Deserialize<'a>, U>(&'a mut self, keep: impl Fn(T) -> U) -> Result<U, Fault>
    where
        R: 'a,
    {
        // Finding the end first and parsing afterwards keeps the borrow of the buffer out of the loop that changes it.
        let length = self.whole()?;
        let offset = self.offset();
        let from = self.start;
        self.start += length;
        serde_json::from_slice(&self.buffer[from..from + length])
            .map(keep)
            .map_err(|error| Fault::content(offset, error))
    }

    /// Has the whole of the next value in memory; its length.
    pub(crate) fn whole(&mut self) -> Result<usize, Fault> {
        loop {
            let mut stream = serde_json::Deserializer::from_slice(self.rest()).into_iter::<IgnoredAny>();
            let found = stream.next();
            let length = stream.byte_offset();
            match found {
                // A number that touches the end of the window may go on behind it.
                Some(Ok(IgnoredAny)) if length < self.rest().len() || self.ended => return Ok(length),
                Some(Err(error)) if !error.is_eof() => return Err(Fault::content(self.offset(), error)),
                _ => {
                    if !self.refill()? {
                        return Err(Fault::content(self.offset(), "the file ends inside a value"));
                    }
                }
            }
        }
    }
}

/// Reads from `end` on until the buffer is full or the input ends, which is false.
fn fill(input: &mut impl Read, buffer: &mut [u8], end: &mut usize) -> io::Result<bool> {
    while *end < buffer.len() {
        match input.read(&mut buffer[*end..]) {
            Ok(0) => return Ok(false),
            Ok(count) => *end += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// The bytes as text, and whether something that is no text follows. Looking once at all of them takes a tenth of the time
/// of looking at each of many short strings. A character that the window cuts in two waits for the next one.
pub(crate) fn valid(bytes: &[u8]) -> (&str, bool) {
    match str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let text = bytes.get(..error.valid_up_to()).and_then(|valid| str::from_utf8(valid).ok());
            (text.unwrap_or_default(), error.error_len().is_some())
        }
    }
}

pub(crate) fn skip_space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(rest.len())
}

/// How many. Sums of so few that they fit in a byte are what a compiler makes fast.
fn line_feeds(text: &[u8]) -> u64 {
    text.chunks(128).map(|part| u64::from(part.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a file to its end by windows, each of which leaves some bytes; the largest that a buffer became.
    fn largest(text: &[u8], size: usize, left: impl Fn(usize) -> usize + Sync) -> usize {
        let mut window = Window::open(text, size).unwrap();
        let (mut seen, mut largest) = (Vec::new(), 0);
        loop {
            let used = window.meanwhile(|rest| rest[..rest.len() - left(rest.len())].to_vec());
            assert_eq!(window.offset(), seen.len() as u64);
            window.advance(used.len());
            seen.extend(used);
            largest = largest.max(window.buffer.len()).max(window.ahead.as_ref().map_or(0, |ahead| ahead.buffer.len()));
            if !window.refill().unwrap() {
                seen.extend(window.rest());
                break;
            }
        }
        assert_eq!(seen, text);
        largest
    }

    #[test]
    fn a_window_does_not_grow_with_the_file() {
        let text: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
        assert!(largest(&text, 100, |length| length.min(10)) <= 100 + ROOM, "what is left has room in front");
        assert!(largest(&text, 100, |length| length.min(40)) <= 100 + 40 + ROOM, "and where it has none, it is copied");
        assert!(largest(&text, 100, |length| if length < 5_000 { length } else { 0 }) <= 20_000, "twice a long value");
    }
}
