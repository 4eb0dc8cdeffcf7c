//! The checksum of a saved plan.
//!
//! A saved plan ends with `,"checksum":"sha256:<64 lower-case hex digits>"}` and at most white space after it. The
//! digits are the SHA-256 of every byte of the file before that comma. So any implementation can check it without a
//! JSON parser, nothing needs to be brought into a canonical form, and no byte of the content escapes it: keys that a
//! newer minor version added are covered like all others.

use std::io::{self, Read, Write};

use aws_lc_rs::digest::{Context, SHA256};

use super::PlanFileError;

const OPENING: &[u8] = br#","checksum":"sha256:"#;
const CLOSING: &[u8] = br#""}"#;
const DIGITS: usize = 64;

/// Passes a JSON object through while hashing it, and ends it with its checksum.
pub(crate) struct Sealing<W: Write> {
    out: W,
    context: Context,
    /// The last byte is kept back: the closing brace of the document must come after the checksum.
    held: Option<u8>,
}

impl<W: Write> std::fmt::Debug for Sealing<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealing").finish_non_exhaustive()
    }
}

impl<W: Write> Sealing<W> {
    /// Nothing written yet.
    pub(crate) fn new(out: W) -> Self {
        Self { out, context: Context::new(&SHA256), held: None }
    }

    fn pass(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.context.update(bytes);
        self.out.write_all(bytes)
    }

    /// Writes the checksum, the closing brace and a line break.
    ///
    /// # Errors
    /// Those of the writer, and a document that is not one JSON object.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.held != Some(b'}') {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a plan must be a JSON object"));
        }
        self.out.write_all(OPENING)?;
        self.out.write_all(hex(self.context.finish().as_ref()).as_bytes())?;
        self.out.write_all(CLOSING)?;
        self.out.write_all(b"\n")?;
        self.out.flush()
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some((last, rest)) = bytes.split_last() {
            if let Some(held) = self.held.take() {
                self.pass(&[held])?;
            }
            self.pass(rest)?;
            self.held = Some(*last);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Is the checksum of this file there and right?
///
/// # Errors
/// [`PlanFileError::NoChecksum`] or [`PlanFileError::Checksum`].
pub(crate) fn verify(bytes: &[u8]) -> Result<(), PlanFileError> {
    compare(Context::new(&SHA256), bytes)
}

/// `hashed` knows all bytes of the file but these last ones.
fn compare(mut hashed: Context, end: &[u8]) -> Result<(), PlanFileError> {
    let stated = end
        .trim_ascii_end()
        .strip_suffix(CLOSING)
        .and_then(|rest| rest.split_at_checked(rest.len().checked_sub(DIGITS)?))
        .and_then(|(rest, digits)| Some((rest.strip_suffix(OPENING)?, digits)));
    let Some((content, digits)) = stated else {
        return Err(PlanFileError::NoChecksum);
    };
    hashed.update(content);
    let computed = hex(hashed.finish().as_ref());
    if computed.as_bytes() == digits { Ok(()) } else { Err(PlanFileError::Checksum) }
}

/// The end of the file that is kept until there is no more: the checksum, and white space after it.
const END: usize = 1 << 10;

/// Passes a saved plan through while hashing it, to tell at its end whether the checksum is right.
pub(super) struct Checking<R: Read> {
    input: R,
    context: Context,
    end: Vec<u8>,
}

impl<R: Read> Checking<R> {
    /// Nothing read yet.
    pub(super) fn new(input: R) -> Self {
        Self { input, context: Context::new(&SHA256), end: Vec::new() }
    }

    /// As [`verify`], once all is read. More white space at the end than is kept hides the checksum.
    pub(super) fn verify(self) -> Result<(), PlanFileError> {
        compare(self.context, &self.end)
    }
}

impl<R: Read> Read for Checking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let new = buffer.get(..count).unwrap_or_default();
        // What can no longer belong to the end is hashed: first of what was kept, then of what is new.
        let over = (self.end.len() + new.len()).saturating_sub(END);
        let kept = over.min(self.end.len());
        self.context.update(self.end.get(..kept).unwrap_or_default());
        self.end.drain(..kept);
        let (content, end) = new.split_at(over - kept);
        self.context.update(content);
        self.end.extend_from_slice(end);
        Ok(count)
    }
}

/// Lower-case hex digits.
#[must_use]
pub(crate) fn hex(bytes: &[u8]) -> String {
    crate::plan::digest::hex(bytes)
}
