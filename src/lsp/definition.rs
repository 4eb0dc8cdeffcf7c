//! Where a name is declared.

use std::path::Path;

use lsp_types::Location;

use super::{
    context::{Context, Language, word_at},
    outline::Declared,
    text::Encoding,
    workspace::Workspace,
};

/// The declaration of the name at a byte of an open file: `var.x`, `local.x`, `rollout = "x"`, a rule of the
/// organisation's own in `accept "x"` or `risk "x"`, a variable that gets a value, the `check.x` of a scenario.
pub(super) fn definition(workspace: &Workspace, path: &Path, offset: usize, encoding: Encoding) -> Option<Location> {
    let text = workspace.text(path)?;
    let range = word_at(text, offset);
    let word = text.get(range.clone())?;
    let context = Context::at(text, range.end, Language::of(path));
    if context.comment {
        return None;
    }
    let declared = workspace.declarations_for(path);
    let found = if let Some(string) = &context.string {
        let name = text.get(string.start..)?.split(['"', '\n']).next()?;
        match context.argument.as_deref() {
            Some("rollout") => of(&declared, "rollout", name),
            Some(_) => None,
            None => of(&declared, "rule", name),
        }
    } else if context.sets_variables() && context.begins() {
        of(&declared, "variable", word)
    } else {
        let mut steps = word.split('.');
        let kind = match steps.next()? {
            "var" => "variable",
            "local" => "local",
            // `expect_failures = [check.x]`
            "check" if context.language == Language::Scenario => "check",
            _ => return None,
        };
        of(&declared, kind, steps.next()?)
    }?;
    let source = workspace.any_text(&found.path)?;
    Some(Location::new(workspace.uri(&found.path)?, encoding.range(&source, found.header.clone())))
}

fn of<'d>(declared: &'d [Declared], kind: &str, name: &str) -> Option<&'d Declared> {
    declared.iter().find(|one| one.kind == kind && one.name == name)
}
