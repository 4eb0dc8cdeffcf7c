//! Where a declared name is used, where it is declared, and what changes when it gets another name.

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use super::{
    context::Language,
    mentions::{self, Mention, mentions},
    workspace::Workspace,
};
use crate::{config::schema, risk};

/// A place in a file.
pub(super) type Place = (PathBuf, Range<usize>);

/// All places that name what stands at a byte of an open file.
pub(super) fn references(workspace: &Workspace, path: &Path, offset: usize, declarations: bool) -> Vec<Place> {
    let Some(named) = at(workspace, path, offset) else { return Vec::new() };
    of(workspace, path, &named, declarations)
}

/// The declaration of the name at a byte of an open file.
pub(super) fn declaration(workspace: &Workspace, path: &Path, offset: usize) -> Option<Place> {
    let named = at(workspace, path, offset)?;
    let declares = |one: &Mention| one.declares && same(one, &named);
    every(workspace, path).into_iter().find_map(|(path, all)| Some((path, all.into_iter().find(declares)?.range)))
}

/// The places in one file alone.
pub(super) fn in_file(workspace: &Workspace, path: &Path, offset: usize) -> Vec<Mention> {
    let Some(text) = workspace.text(path) else { return Vec::new() };
    let Some(named) = at(workspace, path, offset) else { return Vec::new() };
    mentions(text, Language::of(path)).into_iter().filter(|one| same(one, &named)).collect()
}

/// What would be renamed at a byte: its bytes. Only what is declared here has a name to change.
pub(super) fn renamable(workspace: &Workspace, path: &Path, offset: usize) -> Option<Mention> {
    declaration(workspace, path, offset)?;
    at(workspace, path, offset)
}

/// The places at which the new name is written.
///
/// # Errors
/// Why the name cannot be changed to that, in a sentence.
pub(super) fn rename(workspace: &Workspace, path: &Path, offset: usize, to: &str) -> Result<Vec<Place>, String> {
    let named = renamable(workspace, path, offset).ok_or("nothing that is declared here has its name at this place")?;
    let kind = named.kind.as_str();
    let schema = Language::of(path).block(kind).or_else(|| schema::top_level(kind));
    let identifier = kind == "local" || schema.and_then(|one| one.label.as_ref()).is_some_and(|label| label.identifier);
    let mut letters = to.chars();
    let first = letters.next().is_some_and(|one| one.is_alphabetic() || one == '_');
    if identifier && !(first && letters.all(|one| one.is_alphanumeric() || matches!(one, '_' | '-'))) {
        return Err(format!("`{to}` is no name: a letter or `_` comes first, then letters, digits, `_` and `-`"));
    }
    if to.trim().is_empty() || to.contains(['"', '\\', '\n', '$', '%']) {
        return Err("a label is a text without quotes, escapes and templates".into());
    }
    if kind == "rule" && risk::rule(to).is_some() {
        return Err(format!("`{to}` is a built-in rule"));
    }
    let wanted = Mention { name: to.to_owned(), ..named.clone() };
    if every(workspace, path).iter().flat_map(|(_, all)| all).any(|one| one.declares && same(one, &wanted)) {
        return Err(format!("there is another {kind} named `{to}`"));
    }
    Ok(of(workspace, path, &named, true))
}

fn at(workspace: &Workspace, path: &Path, offset: usize) -> Option<Mention> {
    mentions::at(workspace.text(path)?, Language::of(path), offset)
}

fn of(workspace: &Workspace, path: &Path, named: &Mention, declarations: bool) -> Vec<Place> {
    let wanted = |one: &Mention| same(one, named) && (declarations || !one.declares);
    let found = every(workspace, path).into_iter().flat_map(|(path, all)| {
        all.into_iter().filter(|one| wanted(one)).map(|one| (path.clone(), one.range)).collect::<Vec<_>>()
    });
    found.collect()
}

/// Rules are named in any case.
fn same(one: &Mention, other: &Mention) -> bool {
    let names = if one.kind == "rule" { one.name.eq_ignore_ascii_case(&other.name) } else { one.name == other.name };
    one.kind == other.kind && names
}

/// The mentions of every file that belongs to the configuration of this one.
fn every(workspace: &Workspace, path: &Path) -> Vec<(PathBuf, Vec<Mention>)> {
    let files = workspace.files_beside(path).into_iter();
    files
        .filter_map(|path| {
            let text = workspace.any_text(&path)?;
            let found = mentions(&text, Language::of(&path));
            Some((path, found))
        })
        .collect()
}
