//! The outline of a file: its top-level items and the arguments of its blocks, found from tokens alone.
//!
//! It stays useful where the parser gives up: a syntax error in one block must not hide the problems of the others,
//! and an argument set twice is worth both places.

use std::{collections::HashMap, ops::Range};

use super::scan::{Kind, Scan, Token, block_header_at_margin};

/// A block or argument at the top level of a file.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its bytes, from its name to the end of its last line (without the line end).
    pub(crate) range: Range<usize>,
    /// Its name: `mfa`, `variable`, …
    pub(crate) name: String,
    /// Its first label, if it has one.
    pub(crate) label: Option<String>,
}

/// An argument that a block sets twice.
#[derive(Clone, Debug)]
pub(crate) struct Duplicate {
    /// The argument.
    pub(crate) name: String,
    /// Where it is set first.
    pub(crate) first: Range<usize>,
    /// Where it is set again.
    pub(crate) again: Range<usize>,
    /// The whole second argument, value included.
    pub(crate) whole: Range<usize>,
}

/// What a file consists of.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// Top-level items in order.
    pub(crate) items: Vec<Item>,
    /// Arguments set twice.
    pub(crate) duplicates: Vec<Duplicate>,
}

/// Takes a scan apart. Linear.
pub(crate) fn outline(scan: &Scan, text: &str) -> Outline {
    let mut out = Outline::default();
    let tokens = &scan.tokens;
    let mut depth = 0usize;
    let mut first: Option<usize> = None;
    for (at, token) in tokens.iter().enumerate() {
        // A forgotten `}` would swallow the rest of the file; a header at the margin starts afresh.
        if scan.unbalanced && depth > 0 && block_header_at_margin(tokens, at, text) {
            if let Some(from) = first.take() {
                out.items.push(item(tokens, from, at, text));
            }
            depth = 0;
        }
        match token.kind {
            Kind::Newline => {
                // A brace on the next line belongs to this header all the same, though it may not stand there.
                if depth == 0
                    && let Some(from) = first.take_if(|from| !brace_below(tokens, *from, at))
                {
                    out.items.push(item(tokens, from, at, text));
                }
                continue;
            }
            Kind::LineComment | Kind::BlockComment => continue,
            kind if kind.opens() => depth += 1,
            kind if kind.closes() => depth = depth.saturating_sub(1),
            _ => {}
        }
        first.get_or_insert(at);
    }
    if let Some(from) = first {
        out.items.push(item(tokens, from, tokens.len(), text));
    }
    duplicates(tokens, text, &mut out.duplicates);
    out
}

/// Do the tokens `from..at` read as a block's header, whose `{` stands on one of the next lines?
pub(crate) fn brace_below(tokens: &[Token], from: usize, at: usize) -> bool {
    let header = tokens.get(from..at).unwrap_or_default();
    let blank = |kind| matches!(kind, Kind::Newline | Kind::LineComment | Kind::BlockComment);
    let word = |kind| matches!(kind, Kind::Ident | Kind::OpenQuote | Kind::Text | Kind::CloseQuote) || blank(kind);
    let next = tokens
        .iter()
        .skip(at)
        .find(|token| !matches!(token.kind, Kind::Newline | Kind::LineComment | Kind::BlockComment));
    header.first().is_some_and(|token| token.kind == Kind::Ident)
        && header.iter().all(|token| word(token.kind))
        && next.is_some_and(|token| token.kind == Kind::OpenBrace)
}

/// The item of the tokens `from..to`.
fn item(tokens: &[Token], from: usize, to: usize, text: &str) -> Item {
    let tokens = tokens.get(from..to).unwrap_or_default();
    let start = tokens.first().map_or(0, |token| token.start as usize);
    let end = tokens.last().map_or(start, |token| token.end as usize);
    let name = tokens.first().filter(|token| token.kind == Kind::Ident).map_or("", |token| token.text(text));
    let label = match (tokens.get(1), tokens.get(2)) {
        (Some(quote), Some(label)) if quote.kind == Kind::OpenQuote && label.kind == Kind::Text => {
            Some(label.text(text))
        }
        (Some(label), _) if label.kind == Kind::Ident => Some(label.text(text)),
        _ => None,
    };
    Item { range: start..end, name: name.into(), label: label.map(Into::into) }
}

/// Finds arguments that one body sets twice.
fn duplicates(tokens: &[Token], text: &str, found: &mut Vec<Duplicate>) {
    /// What the innermost bracket holds.
    enum Context<'a> {
        Body(HashMap<&'a str, Range<usize>>),
        Other,
    }
    let mut stack = vec![Context::Body(HashMap::new())];
    let mut at = 0;
    // The second setting of an argument whose value is being passed: (index in `found`, depth).
    let mut passing: Option<(usize, usize)> = None;
    let mut line_start = true;
    while let Some(token) = tokens.get(at) {
        if let Some((index, depth)) = passing
            && stack.len() == depth
            && matches!(token.kind, Kind::Newline | Kind::CloseBrace)
        {
            let end = at.checked_sub(1).and_then(|before| tokens.get(before)).map_or(0, |token| token.end as usize);
            if let Some(duplicate) = found.get_mut(index) {
                duplicate.whole.end = end;
            }
            passing = None;
        }
        let starts = std::mem::replace(&mut line_start, token.kind == Kind::Newline);
        match token.kind {
            Kind::Ident if starts => {
                let depth = stack.len();
                if let Some(Context::Body(names)) = stack.last_mut() {
                    let next = tokens.get(at + 1).map(|token| token.kind);
                    if next == Some(Kind::Equal) {
                        let name = token.text(text);
                        if let Some(first) = names.get(name) {
                            passing = Some((found.len(), depth));
                            found.push(Duplicate {
                                name: name.into(),
                                first: first.clone(),
                                again: token.range(),
                                whole: token.range(),
                            });
                        } else {
                            names.insert(name, token.range());
                        }
                    } else if let Some(open) = header_end(tokens, at) {
                        stack.push(Context::Body(HashMap::new()));
                        line_start = true;
                        at = open + 1;
                        continue;
                    }
                }
            }
            kind if kind.opens() => stack.push(Context::Other),
            kind if kind.closes() && stack.len() > 1 => drop(stack.pop()),
            _ => {}
        }
        at += 1;
    }
    if let Some((index, _)) = passing
        && let Some(duplicate) = found.get_mut(index)
    {
        duplicate.whole.end = tokens.last().map_or(0, |token| token.end as usize);
    }
}

/// The index of the `{` that ends the block header starting at `at`.
fn header_end(tokens: &[Token], at: usize) -> Option<usize> {
    for (index, token) in tokens.iter().enumerate().skip(at + 1) {
        match token.kind {
            Kind::OpenBrace => return Some(index),
            Kind::OpenQuote | Kind::Text | Kind::CloseQuote | Kind::Ident => {}
            _ => return None,
        }
    }
    None
}
