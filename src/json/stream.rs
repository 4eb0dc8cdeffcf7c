//! Reads a document a window at a time: its one long list element by element, everything else as raw text.
//!
//! The snapshot of a large tenant is hundreds of megabytes, nearly all of it `users`; a saved plan is nearly all
//! `changes`. Only one window of the file is in memory, so that reading costs the elements it yields and a few megabytes,
//! whatever the size of the file.

use std::{
    borrow::Cow,
    io::{self, Read},
};

use rayon::prelude::*;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::walk;

/// Bytes of the file in memory at once, unless a single value is longer.
const WINDOW: usize = 2 << 20;

/// A part of a window is worth a thread from this size on.
const PART: usize = 128 << 10;

/// What a document looks like, and what is made of each element of its list.
pub(crate) trait Rows {
    /// The key of the list.
    const LIST: &'static str;
    /// The other keys that are kept; the rest is passed over.
    const HEAD: &'static [&'static str];
    /// An element as parsed, borrowing from the window.
    type Row<'a>: Deserialize<'a>;
    /// What is kept of it.
    type Item: Send;
    /// `text` is the element's own text and `offset` its place in the file.
    fn keep<'a>(row: Self::Row<'a>, text: &'a [u8], offset: u64) -> Self::Item;
}

/// A document, read to its end.
pub(crate) struct Document<T> {
    /// The values of [`Rows::HEAD`], as text.
    pub(crate) head: Vec<(&'static str, Box<[u8]>)>,
    /// What was kept of the list, in the order of the file; nothing where the key is missing.
    pub(crate) list: Option<Vec<T>>,
}

/// Why a document could not be read. The operator gets the message of a second, slower pass over the file.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Reading failed.
    Io(io::Error),
    /// The content is wrong, noticed at or after this offset.
    Content { offset: u64, message: String },
}

impl Fault {
    fn content(offset: u64, message: impl ToString) -> Self {
        Self::Content { offset, message: message.to_string() }
    }
}

/// Reads a document.
pub(crate) fn read<R: Rows>(input: impl Read) -> Result<Document<R::Item>, Fault> {
    read_by::<R>(input, WINDOW)
}

fn read_by<R: Rows>(input: impl Read, size: usize) -> Result<Document<R::Item>, Fault> {
    let mut window = Window { input, buffer: vec![0; size], start: 0, end: 0, base: 0, ended: false };
    window.refill()?;
    if window.rest().starts_with(b"\xef\xbb\xbf") {
        window.start += 3;
    }
    let mut document = Document { head: Vec::new(), list: None };
    window.expect(b'{')?;
    let mut more = window.peek()? != Some(b'}');
    if !more {
        window.start += 1;
    }
    while more {
        let key: String = window.value(|text: String| text)?;
        window.expect(b':')?;
        if key == R::LIST && window.peek()? == Some(b'[') {
            if document.list.is_some() {
                return Err(Fault::content(window.offset(), format!("{key} is given twice")));
            }
            window.start += 1;
            document.list = Some(list::<R>(&mut window)?);
        } else if let Some(known) = R::HEAD.iter().copied().find(|&known| known == key) {
            if document.head.iter().any(|(seen, _)| *seen == known) {
                return Err(Fault::content(window.offset(), format!("{known} is given twice")));
            }
            let raw = window.value(|raw: &RawValue| Box::from(raw.get().as_bytes()))?;
            document.head.push((known, raw));
        } else if key == R::LIST {
            return Err(Fault::content(window.offset(), format!("{key} is not a list")));
        } else {
            window.value(|IgnoredAny| ())?;
        }
        more = window.peek()? == Some(b',');
        // After a comma comes a key: `{"a": 1,}` fails there.
        window.expect(if more { b',' } else { b'}' })?;
    }
    match window.peek()? {
        None => Ok(document),
        Some(_) => Err(Fault::content(window.offset(), "text after the end of the document")),
    }
}

/// The elements of the list, from after the bracket to past its end.
fn list<R: Rows>(window: &mut Window<impl Read>) -> Result<Vec<R::Item>, Fault> {
    if window.peek()? == Some(b']') {
        window.start += 1;
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    loop {
        let (text, broken) = valid(window.rest());
        let end = window.offset() + text.len() as u64;
        let run = parse::<R>(text, window.offset());
        if items.is_empty() {
            items = run.items;
        } else {
            items.extend(run.items);
        }
        window.start += run.next;
        match run.stop {
            Stop::End => return Ok(items),
            Stop::Fault(fault) => return Err(fault),
            Stop::More | Stop::Limit if broken => {
                return Err(Fault::content(end, "text that is not UTF-8"));
            }
            Stop::More | Stop::Limit => {
                if !window.refill()? {
                    return Err(Fault::content(window.offset(), format!("the file ends inside {}", R::LIST)));
                }
            }
        }
    }
}

/// The window as text, and whether something that is no text follows. Looking once at all of it takes a tenth of the time
/// of looking at each of its many short strings. A character that the window cuts in two waits for the next one.
fn valid(window: &[u8]) -> (&str, bool) {
    match str::from_utf8(window) {
        Ok(text) => (text, false),
        Err(error) => {
            let text = window.get(..error.valid_up_to()).and_then(|valid| str::from_utf8(valid).ok());
            (text.unwrap_or_default(), error.error_len().is_some())
        }
    }
}

/// A stretch of elements, parsed one after the other.
struct Run<T> {
    items: Vec<T>,
    /// Where the next element begins: all before is done with.
    next: usize,
    stop: Stop,
}

enum Stop {
    /// The limit was reached.
    Limit,
    /// The window ends inside the element at `next`.
    More,
    /// The list ended.
    End,
    Fault(Fault),
}

/// Parses the elements of a window, on several threads where there is enough of it.
///
/// Where an element begins can only be known by parsing all before it. So the places at which the threads start are
/// *guessed*, and a thread's work counts only if the parser before it arrives at exactly that place. A wrong guess (an
/// element that holds the marker twice) costs time and cannot change the result.
fn parse<R: Rows>(text: &str, base: u64) -> Run<R::Item> {
    if text.len() < 2 * PART {
        return run::<R>(text, 0, text.len(), base);
    }
    let parts = rayon::current_num_threads().clamp(1, text.len() / PART);
    let mut starts = vec![0];
    starts.extend((1..parts).filter_map(|part| guess(text.as_bytes(), part * (text.len() / parts))));
    starts.dedup();
    let limit = |part: usize| starts.get(part + 1).copied().unwrap_or(text.len());
    let runs: Vec<_> =
        starts.par_iter().enumerate().map(|(part, &start)| run::<R>(text, start, limit(part), base)).collect();
    let mut whole = Run { items: Vec::new(), next: 0, stop: Stop::Limit };
    for (part, guessed) in runs.into_iter().enumerate() {
        if !matches!(whole.stop, Stop::Limit) {
            break;
        }
        let right = starts.get(part) == Some(&whole.next);
        let mut known = if right { guessed } else { run::<R>(text, whole.next, limit(part), base) };
        if whole.items.is_empty() {
            whole.items = known.items;
        } else {
            whole.items.append(&mut known.items);
        }
        (whole.next, whole.stop) = (known.next, known.stop);
    }
    whole
}

/// The first two keys of the object at `at`.
fn opening(text: &[u8], at: usize) -> Option<[Cow<'_, str>; 2]> {
    let mut keys = walk::members(text, at..text.len()).map(|(key, _)| key);
    Some([keys.next()?, keys.next()?])
}

/// A place after `from` where an element probably begins: a brace followed by the keys that open the first element.
/// Programs write the keys of every element in one order, and the objects inside an element have other keys.
fn guess(text: &[u8], from: usize) -> Option<usize> {
    let first = opening(text, 0)?;
    let near = text.get(..text.len().min(from + (64 << 10)))?;
    let braces = near.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'{').map(|(at, _)| at);
    braces.into_iter().find(|&brace| opening(near, brace).as_ref() == Some(&first))
}

/// Parses elements from `at` until `limit` is reached, the text or the list ends, or something is wrong.
fn run<R: Rows>(text: &str, mut at: usize, limit: usize, base: u64) -> Run<R::Item> {
    let mut items = Vec::new();
    let bytes = text.as_bytes();
    let stop = loop {
        at = skip_space(bytes, at);
        if at >= limit {
            break if at < text.len() { Stop::Limit } else { Stop::More };
        }
        // `at` stands behind white space, a comma or a bracket, so never inside a character.
        let element = &text[at..];
        let mut stream = serde_json::Deserializer::from_str(element).into_iter::<R::Row<'_>>();
        let row = match stream.next() {
            None => break Stop::More,
            Some(Ok(row)) => row,
            Some(Err(error)) if error.is_eof() => break Stop::More,
            Some(Err(error)) => break Stop::Fault(Fault::content(base + at as u64, error)),
        };
        let length = stream.byte_offset();
        let after = skip_space(bytes, at + length);
        let last = match bytes.get(after) {
            // Whether the element is whole is known once something follows it.
            None => break Stop::More,
            Some(b',') => false,
            Some(b']') => true,
            Some(_) => break Stop::Fault(Fault::content(base + after as u64, "expected `,` or `]`")),
        };
        if items.is_empty() {
            // About as many as there is room for, if all are as long as the first.
            items.reserve((limit - at) / length.max(1) + 1);
        }
        items.push(R::keep(row, &element.as_bytes()[..length], base + at as u64));
        at = after + 1;
        if last {
            break Stop::End;
        }
    };
    Run { items, next: at, stop }
}

fn skip_space(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(rest.len())
}

/// The part of the file that is in memory.
struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    /// What has not been used yet is `buffer[start..end]`.
    start: usize,
    end: usize,
    /// Offset of `buffer[0]` in the file.
    base: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Reads on; false at the end of the file. A value longer than half the window doubles it: the text of such a value
    /// is parsed anew after each doubling, which is linear in its length all told.
    fn refill(&mut self) -> Result<bool, Fault> {
        if self.ended {
            return Ok(false);
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        (self.start, self.end) = (0, self.end - self.start);
        if self.end * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        while self.end < self.buffer.len() {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Io(error)),
            }
        }
        Ok(true)
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Result<Option<u8>, Fault> {
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

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek()? != Some(byte) {
            return Err(Fault::content(self.offset(), format!("expected `{}`", char::from(byte))));
        }
        self.start += 1;
        Ok(())
    }

    /// The next value, whatever its length.
    fn value<'a, T: Deserialize<'a>, U>(&'a mut self, keep: impl Fn(T) -> U) -> Result<U, Fault>
    where
        R: 'a,
    {
        // Finding the end first and parsing afterwards keeps the borrow of the buffer out of the loop that changes it.
        let length = loop {
            let mut stream = serde_json::Deserializer::from_slice(self.rest()).into_iter::<IgnoredAny>();
            let found = stream.next();
            let length = stream.byte_offset();
            match found {
                // A number that touches the end of the window may go on behind it.
                Some(Ok(IgnoredAny)) if length < self.rest().len() || self.ended => break length,
                Some(Err(error)) if !error.is_eof() => return Err(Fault::content(self.offset(), error)),
                _ => {
                    if !self.refill()? {
                        return Err(Fault::content(self.offset(), "the file ends inside a value"));
                    }
                }
            }
        };
        let offset = self.offset();
        let from = self.start;
        self.start += length;
        serde_json::from_slice(&self.buffer[from..from + length])
            .map(keep)
            .map_err(|error| Fault::content(offset, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps each element's text and place.
    struct Texts;

    impl Rows for Texts {
        const LIST: &'static str = "users";
        const HEAD: &'static [&'static str] = &["tenant"];
        type Row<'a> = &'a RawValue;
        type Item = (String, u64);
        fn keep<'a>(row: &'a RawValue, text: &'a [u8], offset: u64) -> Self::Item {
            assert_eq!(row.get().as_bytes(), text);
            (row.get().to_owned(), offset)
        }
    }

    fn elements(count: usize) -> String {
        let user = |n| format!(r#"{{"id": {n}, "upn": "user{n}", "x": [{{"id": {n}, "upn": "inner, …"}}]}}"#);
        (0..count).map(user).collect::<Vec<_>>().join(" ,\r\n")
    }

    #[test]
    fn every_window_size_reads_the_same() {
        let text = format!("\u{feff} {{\"a\": 12345, \"tenant\": {{}}, \"users\": [{}], \"z\": null}}\n", elements(50));
        let whole = read_by::<Texts>(text.as_bytes(), 1 << 16).unwrap();
        assert_eq!(whole.list.as_ref().map(Vec::len), Some(50));
        for size in [4, 5, 7, 64, 1000] {
            let document = read_by::<Texts>(text.as_bytes(), size).unwrap();
            assert_eq!(document.list, whole.list, "{size}");
            assert_eq!(document.head, whole.head, "{size}");
        }
    }

    #[test]
    fn offsets_are_those_of_the_file() {
        let text = format!("{{\"users\": [ {} ]}}", elements(3));
        for (element, offset) in read_by::<Texts>(text.as_bytes(), 16).unwrap().list.unwrap() {
            assert!(text[usize::try_from(offset).unwrap()..].starts_with(&element));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault_and_not_read_past() {
        let mut text = format!("{{\"users\": [{}", elements(40_000)).into_bytes();
        let middle = text.len() / 2;
        text[middle] = 0xff;
        let Err(Fault::Content { offset, .. }) = read::<Texts>(text.as_slice()) else { panic!("0xff was read") };
        assert!(usize::try_from(offset).unwrap() <= middle);
    }

    #[test]
    fn guessing_wrong_changes_nothing() {
        // The object inside opens like the element itself, so about half of the guesses are wrong.
        let text = format!("{{\"users\": [{}]}}", elements(40_000));
        let users = read::<Texts>(text.as_bytes()).unwrap().list.unwrap();
        let plain: Vec<Box<RawValue>> =
            serde_json::from_str::<std::collections::HashMap<String, Vec<Box<RawValue>>>>(&text)
                .unwrap()
                .remove("users")
                .unwrap();
        assert!(users.iter().map(|(text, _)| text.as_str()).eq(plain.iter().map(|raw| raw.get())));
    }

    #[test]
    fn text_that_is_not_utf_8_is_a_fault_at_its_place() {
        let mut text = format!("{{\"users\": [{}]}}", elements(50)).into_bytes();
        let at = text.len() - 20;
        text[at] = 0xff;
        for size in [64, 1000, 1 << 16] {
            let Err(Fault::Content { offset, .. }) = read_by::<Texts>(text.as_slice(), size) else { panic!("{size}") };
            assert_eq!(offset, at as u64, "{size}");
        }
    }

    #[test]
    fn what_is_not_a_document_is_a_fault() {
        for text in [
            "",
            "[]",
            "{",
            "{\"users\": [",
            "{\"users\": [{}",
            "{\"users\": [{},]}",
            "{\"users\": [{}]",
            "{\"users\": {}}",
            "{\"a\": 1,}",
            "{\"a\" 1}",
            "{} {}",
            "{\"users\": [{}{}]}",
            "{\"users\": [], \"users\": []}",
            "{\"a\": tru",
        ] {
            assert!(read_by::<Texts>(text.as_bytes(), 4).is_err(), "{text}");
        }
        assert!(read_by::<Texts>(b"{}".as_slice(), 4).is_ok());
    }
}
