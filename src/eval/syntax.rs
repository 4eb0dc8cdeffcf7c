//! What the parser says, in plain words, and what it does not notice.

use crate::diag::{Diagnostic, FileId, Span};

/// The parser's message, one line, shortened.
pub(super) fn plain_message(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 200 { line } else { line.chars().take(200).chain(['…']).collect() }
}

/// The parser's error as a diagnostic.
///
/// Its `Display` panics on lines longer than 65,535 characters, so message and place are taken one by one; the place may
/// fall inside a character.
pub(super) fn problem(
    summary: &str,
    what: &str,
    error: &hcl_edit::parser::Error,
    text: &str,
    file: FileId,
) -> Diagnostic {
    let at = text.floor_char_boundary(error.location().offset().min(text.len()));
    let end = text.get(at..).and_then(|rest| rest.chars().next()).map_or(at, |char| at + char.len_utf8());
    let detail = format!("{what}: {}.", plain_message(error.message()));
    Diagnostic::error(summary, detail).at(Span::new(file, at..end), "")
}

/// A NUL byte, which no text of a configuration holds.
pub(super) fn control_characters(text: &str, file: FileId) -> Option<Diagnostic> {
    let at = text.bytes().position(|byte| byte == 0)?;
    let problem = Diagnostic::error("Invalid character", "A NUL byte is not allowed in an expression.");
    Some(problem.at(Span::new(file, at..at + 1), ""))
}
