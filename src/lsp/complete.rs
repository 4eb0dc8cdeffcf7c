//! What could stand at the cursor.

use std::path::Path;

use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, InsertTextFormat, MarkupContent, MarkupKind,
    TextEdit,
};

use super::{
    attributes,
    context::{Context, Language},
    hover, modules,
    outline::Declared,
    text::Encoding,
    workspace::Workspace,
};
use crate::{
    config::{
        Waivable,
        schema::{BlockSchema, Kind, NestedSchema, Over, Times},
    },
    desired::role_names::BUILT_IN_ROLES,
    eval::{CHANGE, Member, TENANT, UserField, WAVE, functions},
    risk,
    tenant::ObservedTenant,
};

/// How many users or groups are offered at once: the client asks again as the word grows.
const MOST: usize = 100;

/// An item before it has a place.
struct Word {
    label: String,
    kind: CompletionItemKind,
    doc: Option<String>,
    /// What is inserted, where that is not the label; with `$1`, `$0` for the cursor.
    snippet: Option<String>,
}

impl Word {
    fn new(label: impl Into<String>, kind: CompletionItemKind) -> Self {
        Self { label: label.into(), kind, doc: None, snippet: None }
    }

    fn doc(mut self, doc: impl Into<String>) -> Self {
        self.doc = Some(doc.into()).filter(|doc| !doc.is_empty());
        self
    }

    fn snippet(mut self, snippet: String) -> Self {
        self.snippet = Some(snippet);
        self
    }
}

/// Completes at a byte of an open file. The flag says that there was more than fits.
pub(super) fn complete(
    workspace: &mut Workspace,
    path: &Path,
    offset: usize,
    encoding: Encoding,
    snippets: bool,
) -> Option<(Vec<CompletionItem>, bool)> {
    let text = workspace.text(path)?.to_owned();
    let dir = path.parent()?;
    let context = Context::at(&text, offset, Language::of(path));
    if context.comment {
        return None;
    }
    let declared = workspace.declarations_for(path);
    let (words, range) = match &context.string {
        Some(range) => {
            let typed = text.get(range.clone())?;
            let tenant = workspace.tenant(dir);
            (in_string(&context, typed, &declared, tenant.as_deref()), range.clone())
        }
        None if context.begins() && context.sets_variables() => {
            let names = declared.iter().filter(|one| one.kind == "variable");
            let word = |one: &Declared| {
                Word::new(&one.name, CompletionItemKind::VARIABLE).snippet(format!("{} = $1", one.name))
            };
            (names.map(word).collect(), context.word.clone())
        }
        None if context.begins() => {
            let set = attributes::set_beside(&text, offset, context.language);
            let mut words = beginnings(&context, &set);
            words.extend(inputs(workspace, &text, offset, &context, &declared, &set));
            (words, context.word.clone())
        }
        None => {
            let word = text.get(context.word.clone())?;
            let mut words = in_expression(&context, word, &declared);
            words.extend(outputs(workspace, word, &declared));
            if let Some((root, _)) = word.rsplit_once('.').filter(|_| words.is_empty()) {
                let found = attributes::of(workspace, path, offset, root, &declared);
                words = found.into_iter().map(|name| Word::new(name, CompletionItemKind::FIELD)).collect();
            }
            // Only the part behind the last dot is replaced: clients split words there.
            let start = word.rfind('.').map_or(context.word.start, |at| context.word.start + at + 1);
            (words, start..context.word.end)
        }
    };
    let incomplete = words.len() >= MOST;
    let edit_range = encoding.range(&text, range);
    let items = words.into_iter().map(|word| {
        let Word { label, kind, doc, snippet } = word;
        let snippet = snippet.filter(|_| snippets);
        CompletionItem {
            kind: Some(kind),
            documentation: doc
                .map(|value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value })),
            insert_text_format: snippet.as_ref().map(|_| InsertTextFormat::SNIPPET),
            text_edit: Some(CompletionTextEdit::Edit(TextEdit::new(
                edit_range,
                snippet.unwrap_or_else(|| label.clone()),
            ))),
            label,
            ..CompletionItem::default()
        }
    });
    Some((items.collect(), incomplete))
}

/// Blocks and arguments.
fn beginnings(context: &Context, set: &[String]) -> Vec<Word> {
    if context.blocks.is_empty() {
        return context.language.top_level().iter().map(|one| block(one)).collect();
    }
    let Some(schema) = context.schema() else { return Vec::new() };
    let missing = |name: &str| !set.iter().any(|one| one == name);
    let arguments = schema.attributes.iter().filter(|one| missing(one.name)).map(|one| {
        let value = match one.kind {
            Kind::Text | Kind::Date | Kind::OneOf(_) => "\"$1\"",
            Kind::Texts | Kind::AnyOf(_) => "[\"$1\"]",
            _ => "$1",
        };
        Word::new(one.name, CompletionItemKind::PROPERTY)
            .doc(hover::attribute(one))
            .snippet(format!("{} = {value}", one.name))
    });
    let again = |one: &&NestedSchema| one.times != Times::Optional || missing(one.schema.name);
    let blocks = schema.blocks.iter().filter(again).map(|one| {
        let word = block(one.schema);
        if one.times == Times::Optional { word } else { Word { kind: CompletionItemKind::CLASS, ..word } }
    });
    arguments.chain(blocks).collect()
}

fn block(schema: &BlockSchema) -> Word {
    let label = if schema.label.is_some() { " \"$1\"" } else { "" };
    Word::new(schema.name, CompletionItemKind::CLASS)
        .doc(schema.doc)
        .snippet(format!("{}{label} {{\n  $0\n}}", schema.name))
}

/// The inputs of the module that is called here.
fn inputs(
    workspace: &Workspace,
    text: &str,
    offset: usize,
    context: &Context,
    declared: &[Declared],
    set: &[String],
) -> Vec<Word> {
    if context.language != Language::Configuration || context.blocks != ["module"] {
        return Vec::new();
    }
    let Some(name) = modules::call_around(text, offset) else { return Vec::new() };
    let Some(call) = declared.iter().find(|one| one.kind == "module" && one.name == name) else {
        return Vec::new();
    };
    let variables = workspace.declarations_of_module(call).into_iter().filter(|one| one.kind == "variable");
    let missing = variables.filter(|one| !set.contains(&one.name));
    missing
        .map(|one| Word::new(&one.name, CompletionItemKind::VARIABLE).snippet(format!("{} = $1", one.name)))
        .collect()
}

/// The outputs of the module in front of the last dot.
fn outputs(workspace: &Workspace, word: &str, declared: &[Declared]) -> Vec<Word> {
    let Some((root, _)) = word.rsplit_once('.') else { return Vec::new() };
    let Some(name) = root.strip_prefix("module.") else { return Vec::new() };
    let Some(call) = declared.iter().find(|one| one.kind == "module" && one.name == name) else { return Vec::new() };
    let outputs = workspace.declarations_of_module(call).into_iter().filter(|one| one.kind == "output");
    outputs.map(|one| Word::new(&one.name, CompletionItemKind::FIELD)).collect()
}

/// Values and references.
fn in_expression(context: &Context, word: &str, declared: &[Declared]) -> Vec<Word> {
    let of = |kind: &str| -> Vec<Word> {
        let found = declared.iter().filter(|one| one.kind == kind);
        found.map(|one| Word::new(&one.name, CompletionItemKind::VARIABLE)).collect()
    };
    let fields = |names: &[&str]| names.iter().map(|name| Word::new(*name, CompletionItemKind::FIELD)).collect();
    match word.rsplit_once('.').map(|(root, _)| root) {
        Some("var") => return of("variable"),
        Some("local") => return of("local"),
        Some("module") => return of("module"),
        Some("check") if context.language == Language::Scenario => return of("check"),
        Some("user") => return members("user", UserField::ALL.iter().map(|field| field.member())),
        Some("change") => return members("change", CHANGE.into_iter()),
        Some("wave") => return members("wave", WAVE.into_iter()),
        Some("plan") => return fields(&["summary"]),
        Some("plan.summary") => return summary(),
        Some("tenant") => return members("tenant", TENANT.into_iter()),
        Some("each") => return fields(&["key", "value"]),
        Some("path") => return fields(&["module", "root", "cwd"]),
        Some(_) => return Vec::new(),
        None => {}
    }
    let kind = context.attribute().map(|one| one.kind);
    let quoted = |value: &&str| Word::new(format!("\"{value}\""), CompletionItemKind::ENUM_MEMBER);
    let mut words: Vec<Word> = context.compared.as_deref().map(values).unwrap_or_default().iter().map(quoted).collect();
    if context.language == Language::Scenario && context.argument.as_deref() == Some("expect_failures") {
        let names = ["check", "var", "configuration"];
        return names.map(|name| Word::new(name, CompletionItemKind::MODULE)).into();
    }
    if !context.nested {
        match kind {
            Some(Kind::OneOf(values)) => {
                words.extend(values.iter().map(quoted));
            }
            Some(Kind::Bool) => {
                words.extend(["true", "false"].map(|value| Word::new(value, CompletionItemKind::KEYWORD)));
            }
            Some(Kind::Type) => {
                let types =
                    ["string", "number", "bool", "any", "list(string)", "set(string)", "map(string)", "object({})"];
                return types.map(|one| Word::new(one, CompletionItemKind::TYPE_PARAMETER)).into();
            }
            _ => {}
        }
    }
    let mut roots = vec!["var", "local", "path"];
    if declared.iter().any(|one| one.kind == "module") {
        roots.push("module");
    }
    match kind {
        Some(Kind::Expression(Over::User)) => roots.extend(["user", "tenant"]),
        Some(Kind::Expression(Over::Change)) => roots.extend(["user", "change", "tenant"]),
        Some(Kind::Expression(Over::Notice)) => roots.extend(["user", "change", "wave", "tenant"]),
        Some(Kind::Expression(Over::Plan | Over::PlanAndTenant)) => roots.extend(["plan", "tenant"]),
        _ => {}
    }
    words.extend(roots.into_iter().map(|root| Word::new(root, CompletionItemKind::MODULE)));
    words.extend(functions::ALL.iter().map(|one| {
        Word::new(one.name, CompletionItemKind::FUNCTION).doc(hover::function(one)).snippet(format!("{}($1)", one.name))
    }));
    words
}

/// The values that `user.kind`, `change.after` and their like may have.
fn values(name: &str) -> &'static [&'static str] {
    let Some((root, name)) = name.split_once('.') else { return &[] };
    let found = match root {
        "user" => UserField::ALL.iter().map(|field| field.member()).find(|one| one.name == name),
        "change" => CHANGE.into_iter().find(|one| one.name == name),
        "tenant" => TENANT.into_iter().find(|one| one.name == name),
        _ => None,
    };
    found.map_or(&[], |one| one.values)
}

/// Attributes of a name of the language.
fn members(root: &str, all: impl Iterator<Item = Member>) -> Vec<Word> {
    let word = |one: Member| Word::new(one.name, CompletionItemKind::FIELD).doc(hover::described(root, &one));
    all.map(word).collect()
}

/// The keys of `plan.summary`, from the type itself.
fn summary() -> Vec<Word> {
    let json = serde_json::to_value(crate::plan::Summary::default()).unwrap_or_default();
    let keys = json.as_object().into_iter().flat_map(|map| map.keys());
    keys.map(|key| Word::new(key, CompletionItemKind::FIELD)).collect()
}

/// What the string of an argument may hold.
fn in_string(context: &Context, typed: &str, declared: &[Declared], tenant: Option<&ObservedTenant>) -> Vec<Word> {
    let typed = typed.to_lowercase();
    let starts = |name: &&str| name.to_lowercase().starts_with(&typed);
    let value = |name: &str| Word::new(name, CompletionItemKind::VALUE);
    if let Some(block) = &context.labelled {
        // Only `accept` and `risk` are named after something that exists.
        let (names, declares) = super::mentions::label(block);
        return if names == "rule" && !declares { rules(declared) } else { Vec::new() };
    }
    if let Some(name) = &context.compared {
        return values(name).iter().map(|one| Word::new(*one, CompletionItemKind::ENUM_MEMBER)).collect();
    }
    match (context.argument.as_deref(), context.attribute().map(|one| one.kind)) {
        (_, Some(Kind::OneOf(values) | Kind::AnyOf(values))) => {
            values.iter().map(|one| Word::new(*one, CompletionItemKind::ENUM_MEMBER)).collect()
        }
        (Some("users"), _) => {
            let Some(tenant) = tenant else { return Vec::new() };
            let users = tenant.users().iter().filter(|user| starts(&user.user_principal_name.as_str()));
            users.take(MOST).map(|user| value(&user.user_principal_name).doc(user.name().as_str())).collect()
        }
        (Some("groups"), _) => {
            let names = tenant.into_iter().flat_map(|tenant| &tenant.groups).map(|group| group.display_name.as_str());
            names.filter(starts).take(MOST).map(value).collect()
        }
        (Some("roles"), _) => {
            let held = tenant
                .into_iter()
                .flat_map(|tenant| tenant.users())
                .flat_map(|user| user.directory_roles.iter().flatten());
            // A role that nobody holds yet may be named all the same.
            let held = held.map(|role| role.display_name.as_str());
            let mut names: Vec<&str> = held.chain(BUILT_IN_ROLES.iter().copied()).filter(starts).collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().take(MOST).map(value).collect()
        }
        (Some("rollout"), _) => {
            declared.iter().filter(|one| one.kind == "rollout").map(|one| value(&one.name)).collect()
        }
        (Some("not_acceptable"), _) => rules(declared),
        (Some("expect_failures"), _) => {
            let guardrails = Waivable::NAMES.iter().map(|name| Word::new(*name, CompletionItemKind::CONSTANT));
            guardrails.chain(rules(declared)).collect()
        }
        _ => Vec::new(),
    }
}

fn rules(declared: &[Declared]) -> Vec<Word> {
    let word = |rule: &&risk::Rule| {
        Word::new(rule.id, CompletionItemKind::CONSTANT).doc(format!("{}: {}", rule.name, rule.title))
    };
    let own = declared.iter().filter(|one| one.kind == "rule");
    let own = own.map(|one| Word::new(&one.name, CompletionItemKind::CONSTANT));
    risk::registry().iter().map(word).chain(own).collect()
}
