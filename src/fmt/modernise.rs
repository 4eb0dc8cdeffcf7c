//! Spellings of old Terraform that its formatter replaces: `block label {` gets quotes, `"${x}"` as a whole value
//! becomes `x`, and in `variable` blocks `"string"`, `"list"`, `"map"`, `list`, `map`, `set` become types of today.

use std::mem;

use super::Piece;
use crate::config::scan::Kind;

/// What the innermost bracket holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Context {
    /// Arguments and blocks; is it that of a `variable`?
    Body { variable: bool },
    /// Anything else.
    Other,
}

/// Replaces old spellings. All other tokens stay as they are.
pub(super) fn modernise(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut stack = vec![Context::Body { variable: false }];
    let mut rest = pieces.into_iter().peekable();
    let mut line_start = true;
    while let Some(piece) = rest.next() {
        let starts = mem::replace(&mut line_start, piece.kind == Kind::Newline);
        let context = stack.last().copied().unwrap_or(Context::Other);
        match (piece.kind, context) {
            // A comment in front of an argument does not make it another thing.
            (Kind::BlockComment, _) => {
                line_start = starts;
                out.push(piece);
            }
            (Kind::Ident, Context::Body { variable }) if starts => {
                let name = piece.text.clone();
                out.push(piece);
                while let Some(comment) = rest.next_if(|next| next.kind == Kind::BlockComment) {
                    out.push(comment);
                }
                if let Some(equal) = rest.next_if(|next| next.kind == Kind::Equal) {
                    out.push(equal);
                    let mut value = take_value(&mut rest);
                    unwrap(&mut value);
                    if variable && name == "type" {
                        modern_type(&mut value);
                    }
                    out.append(&mut value);
                    continue;
                }
                let mut labels = 0;
                while let Some(mut label) = rest.next_if(|next| is_header(next.kind)) {
                    if label.kind == Kind::Ident {
                        label.text = format!("\"{}\"", label.text);
                    }
                    labels += 1;
                    out.push(label);
                }
                if let Some(open) = rest.next_if(|next| next.kind == Kind::OpenBrace) {
                    let top = stack.len() == 1;
                    stack.push(Context::Body { variable: top && labels > 0 && name == "variable" });
                    line_start = true;
                    out.push(open);
                }
            }
            (kind, _) => {
                match kind {
                    kind if kind.opens() => stack.push(Context::Other),
                    kind if kind.closes() && stack.len() > 1 => drop(stack.pop()),
                    _ => {}
                }
                out.push(piece);
            }
        }
    }
    out
}

const fn is_header(kind: Kind) -> bool {
    matches!(kind, Kind::Ident | Kind::OpenQuote | Kind::Text | Kind::CloseQuote | Kind::BlockComment)
}

/// The tokens of a value: up to the end of its line or the bracket it stands in.
fn take_value(rest: &mut std::iter::Peekable<std::vec::IntoIter<Piece>>) -> Vec<Piece> {
    let mut value = Vec::new();
    let mut depth = 0usize;
    while let Some(next) = rest.peek() {
        if depth == 0 && (next.kind == Kind::Newline || next.kind.closes() || next.kind == Kind::LineComment) {
            break;
        }
        if next.kind.opens() {
            depth += 1;
        } else if next.kind.closes() {
            depth -= 1;
        }
        value.extend(rest.next());
    }
    value
}

/// `"${x}"` → `x`. Once, as in Terraform: of a template in a template the inner one stays.
fn unwrap(value: &mut Vec<Piece>) {
    if !is_wrapped(value) {
        return;
    }
    let end = value.len() - 2;
    let mut inner: Vec<Piece> = value.drain(..).take(end).skip(2).collect();
    while inner.first().is_some_and(|piece| piece.kind == Kind::Newline) {
        inner.remove(0);
    }
    while inner.last().is_some_and(|piece| piece.kind == Kind::Newline) {
        inner.pop();
    }
    // Outside of the quotes a line break ends the value, unless brackets hold it together.
    if inner.iter().any(|piece| piece.kind == Kind::Newline) && !in_parentheses(&inner) {
        inner.insert(0, Piece::synthetic(Kind::OpenParen, "("));
        inner.push(Piece::synthetic(Kind::CloseParen, ")"));
    }
    *value = inner;
}

/// Does the value begin and end with parentheses, and does no line break stand outside of brackets?
fn in_parentheses(value: &[Piece]) -> bool {
    let ends = value.first().map(|piece| piece.kind).zip(value.last().map(|piece| piece.kind));
    let mut depth = 0i32;
    ends == Some((Kind::OpenParen, Kind::CloseParen))
        && value.iter().all(|piece| {
            depth += i32::from(piece.kind.opens()) - i32::from(piece.kind.closes());
            piece.kind != Kind::Newline || depth > 0
        })
}

/// Is it a string that consists of one interpolation and nothing else? One with a heredoc or a comment in it is left
/// alone: outside of the quotes those would need line ends of their own.
fn is_wrapped(value: &[Piece]) -> bool {
    let [quote, open, inner @ .., close, end] = value else { return false };
    let shape = quote.kind == Kind::OpenQuote
        && open.kind == Kind::OpenTemplate
        && open.text.starts_with('$')
        && close.kind == Kind::CloseTemplate
        && end.kind == Kind::CloseQuote;
    if !shape || inner.iter().all(|piece| piece.kind == Kind::Newline) {
        return false;
    }
    let mut depth = 0i32;
    for piece in inner {
        if matches!(piece.kind, Kind::OpenHeredoc | Kind::LineComment | Kind::BlockComment) {
            return false;
        }
        depth += i32::from(piece.kind.opens()) - i32::from(piece.kind.closes());
        // The first interpolation ends before the string does.
        if depth < 0 {
            return false;
        }
    }
    true
}

/// Types as Terraform 0.11 wrote them.
fn modern_type(value: &mut Vec<Piece>) {
    let (word, quoted) = match &value[..] {
        [quote, text, end]
            if quote.kind == Kind::OpenQuote && text.kind == Kind::Text && end.kind == Kind::CloseQuote =>
        {
            (text.text.clone(), true)
        }
        [word] if word.kind == Kind::Ident => (word.text.clone(), false),
        _ => return,
    };
    let (name, element) = match (word.as_str(), quoted) {
        ("string", true) => ("string", None),
        ("list" | "map", true) => (word.as_str(), Some("string")),
        ("list" | "map" | "set", false) => (word.as_str(), Some("any")),
        _ => return,
    };
    let mut modern = vec![Piece::synthetic(Kind::Ident, name)];
    if let Some(element) = element {
        modern.push(Piece::synthetic(Kind::OpenParen, "("));
        modern.push(Piece::synthetic(Kind::Ident, element));
        modern.push(Piece::synthetic(Kind::CloseParen, ")"));
    }
    *value = modern;
}
