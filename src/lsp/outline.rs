//! What a directory declares, and where: found from tokens, so that it is known while a file does not parse.

use std::{ops::Range, path::PathBuf};

use crate::{
    config::scan::{Kind, Token, scan},
    diag::FileId,
};

/// A declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    /// The kind of block: `variable`, `rollout`, …; `local` for a named value.
    pub(super) kind: String,
    /// Its name; empty for blocks without a label.
    pub(super) name: String,
    /// The file.
    pub(super) path: PathBuf,
    /// The header of the block, or the name of the value.
    pub(super) header: Range<usize>,
    /// All of it.
    pub(super) whole: Range<usize>,
}

/// The blocks at the top level of a text, and the values of its `locals`.
pub(super) fn declarations(path: &std::path::Path, text: &str) -> Vec<Declared> {
    let scan = scan(text, FileId(0));
    let tokens: Vec<Token> =
        scan.tokens.into_iter().filter(|one| !matches!(one.kind, Kind::LineComment | Kind::BlockComment)).collect();
    let mut found: Vec<Declared> = Vec::new();
    let mut depth = 0_usize;
    let mut line_start = true;
    // The block that is open at depth 0, as an index of `found`.
    let mut open: Option<usize> = None;
    for (at, token) in tokens.iter().enumerate() {
        let starts = std::mem::replace(&mut line_start, token.kind == Kind::Newline);
        match token.kind {
            Kind::Ident if starts && depth == 0 => {
                if let Some((name, end)) = header(&tokens, at, text) {
                    let start = token.start as usize;
                    open = Some(found.len());
                    found.push(Declared {
                        kind: token.text(text).to_owned(),
                        name,
                        path: path.to_owned(),
                        header: start..end,
                        whole: start..end,
                    });
                }
            }
            Kind::Ident if starts && depth == 1 => {
                let in_locals = open.and_then(|open| found.get(open)).is_some_and(|block| block.kind == "locals");
                if in_locals && tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Equal) {
                    let end = line_end(&tokens, at, text);
                    found.push(Declared {
                        kind: "local".to_owned(),
                        name: token.text(text).to_owned(),
                        path: path.to_owned(),
                        header: token.range(),
                        whole: token.start as usize..end,
                    });
                }
            }
            Kind::OpenBrace => {
                depth += 1;
                line_start |= depth == 1;
            }
            Kind::CloseBrace => {
                depth = depth.saturating_sub(1);
                if depth == 0
                    && let Some(block) = open.take().and_then(|open| found.get_mut(open))
                {
                    block.whole.end = token.end as usize;
                }
            }
            Kind::OpenBracket | Kind::OpenParen | Kind::OpenTemplate => depth += 1,
            Kind::CloseBracket | Kind::CloseParen | Kind::CloseTemplate => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    found
}

/// The label of the block whose name stands at `at`, and where its header ends.
fn header(tokens: &[Token], at: usize, text: &str) -> Option<(String, usize)> {
    let kind = |ahead: usize| tokens.get(at + ahead).map(|one| one.kind);
    match (kind(1)?, kind(2), kind(3)) {
        (Kind::OpenBrace, ..) => Some((String::new(), tokens.get(at)?.end as usize)),
        (Kind::OpenQuote, Some(Kind::Text), Some(Kind::CloseQuote)) => {
            Some((tokens.get(at + 2)?.text(text).to_owned(), tokens.get(at + 3)?.end as usize))
        }
        (Kind::Ident, Some(Kind::OpenBrace), _) => {
            let label = tokens.get(at + 1)?;
            Some((label.text(text).to_owned(), label.end as usize))
        }
        _ => None,
    }
}

/// Where the value that starts on this line ends: at the line end outside all brackets.
fn line_end(tokens: &[Token], at: usize, text: &str) -> usize {
    let mut depth = 0_i32;
    for token in tokens.iter().skip(at) {
        match token.kind {
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenParen | Kind::OpenTemplate | Kind::OpenHeredoc => {
                depth += 1
            }
            Kind::CloseBrace if depth == 0 => return token.start as usize,
            Kind::CloseBrace | Kind::CloseBracket | Kind::CloseParen | Kind::CloseTemplate | Kind::CloseHeredoc => {
                depth -= 1;
            }
            Kind::Newline if depth <= 0 => return token.start as usize,
            _ => {}
        }
    }
    text.len()
}
