//! How the lines of a journal hang together: each ends with the hash of the line before and a checksum of its own.
//!
//! ```text
//! {"type":"intent",…,"prev":"<SHA-256 of the line before>","checksum":"sha256:<SHA-256 of this line so far>"}
//! ```
//!
//! A changed line does not have its checksum, and a line that is missing, doubled or moved leaves a `prev` that is not the
//! hash of the line before. That finds accidents and careless edits; who can rewrite the whole file can rewrite all hashes
//! with it. What binds the content is the approved document in the first line, and the signatures over its digest.

use aws_lc_rs::digest::{Context, SHA256};

use crate::plan::digest::hex;

/// Ends a line that was serialized: `line` is the JSON object and becomes the whole line without its line break. Returns
/// the hash that the next line names.
#[must_use]
pub fn close(line: &mut Vec<u8>, start: usize, prev: Option<&str>) -> String {
    // The closing brace moves to the end.
    line.pop();
    line.extend_from_slice(b",\"prev\":");
    match prev {
        Some(hash) => {
            line.push(b'"');
            line.extend_from_slice(hash.as_bytes());
            line.push(b'"');
        }
        None => line.extend_from_slice(b"null"),
    }
    let mut hashed = Context::new(&SHA256);
    hashed.update(line.get(start..).unwrap_or_default());
    let so_far = hex(hashed.clone().finish().as_ref());
    let end = line.len();
    for part in [OPENING, so_far.as_bytes(), CLOSING] {
        line.extend_from_slice(part);
    }
    hashed.update(line.get(end..).unwrap_or_default());
    hex(hashed.finish().as_ref())
}

const OPENING: &[u8] = b",\"checksum\":\"sha256:";
const CLOSING: &[u8] = b"\"}";
const DIGITS: usize = 64;

/// Checks the end of a line (without its line break) and returns the hash that the next line has to name.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(line: &[u8], prev: Option<&str>) -> Result<String, &'static str> {
    let (content, stated) = line
        .strip_suffix(CLOSING)
        .and_then(|rest| rest.split_at_checked(rest.len().checked_sub(DIGITS)?))
        .and_then(|(rest, digits)| Some((rest.strip_suffix(OPENING)?, digits)))
        .ok_or("the line has no checksum at its end")?;
    let mut hashed = Context::new(&SHA256);
    hashed.update(content);
    if hex(hashed.clone().finish().as_ref()).as_bytes() != stated {
        return Err("the line was changed: its checksum does not match its content");
    }
    let named = match prev {
        Some(hash) => format!(",\"prev\":\"{hash}\""),
        None => ",\"prev\":null".to_owned(),
    };
    if !content.ends_with(named.as_bytes()) {
        return Err("the line does not follow the one before: a line is missing, doubled, moved or changed");
    }
    hashed.update(line.get(content.len()..).unwrap_or_default());
    Ok(hex(hashed.finish().as_ref()))
}
