//! Places: bytes here, lines and UTF-16 (or UTF-8) columns there; paths here, URIs there.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use lsp_types::{Position, Range, Uri};

use crate::diag::SourceFile;

/// How the client counts columns. UTF-16 is what every client understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
}

impl Encoding {
    fn width(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }

    /// The position of a byte.
    pub(super) fn position(self, text: &str, byte: usize) -> Position {
        let byte = text.floor_char_boundary(byte.min(text.len()));
        let before = &text[..byte];
        let line = before.bytes().filter(|one| *one == b'\n').count();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Position::new(small(line), small(self.width(&before[start..])))
    }

    /// The range of some bytes of a file whose lines are indexed: for many places in one long file.
    pub(super) fn range_in(self, file: &SourceFile, bytes: std::ops::Range<usize>) -> Range {
        let position = |byte: usize| {
            let place = file.place(small(byte));
            let start = file.line_range(place.line).start;
            let before = file.text.get(start..place.byte as usize).unwrap_or_default();
            Position::new(place.line - 1, small(self.width(before)))
        };
        Range::new(position(bytes.start), position(bytes.end))
    }

    /// The range of some bytes.
    pub(super) fn range(self, text: &str, bytes: std::ops::Range<usize>) -> Range {
        Range::new(self.position(text, bytes.start), self.position(text, bytes.end))
    }

    /// The byte at a position; beyond a line's end it is that end, beyond the text's its end.
    pub(super) fn byte(self, text: &str, position: Position) -> usize {
        let mut start = 0;
        for _ in 0..position.line {
            match text[start..].find('\n') {
                Some(at) => start += at + 1,
                None => return text.len(),
            }
        }
        let line = text[start..].split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut column = 0;
        for (at, char) in line.char_indices() {
            if column >= position.character as usize {
                return start + at;
            }
            column += self.width(char.encode_utf8(&mut [0; 4]));
        }
        start + line.len()
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The path of a `file:` URI.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_str().strip_prefix("file://")?;
    // A host other than this machine is not a file here.
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    let decoded = decoded(path.starts_with('/').then_some(path)?)?;
    // `file:///C:/…`: the first slash is not part of the path.
    let drive = decoded.as_bytes();
    let windows = cfg!(windows) && drive.get(2) == Some(&b':');
    Some(PathBuf::from(if windows { &decoded[1..] } else { &decoded }))
}

/// The `file:` URI of an absolute path.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let mut text = String::from("file://");
    let path = path.to_str()?.replace('\\', if cfg!(windows) { "/" } else { "\\" });
    if !path.starts_with('/') {
        text.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text.parse().ok()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_utf16_units_and_come_back_as_the_same_bytes() {
        let text = "a = \"é\"\r\nb = \"𝄞x\"\n";
        let at = text.find('x').unwrap();
        assert_eq!(Encoding::Utf16.position(text, at), Position::new(1, 7));
        assert_eq!(Encoding::Utf8.position(text, at), Position::new(1, 9));
        let mut sources = crate::diag::SourceMap::default();
        let file = sources.add("a", text);
        for (byte, _) in text.char_indices().filter(|(_, char)| !matches!(char, '\r' | '\n')) {
            for encoding in [Encoding::Utf8, Encoding::Utf16] {
                assert_eq!(encoding.byte(text, encoding.position(text, byte)), byte);
                assert_eq!(encoding.range_in(sources.file(file), 0..byte), encoding.range(text, 0..byte));
            }
        }
        assert_eq!(Encoding::Utf16.byte(text, Position::new(0, 99)), 8, "before the line end");
        assert_eq!(Encoding::Utf16.byte(text, Position::new(99, 0)), text.len());
    }

    #[test]
    fn paths_survive_the_way_through_uris() {
        let path = Path::new("/home/jo é/100%/a.mfa.hcl");
        let uri = uri_of(path).unwrap();
        assert_eq!(uri.as_str(), "file:///home/jo%20%C3%A9/100%25/a.mfa.hcl");
        assert_eq!(path_of(&uri).unwrap(), path);
        assert_eq!(path_of(&"untitled:Untitled-1".parse().unwrap()), None);
    }
}
