//! Text → syntax tree, with every syntax error of the file.
//!
//! The scanner reports what is wrong in the text itself; the parser (hcl-edit) builds the tree. Where it fails, each
//! top-level item is parsed by itself, the broken ones are blanked out and the rest is parsed again, so that byte
//! offsets stay those of the file and a slip in one block hides nothing of the others.

use std::ops::Range;

use hcl_edit::{parser, structure::Body};

use super::{
    outline::{Item, Outline, outline},
    scan::{Kind, Scan, Token, scan},
};
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// The tree of all items that are sound.
    pub(crate) body: Body,
    /// The items that are not, known by their headers only.
    pub(crate) broken: Vec<Item>,
}

/// Parses a file; every problem goes to `diags`.
pub(crate) fn parse(text: &str, file: FileId, diags: &mut Diagnostics) -> Parsed {
    let scan = scan(text, file);
    let outline = outline(&scan, text);
    let clean = scan.problems.is_empty() && outline.duplicates.is_empty();
    if clean && let Ok(body) = parser::parse_body(text) {
        return Parsed { body, broken: Vec::new() };
    }
    salvage(text, file, scan, outline, diags)
}

/// Keeps what is sound of a file that has errors.
fn salvage(text: &str, file: FileId, mut scan: Scan, outline: Outline, diags: &mut Diagnostics) -> Parsed {
    let Outline { items, duplicates } = outline;
    let mut bad = vec![false; items.len()];
    let item_at = |offset: usize| {
        let after = items.partition_point(|item| item.range.start <= offset);
        after.checked_sub(1).filter(|at| items.get(*at).is_some_and(|item| offset <= item.range.end))
    };
    let mut outside = Vec::new();
    for problem in &scan.problems {
        let Some(label) = &problem.primary else { continue };
        match item_at(label.span.start as usize) {
            Some(at) => bad[at] = true,
            None => outside.push(label.span.range()),
        }
    }
    let mut salvaged = text.as_bytes().to_vec();
    for duplicate in &duplicates {
        if item_at(duplicate.again.start).is_some_and(|at| bad[at]) {
            continue;
        }
        diags.push(
            Diagnostic::error("Argument set twice", format!("The argument `{}` was already set.", duplicate.name))
                .at(Span::new(file, duplicate.again.clone()), "set again here")
                .and(Span::new(file, duplicate.first.clone()), "first set here")
                .hint("each argument may be set once; remove one of the two"),
        );
        blank(&mut salvaged, duplicate.whole.clone());
    }
    diags.extend(std::mem::take(&mut scan.problems));
    for (at, item) in items.iter().enumerate() {
        if bad[at] {
            continue;
        }
        let piece = salvaged.get(item.range.clone()).and_then(|piece| std::str::from_utf8(piece).ok());
        let Some(Err(error)) = piece.map(parser::parse_body) else { continue };
        bad[at] = true;
        // Never `Display` this error: it panics for columns beyond 65,535.
        diags.push(explain(
            text,
            file,
            &scan.tokens,
            item,
            error.message(),
            item.range.start + error.location().offset(),
        ));
    }
    for (item, bad) in items.iter().zip(&bad) {
        if *bad {
            blank(&mut salvaged, item.range.clone());
        }
    }
    for range in outside {
        blank(&mut salvaged, range);
    }
    let body = String::from_utf8(salvaged).ok().and_then(|text| parser::parse_body(&text).ok());
    if body.is_none() && !diags.has_errors() {
        diags.push(Diagnostic::error("Invalid syntax", "This file is not valid HCL.").at(Span::new(file, 0..0), ""));
    }
    let broken = items.into_iter().zip(bad).filter_map(|(item, bad)| bad.then_some(item)).collect();
    Parsed { body: body.unwrap_or_default(), broken }
}

/// Overwrites a range with blanks; line ends stay.
fn blank(bytes: &mut [u8], range: Range<usize>) {
    if let Some(bytes) = bytes.get_mut(range) {
        for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
    }
}

/// Puts the parser's complaint into words.
fn explain(text: &str, file: FileId, tokens: &[Token], item: &Item, message: &str, offset: usize) -> Diagnostic {
    let offset = text.floor_char_boundary(offset.min(item.range.end));
    let from = tokens.partition_point(|token| (token.start as usize) < item.range.start);
    let at = tokens.partition_point(|token| (token.end as usize) <= offset).max(from);
    let found = tokens.get(at).filter(|token| (token.start as usize) < item.range.end || token.kind == Kind::Newline);
    let span = found.map_or(offset..(offset + 1).min(text.len().max(offset)), |token| token.range());
    let span = if found.is_some_and(|token| token.kind == Kind::Newline) { offset..offset } else { span };
    let place = Span::new(file, span);
    if message.contains("nesting depth") {
        return Diagnostic::error(
            "Nesting too deep",
            "Blocks, brackets and templates may be nested at most 64 levels deep.",
        )
        .at(place, "one level too many");
    }
    if message.contains("binary operation") {
        return Diagnostic::error("Expression too long", "At most 128 operators may be chained in one expression.")
            .at(place, "one operator too many")
            .hint("write a long `a == x || a == y || …` as `contains([x, y, …], a)`");
    }
    let before = at.checked_sub(1).filter(|at| *at >= from).and_then(|at| tokens.get(at));
    let innermost = innermost_bracket(tokens.get(from..at).unwrap_or_default());
    let same_line = before.is_some_and(|token| token.kind != Kind::Newline);
    let what = found.map_or_else(|| "the end of the file".into(), |token| describe(*token, text));
    match (innermost, found.map(|token| token.kind)) {
        (Some(Kind::OpenBracket), Some(_)) if message.contains("`]`") => Diagnostic::error(
            "Missing item separator",
            format!("Expected a comma or `]` after this item of the list, found {what}."),
        )
        .at(place, "")
        .hint("put a comma between the items"),
        (Some(Kind::OpenParen), Some(_)) if message.contains("`)`") => {
            Diagnostic::error("Missing argument separator", format!("Expected a comma or `)`, found {what}."))
                .at(place, "")
                .hint("put a comma between the arguments")
        }
        (_, Some(Kind::Colon)) if before.is_some_and(|token| token.kind == Kind::Ident) => {
            Diagnostic::error("Invalid argument", "An argument is set with `=`, not with `:`.")
                .at(place, "")
                .hint("write `name = value`")
        }
        (_, Some(Kind::Newline) | None) if same_line && before.is_some_and(|token| token.kind == Kind::Equal) => {
            Diagnostic::error("Missing value", "A value is expected after `=`.").at(place, "")
        }
        (_, Some(Kind::Newline))
            if before.is_some_and(|token| matches!(token.kind, Kind::Ident | Kind::CloseQuote)) =>
        {
            Diagnostic::error(
                "Invalid block or argument",
                "A name is followed by `=` and a value (an argument) or by labels and `{` (a block).",
            )
            .at(place, "the line ends here")
        }
        (_, Some(_)) if same_line && message.contains("newline") => Diagnostic::error(
            "Missing newline",
            format!("An argument or block ends with its line; {what} stands behind it."),
        )
        .at(place, "")
        .hint("start a new line here"),
        _ => {
            let expected = message.split_once("expected ").map(|(_, expected)| expected);
            let detail = match expected {
                Some(expected) => format!("Expected {expected}, found {what}."),
                None => format!("{} is not expected here.", capitalised(&what)),
            };
            Diagnostic::error("Invalid syntax", detail).at(place, "")
        }
    }
}

/// The innermost bracket open after these tokens.
fn innermost_bracket(tokens: &[Token]) -> Option<Kind> {
    let mut open = Vec::new();
    for token in tokens {
        match token.kind {
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen | Kind::OpenQuote | Kind::OpenTemplate => {
                open.push(token.kind);
            }
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::CloseQuote | Kind::CloseTemplate => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

fn describe(token: Token, text: &str) -> String {
    match token.kind {
        Kind::Newline => "the end of the line".into(),
        Kind::OpenQuote | Kind::Text | Kind::CloseQuote => "a string".into(),
        Kind::OpenHeredoc | Kind::CloseHeredoc => "a heredoc".into(),
        Kind::LineComment | Kind::BlockComment => "a comment".into(),
        _ => format!("`{}`", token.text(text).chars().take(40).collect::<String>()),
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// The syntax errors of a text, and nothing else about it.
pub(crate) fn syntax_errors(text: &str, file: FileId) -> Vec<Diagnostic> {
    let mut diags = Diagnostics::default();
    parse(text, file, &mut diags);
    diags.into_sorted()
}
