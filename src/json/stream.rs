//! Reads a document a window at a time: its one long list element by element, everything else as raw text.
//!
//! The snapshot of a large tenant is hundreds of megabytes, nearly all of it `users`; a saved plan is nearly all
//! `changes`. Only one window of the file is in memory, so that reading costs the elements it yields and a few megabytes,
//! whatever the size of the file.

use std::io::Read;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

pub(crate) use super::window::Fault;
use super::{
    list::{self, Element, Stop},
    window::{Window, valid},
};

/// Bytes of the file in memory at once, unless a single value is longer.
const WINDOW: usize = 2 << 20;

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

/// Reads a document.
pub(crate) fn read<R: Rows>(input: impl Read + Send) -> Result<Document<R::Item>, Fault> {
    read_by::<R>(input, WINDOW)
}

fn read_by<R: Rows>(input: impl Read + Send, size: usize) -> Result<Document<R::Item>, Fault> {
    let mut window = Window::open(input, size)?;
    let mut document = Document { head: Vec::new(), list: None };
    window.object(|window, key| {
        if key == R::LIST && window.peek()? == Some(b'[') {
            if document.list.is_some() {
                return Err(Fault::content(window.offset(), format!("{key} is given twice")));
            }
            window.advance(1);
            document.list = Some(list::<R>(window)?);
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
        Ok(())
    })?;
    match window.peek()? {
        None => Ok(document),
        Some(_) => Err(Fault::content(window.offset(), "text after the end of the document")),
    }
}

/// The elements of the list, from after the bracket to past its end.
fn list<R: Rows>(window: &mut Window<impl Read + Send>) -> Result<Vec<R::Item>, Fault> {
    if window.take(b']')? {
        return Ok(Vec::new());
    }
    let mut items = Vec::new();
    loop {
        let offset = window.offset();
        let (run, end, broken) = window.meanwhile(|rest| {
            let (text, broken) = valid(rest);
            (list::parse(text, offset, || element::<R>), offset + text.len() as u64, broken)
        });
        if items.is_empty() {
            items = run.items;
        } else {
            items.extend(run.items);
        }
        window.advance(run.next);
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

/// The element at the start of a text.
fn element<R: Rows>(text: &str, offset: u64) -> Element<R::Item> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<R::Row<'_>>();
    match stream.next() {
        None => Element::Cut,
        Some(Ok(row)) => {
            let length = stream.byte_offset();
            Element::Whole(R::keep(row, &text.as_bytes()[..length], offset), length)
        }
        Some(Err(error)) if error.is_eof() => Element::Cut,
        Some(Err(error)) => Element::Fault(Fault::content(offset, error)),
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
