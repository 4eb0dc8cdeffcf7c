//! Lines: indentation, and the columns of `=` and of comments.

use unicode_segmentation::UnicodeSegmentation;

use super::Piece;
use crate::config::scan::Kind;

/// Splits tokens into lines, each with its line end. A heredoc belongs to the line it starts on.
pub(super) fn split(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut lines = vec![Vec::new()];
    for piece in pieces {
        let ends = piece.kind == Kind::Newline;
        if let Some(line) = lines.last_mut() {
            line.push(piece);
        }
        if ends {
            lines.push(Vec::new());
        }
    }
    lines
}

/// What a token does to the depth.
const fn change(kind: Kind) -> i32 {
    match kind {
        Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen | Kind::OpenTemplate => 1,
        Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::CloseTemplate => -1,
        _ => 0,
    }
}

fn net(pieces: &[Piece]) -> i32 {
    pieces.iter().map(|piece| change(piece.kind)).sum()
}

/// Indents each line by two blanks per step. What a line opens, net, is one step however many brackets it is, so that
/// `f({` and `})` stand above each other; a line that opens as much as it closes stays at the depth it is at.
pub(super) fn indent(lines: &mut [Vec<Piece>]) {
    let mut steps: Vec<i32> = Vec::new();
    let mut heredocs = 0usize;
    for line in lines {
        let inside = heredocs > 0;
        for piece in line.iter() {
            match piece.kind {
                Kind::OpenHeredoc => heredocs += 1,
                Kind::CloseHeredoc => heredocs = heredocs.saturating_sub(1),
                _ => {}
            }
        }
        let net = net(line);
        let depth = if net > 0 {
            steps.push(net);
            steps.len() - 1
        } else {
            close(&mut steps, -net);
            steps.len()
        };
        let Some(first) = line.first_mut() else { continue };
        // The text of a heredoc, and blank lines, have no indentation to give.
        first.before = if inside || first.kind == Kind::Newline { 0 } else { 2 * depth };
    }
}

/// Takes `count` closed brackets off the steps.
fn close(steps: &mut Vec<i32>, mut count: i32) {
    while count > 0 {
        match steps.last_mut() {
            Some(step) if *step > count => {
                *step -= count;
                return;
            }
            Some(step) => {
                count -= *step;
                steps.pop();
            }
            None => return,
        }
    }
}

/// Aligns `=` over neighbouring lines that set a whole value, and comments over neighbouring lines that end in one.
pub(super) fn align(lines: &mut [Vec<Piece>]) {
    run(lines, assignment);
    run(lines, comment);
}

/// Where a line's `=` stands, if what follows it is a whole value: then the line can be aligned with its neighbours.
fn assignment(line: &[Piece]) -> Option<usize> {
    let at = line.iter().skip(1).position(|piece| piece.kind == Kind::Equal)? + 1;
    (net(line.get(at..)?) == 0).then_some(at)
}

/// Where the comment at the end of a line stands, if something precedes it.
fn comment(line: &[Piece]) -> Option<usize> {
    let end = line.iter().rposition(|piece| piece.kind != Kind::Newline)?;
    (end > 0 && line.get(end)?.kind == Kind::LineComment).then_some(end)
}

/// Moves what `column` finds to one column over each run of lines that have it.
fn run(lines: &mut [Vec<Piece>], column: fn(&[Piece]) -> Option<usize>) {
    let mut start = 0;
    while start < lines.len() {
        let found: Vec<usize> = lines.iter().skip(start).map_while(|line| column(line)).collect();
        if found.is_empty() {
            start += 1;
            continue;
        }
        let rows = lines.iter_mut().skip(start).zip(&found);
        let mut widths: Vec<(usize, &mut Piece)> = Vec::with_capacity(found.len());
        for (line, at) in rows {
            let width = line.iter().take(*at).map(|piece| piece.before + width(&piece.text)).sum();
            widths.extend(line.get_mut(*at).map(|piece| (width, piece)));
        }
        let widest = widths.iter().map(|(width, _)| *width).max().unwrap_or(0);
        for (width, piece) in widths {
            piece.before = widest - width + 1;
        }
        start += found.len();
    }
}

/// How many columns a text takes, as Terraform counts: one for each character a reader sees.
fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).count() }
}
