//! Walks JSON text that has been found valid: where its values are, without building them.

use std::{borrow::Cow, ops::Range};

/// The members of the object whose text is at `object`: each key and the place of its value.
pub(crate) fn members(text: &[u8], object: Range<usize>) -> impl Iterator<Item = (Cow<'_, str>, Range<usize>)> {
    let mut at = object.start + 1;
    std::iter::from_fn(move || {
        let key = next_value(text, at, object.end)?;
        let value = next_value(text, key.end, object.end)?;
        at = value.end;
        Some((string(text.get(key)?)?, value))
    })
}

/// The places of the elements of the list whose text is at `list`.
pub(crate) fn elements(text: &[u8], list: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = list.start + 1;
    std::iter::from_fn(move || {
        let value = next_value(text, at, list.end)?;
        at = value.end;
        Some(value)
    })
}

/// The text of a JSON string.
pub(crate) fn string(token: &[u8]) -> Option<Cow<'_, str>> {
    #[derive(serde::Deserialize)]
    struct Token<'a>(#[serde(borrow)] Cow<'a, str>);
    serde_json::from_slice(token).ok().map(|Token(text)| text)
}

/// The next value at or after `at`: separators are passed over, which is right for valid text only.
fn next_value(text: &[u8], at: usize, end: usize) -> Option<Range<usize>> {
    let text = text.get(..end)?;
    let separator = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':');
    let start = at + text.get(at..)?.iter().position(|byte| !separator(byte))?;
    let length = match text[start] {
        b'}' | b']' => return None,
        b'{' | b'[' => nested(&text[start..])?,
        b'"' => quoted(&text[start..])?,
        _ => {
            let rest = &text[start..];
            rest.iter().position(|byte| separator(byte) || matches!(byte, b'}' | b']')).unwrap_or(rest.len())
        }
    };
    Some(start..start + length)
}

/// Length of the string at the start of `text`.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Length of the object or list at the start of `text`. Counts instead of recursing: depth is the file's to choose.
fn nested(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => at += quoted(&text[at..])?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

/// Line and column, from 1, of an offset. Columns count characters.
pub(crate) fn line_column(text: &[u8], offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let characters = before[line_start..].iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
    (line, characters + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_members_and_elements() {
        let text = br#"{"a": [1, "x]\"", {"b": null}], "c\u0041" : true}"#;
        let found: Vec<_> = members(text, 0..text.len()).collect();
        let names: Vec<_> = found.iter().map(|(key, _)| key.as_ref()).collect();
        assert_eq!(names, ["a", "cA"]);
        let list: Vec<_> = elements(text, found[0].1.clone()).map(|place| &text[place]).collect();
        assert_eq!(list, [b"1".as_slice(), br#""x]\"""#, br#"{"b": null}"#]);
        assert_eq!(&text[found[1].1.clone()], b"true");
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(line_column("{\n\"ü\": 1".as_bytes(), 7), (2, 5));
        assert_eq!(line_column(b"", 5), (1, 1));
    }
}
