//! What a word means, in Markdown.

use std::{fmt::Write, ops::Range, path::Path};

use super::{
    context::{Context, Language, word_at},
    modules,
    outline::Declared,
    workspace::Workspace,
};
use crate::{
    config::schema::{AttributeSchema, BlockSchema, Kind, Over},
    eval::{
        CHANGE, Member, TENANT, UserField, WAVE,
        functions::{self, Function},
    },
    risk::{self, Rule},
};

/// Explains the word at a byte of an open file: the text, and the bytes it is about.
pub(super) fn hover(workspace: &Workspace, path: &Path, offset: usize) -> Option<(String, Range<usize>)> {
    let text = workspace.text(path)?;
    let range = word_at(text, offset);
    let word = text.get(range.clone()).filter(|word| !word.is_empty())?;
    let context = Context::at(text, range.end, Language::of(path));
    if context.comment {
        return None;
    }
    // Rules stand in labels, lists and comments of the organisation's own; their ids mean nothing else.
    if let Some(rule) = risk::rule(word).filter(|rule| rule.id.eq_ignore_ascii_case(word)) {
        return Some((rule_page(rule), range));
    }
    if let Some((declared, range)) = modules::named(workspace, path, offset) {
        return source(workspace, &declared).map(|page| (page, range));
    }
    if let Some((root, name)) = word.split_once('.') {
        let name = name.split('.').next().unwrap_or(name);
        return match root {
            "var" | "local" => declaration(workspace, path, if root == "var" { "variable" } else { root }, name),
            _ => member(&context, root, name),
        }
        .map(|page| (page, range));
    }
    if context.string.is_some() {
        return None;
    }
    let follows = text.get(range.end..).unwrap_or_default().trim_start_matches([' ', '\t']);
    if follows.starts_with('(')
        && let Some(found) = functions::find(word)
    {
        return Some((function(found), range));
    }
    if !context.line_start || context.argument.is_some() {
        return None;
    }
    if context.sets_variables() {
        return declaration(workspace, path, "variable", word).map(|page| (page, range));
    }
    match context.schema() {
        Some(outer) => outer
            .attribute(word)
            .map(attribute)
            .or_else(|| outer.block(word).map(|one| block(one.schema)))
            .map(|doc| (doc, range)),
        None if context.blocks.is_empty() => context.language.block(word).map(|one| (block(one), range)),
        None => None,
    }
}

/// The text of a declaration.
fn declaration(workspace: &Workspace, path: &Path, kind: &str, name: &str) -> Option<String> {
    let all = workspace.declarations_for(path);
    source(workspace, &all.into_iter().find(|one| one.kind == kind && one.name == name)?)
}

fn source(workspace: &Workspace, declared: &Declared) -> Option<String> {
    let text = workspace.any_text(&declared.path)?;
    Some(format!("```hcl\n{}\n```", text.get(declared.whole.clone())?.trim_end()))
}

/// An attribute of `user`, `change` or `tenant`, where that name exists.
fn member(context: &Context, root: &str, name: &str) -> Option<String> {
    let Kind::Expression(over) = context.attribute()?.kind else { return None };
    let found = match (root, over) {
        ("user", Over::User | Over::Change | Over::Notice) => {
            UserField::ALL.iter().find(|field| field.as_str() == name).map(|field| field.member())
        }
        ("wave", Over::Notice) => WAVE.into_iter().find(|one| one.name == name),
        ("change", Over::Change | Over::Notice) => CHANGE.into_iter().find(|one| one.name == name),
        ("tenant", Over::PlanAndTenant) => TENANT.into_iter().find(|one| one.name == name),
        _ => None,
    };
    found.map(|one| described(root, &one))
}

/// An attribute of a name: its type, what it says.
pub(super) fn described(root: &str, Member { name, ty, doc, values: _ }: &Member) -> String {
    let unknown = if root == "user" { "\n\n`null` where the tenant does not know it." } else { "" };
    format!("`{root}.{name}`: {ty}\n\n{doc}{unknown}")
}

/// An argument: what it takes, whether it must be set, what holds if it is not.
pub(super) fn attribute(one: &AttributeSchema) -> String {
    let AttributeSchema { name, kind, required, doc, default } = one;
    let mut out = format!("`{name}`: {}", kind.describe());
    if *required {
        out.push_str(", required");
    }
    if let Some(default) = default {
        let _ = write!(out, ", default `{default}`");
    }
    let _ = write!(out, "\n\n{doc}");
    out
}

fn block(one: &BlockSchema) -> String {
    let mut out = format!("`{}`\n\n{}", one.name, one.doc);
    if !one.example.is_empty() {
        let _ = write!(out, "\n\n```hcl\n{}\n```", one.example);
    }
    out
}

/// A function: how it is called, what it does, an example.
pub(super) fn function(one: &Function) -> String {
    format!("`{}`\n\n{}\n\n```hcl\n{}\n```", one.signature(), one.doc, one.example)
}

fn rule_page(rule: &Rule) -> String {
    let risk::RuleDoc { meaning, why, evidence: _, action, sources: _ } = &rule.doc;
    format!("**{} {}**: {}\n\n{meaning}\n\n{why}\n\n**What to do**: {action}", rule.id, rule.name, rule.title)
}
