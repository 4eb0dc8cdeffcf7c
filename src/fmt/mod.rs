//! The formatter: Terraform's canonical style, on tokens.
//!
//! It works on tokens and not on the syntax tree because a formatter must not lose anything: every token of the input
//! is in the output, in order, so comments survive and the meaning cannot change. What changes is the blanks between
//! tokens, and three spellings that Terraform itself modernises (see [`modernise`]).
//!
//! The rules were found by watching `terraform fmt`; `tests/terraform/fmt.py` compares the two, and goldens recorded
//! from it are in `fixtures/fmt`.

mod lines;
mod modernise;
mod spacing;

use crate::{
    config::scan::{Kind, Token, scan},
    config::syntax_errors,
    diag::{Diagnostic, Level, SourceMap},
};

/// A token with the text to print and the blanks to print before it.
#[derive(Clone, Debug)]
struct Piece {
    kind: Kind,
    text: String,
    /// Blanks before it.
    before: usize,
}

impl Piece {
    fn new(token: Token, text: &str) -> Self {
        Self { kind: token.kind, text: token.text(text).to_owned(), before: 0 }
    }

    fn synthetic(kind: Kind, text: &str) -> Self {
        Self { kind, text: text.to_owned(), before: 0 }
    }
}

/// Formats a file.
///
/// # Errors
/// The syntax errors of a text that is not HCL; the file of their spans is the first of a [`SourceMap`].
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut sources = SourceMap::default();
    let file = sources.add("", text);
    let problems = syntax_errors(text, file);
    if problems.iter().any(|one| one.level == Level::Error) {
        return Err(problems);
    }
    let tokens = scan(text, file).tokens;
    let pieces = tokens.iter().map(|token| Piece::new(*token, text)).collect();
    let mut lines = lines::split(modernise::modernise(pieces));
    for line in &mut lines {
        spacing::set(line);
    }
    lines::indent(&mut lines);
    lines::align(&mut lines);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for piece in lines.iter().flatten() {
        out.extend(std::iter::repeat_n(' ', piece.before));
        out.push_str(&piece.text);
    }
    Ok(out)
}

#[cfg(test)]
mod tests;
