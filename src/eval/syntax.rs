//! What the parser says, in plain words, and what it does not notice.

use crate::diag::{Diagnostic, FileId, Span};

/// The parser's message, one line, shortened.
pub(super) fn plain_message(message: &str) -> String {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= 200 { line } else { line.chars().take(200).chain(['…']).collect() }
}

/// A NUL byte, which no text of a configuration holds.
pub(super) fn control_characters(text: &str, file: FileId) -> Option<Diagnostic> {
    let at = text.bytes().position(|byte| byte == 0)?;
    let problem = Diagnostic::error("Invalid character", "A NUL byte is not allowed in an expression.");
    Some(problem.at(Span::new(file, at..at + 1), ""))
}
