//! Text → syntax tree, with every syntax error of the file.
//!
//! The scanner reports what is wrong in the text itself; the parser (hcl-edit) builds the tree. Where it fails, each
//! top-level item is parsed by itself, the broken ones are blanked out and the rest is parsed again, so that byte
//! offsets stay those of the file and a slip in one block hides nothing of the others.

mod explain;

use std::ops::Range;

use hcl_edit::{expr::Expression, parser, structure::Body};

use explain::explain;

use super::{
    outline::{Item, Outline, outline},
    scan::{Scan, scan},
};
use crate::{
    diag::{Diagnostic, Diagnostics, FileId, Span},
    eval::parse_expression,
};

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

/// Parses one expression of the command line or the console, with what the scanner knows of strings and brackets.
pub(crate) fn expression(text: &str, file: FileId, diags: &mut Diagnostics) -> Option<Expression> {
    let scan = scan(text, file);
    if !scan.problems.is_empty() {
        diags.extend(scan.problems);
        return None;
    }
    let mut own = Diagnostics::default();
    let parsed = parse_expression(text, file, &mut own);
    if parsed.is_none() {
        diags.extend(own.into_sorted().into_iter().map(|problem| {
            let at = problem.primary.as_ref().map_or(0, |label| label.span.start as usize);
            explain::in_expression(text, file, &scan.tokens, at).unwrap_or(problem)
        }));
    }
    parsed
}

/// The syntax errors of a text, and nothing else about it.
pub(crate) fn syntax_errors(text: &str, file: FileId) -> Vec<Diagnostic> {
    let mut diags = Diagnostics::default();
    parse(text, file, &mut diags);
    diags.into_sorted()
}
