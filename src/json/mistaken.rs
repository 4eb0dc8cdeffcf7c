//! What a file plainly is, where it is something else than the text that was expected.

/// What it is, and what to do where that does not depend on what was wanted. Only the start is looked at.
pub(crate) fn mistaken(text: &[u8]) -> Option<(&'static str, Option<&'static str>)> {
    let body = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let start = body.trim_ascii_start();
    Some(match text {
        [0x1f, 0x8b, ..] => ("it is compressed with gzip", Some("uncompress it first (`gunzip`)")),
        [b'P', b'K', 3, 4, ..] => {
            ("it is a zip archive (a spreadsheet's own format is one, too)", Some("unpack it first"))
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [_, 0, _, 0, ..] | [0, _, 0, _, ..] => (
            "it is UTF-16, not UTF-8",
            Some("PowerShell's `>` writes UTF-16: use `Out-File -Encoding utf8` or `Set-Content -Encoding utf8`"),
        ),
        _ if start.is_empty() => ("it is empty", None),
        _ if start.starts_with(b"<") => {
            ("it is HTML or XML", Some("a sign-in or error page may have been saved in its place"))
        }
        _ if text.contains(&0) => ("it holds NUL bytes: it is damaged or binary", None),
        _ => return None,
    })
}
