//! What a word at a call of a module means: an input its `variable`, `module.x.y` its `output`, in the module's own files.

use std::{ops::Range, path::Path};

use super::{
    context::{Context, Language, word_at},
    outline::{self, Declared},
    workspace::Workspace,
};
use crate::{
    config::scan::{Kind, Token, scan},
    diag::FileId,
};

/// The declaration in a module that the word at a byte of an open file names, and the bytes of the word.
pub(super) fn named(workspace: &Workspace, path: &Path, offset: usize) -> Option<(Declared, Range<usize>)> {
    let text = workspace.text(path)?;
    let (call, kind, range) = input(text, path, offset).or_else(|| output(text, offset))?;
    let name = text.get(range.clone())?;
    let declared = workspace.declarations_for(path);
    let call = declared.iter().find(|one| one.kind == "module" && one.name == call)?;
    let found = workspace.declarations_of_module(call).into_iter().find(|one| one.kind == kind && one.name == name)?;
    Some((found, range))
}

/// The `module` block around a byte, as it is written, closed or not.
pub(super) fn call_around(text: &str, offset: usize) -> Option<String> {
    let here = outline::declarations(Path::new(""), text);
    let block = here.into_iter().rfind(|one| one.kind == "module" && one.header.start <= offset)?;
    Some(block.name)
}

/// At the name of an argument of a `module` block.
fn input(text: &str, path: &Path, offset: usize) -> Option<(String, &'static str, Range<usize>)> {
    let range = word_at(text, offset);
    let context = Context::at(text, range.end, Language::of(path));
    let names =
        context.language == Language::Configuration && context.blocks == ["module"] && context.argument.is_none();
    if !names || !context.line_start || context.comment || context.string.is_some() {
        return None;
    }
    Some((call_around(text, offset)?, "variable", range))
}

/// At the last name of `module.x.y` or `module.x["key"].y`.
fn output(text: &str, offset: usize) -> Option<(String, &'static str, Range<usize>)> {
    let tokens: Vec<Token> = scan(text, FileId(0)).tokens;
    let kind = |at: usize| tokens.get(at).map(|one| one.kind);
    let last = tokens
        .iter()
        .position(|one| one.kind == Kind::Ident && one.range().start <= offset && offset <= one.range().end)?;
    let mut at = last.checked_sub(1).filter(|at| kind(*at) == Some(Kind::Dot))?;
    if kind(at.checked_sub(1)?) == Some(Kind::CloseBracket) {
        let mut depth = 0_usize;
        loop {
            at = at.checked_sub(1)?;
            match kind(at) {
                Some(Kind::CloseBracket) => depth += 1,
                Some(Kind::OpenBracket) if depth == 1 => break,
                Some(Kind::OpenBracket) => depth -= 1,
                _ => {}
            }
        }
    }
    let [root, dot, call] = tokens.get(at.checked_sub(3)?..at)? else { return None };
    let named = (root.kind, dot.kind, call.kind) == (Kind::Ident, Kind::Dot, Kind::Ident);
    let called = named && root.text(text) == "module";
    called.then(|| (call.text(text).to_owned(), "output", tokens[last].range()))
}
