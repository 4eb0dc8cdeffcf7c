//! Blanks between the tokens of a line: one or none.

use super::Piece;
use crate::config::scan::Kind;

/// Sets the blanks before each token but the first.
pub(super) fn set(line: &mut [Piece]) {
    for at in 1..line.len() {
        let Some([subject, after]) = line.get(at - 1..=at) else { continue };
        let before = at.checked_sub(2).and_then(|at| line.get(at));
        let blank = blank_between(before, subject, after);
        if let Some(piece) = line.get_mut(at) {
            piece.before = usize::from(blank);
        }
    }
}

/// Does a blank stand between `subject` and `after`? `before` is the token in front of both, on the same line.
fn blank_between(before: Option<&Piece>, subject: &Piece, after: &Piece) -> bool {
    use Kind::{
        BlockComment, CloseBrace, CloseBracket, CloseHeredoc, CloseParen, CloseQuote, CloseTemplate, Comma, Dot, Ident,
        LineComment, Newline, Number, OpenBrace, OpenBracket, OpenHeredoc, OpenParen, OpenQuote, OpenTemplate,
        Operator, Text,
    };
    match (subject.kind, after.kind) {
        (_, Newline) => false,
        // Strings and heredocs are printed as they are.
        (OpenQuote | OpenHeredoc | Text, _) | (_, Text | CloseQuote | CloseHeredoc | OpenTemplate) => false,
        (OpenTemplate, _) | (_, CloseTemplate) => false,
        (Dot, _) | (_, Dot) => false,
        (Operator, _) if subject.text == "::" => false,
        (_, Operator) if after.text == "::" => false,
        (_, Comma) => false,
        (_, Operator) if after.text == "..." => false,
        (Comma, _) => true,
        (_, LineComment) => true,
        // A call, not a grouping.
        (Ident, OpenParen) => false,
        (OpenParen | OpenBracket, _) | (_, CloseParen | CloseBracket) => false,
        (OpenBrace, CloseBrace) => false,
        (Operator, _) if subject.text == "!" => false,
        (Operator, _) if subject.text == "-" && is_unary(before) => false,
        // An index, where something stands in front that can be indexed.
        (Ident, OpenBracket) => subject.text == "in",
        (Number | CloseBracket | CloseParen | CloseBrace, OpenBracket) => false,
        (Operator, OpenBracket) if subject.text == "*" && before.is_some_and(|one| one.kind == Dot) => false,
        (BlockComment | CloseQuote, _) => true,
        _ => true,
    }
}

/// Is a `-` behind this token a sign? Terraform takes it for one behind operators, `=`, `:`, `,` and opening brackets,
/// and (odd, but its style) not behind `=>`.
fn is_unary(before: Option<&Piece>) -> bool {
    let Some(before) = before else { return true };
    match before.kind {
        Kind::Equal | Kind::Comma | Kind::Colon | Kind::OpenParen | Kind::OpenBracket | Kind::OpenBrace => true,
        Kind::OpenTemplate => true,
        Kind::Operator => !matches!(before.text.as_str(), "=>" | "..."),
        _ => false,
    }
}
