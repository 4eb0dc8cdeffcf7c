//! Blocks as written, checked against the schema: names, labels, what is missing and what is too much. Values come
//! later.

use std::collections::HashMap;

use hcl_edit::{
    Span as _,
    expr::Expression,
    structure::{Attribute, Block, BlockLabel, Body, Structure},
};

use super::{
    Layer,
    schema::{self, BlockSchema, Times},
};
use crate::{
    diag::{Diagnostic, Diagnostics, FileId, Span, nearest},
    tenant::Text,
};

/// A block whose names are those of the schema.
#[derive(Debug)]
pub(crate) struct RawBlock<'a> {
    pub(crate) schema: &'static BlockSchema,
    pub(crate) label: Option<(Text, Span)>,
    /// Name and labels.
    pub(crate) header: Span,
    pub(crate) layer: Layer,
    pub(crate) attributes: Vec<RawAttribute<'a>>,
    pub(crate) blocks: Vec<RawBlock<'a>>,
    /// Something in it is not known, and that has been reported: what is missing may be what was misspelt.
    pub(crate) faulty: bool,
}

/// An argument.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawAttribute<'a> {
    pub(crate) name: &'a str,
    /// The name's place.
    pub(crate) key: Span,
    pub(crate) value: &'a Expression,
    /// The value's place.
    pub(crate) span: Span,
}

impl<'a> RawBlock<'a> {
    /// The label, or nothing.
    pub(crate) fn name(&self) -> Text {
        self.label.as_ref().map(|(name, _)| name.clone()).unwrap_or_default()
    }

    /// The argument with this name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&RawAttribute<'a>> {
        self.attributes.iter().find(|one| one.name == name)
    }
}

/// The place of something hcl-edit parsed; all of it has one.
pub(crate) fn span_of(node: &impl hcl_edit::Span, file: FileId) -> Span {
    Span::new(file, node.span().unwrap_or(0..0))
}

/// Checks the top level of a file.
/// `inside` says that it is a file of a module.
pub(crate) fn top_level<'a>(
    body: &'a Body,
    file: FileId,
    layer: Layer,
    inside: bool,
    diags: &mut Diagnostics,
) -> Vec<RawBlock<'a>> {
    let mut blocks = Vec::new();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(attribute) => {
                let name = attribute.key.as_str();
                let diagnostic = Diagnostic::error(
                    "Unsupported argument",
                    format!("An argument named `{name}` is not expected at the top level of a file: arguments stand in blocks."),
                )
                .at(span_of(&attribute.key, file), "");
                diags.push(if schema::top_level(name).is_some() {
                    diagnostic.hint(format!("`{name}` is a block: write `{name} {{ … }}`"))
                } else {
                    diagnostic.hint(format!("did you mean a named value? `locals {{ {name} = … }}`"))
                });
            }
            Structure::Block(block) => match schema::top_level(block.ident.as_str()) {
                Some(schema) => {
                    if layer == Layer::Policy && !schema.policy {
                        diags.push(not_in_policy(block, schema, file));
                        continue;
                    }
                    if inside && matches!(schema.name, "mfaplan" | "tenant") {
                        diags.push(not_in_module(block, schema, file));
                        continue;
                    }
                    blocks.extend(check(block, schema, file, layer, diags));
                }
                None => diags.push(unknown_block(block, file)),
            },
        }
    }
    blocks
}

/// Checks the top level of a file of another kind than configurations, whose blocks these are.
pub(crate) fn of<'a>(
    body: &'a Body,
    file: FileId,
    known: &[&'static BlockSchema],
    diags: &mut Diagnostics,
) -> Vec<RawBlock<'a>> {
    let mut blocks = Vec::new();
    for structure in body.iter() {
        match structure {
            Structure::Attribute(attribute) => diags.push(
                Diagnostic::error("Unsupported argument", "Arguments stand in blocks here.")
                    .at(span_of(&attribute.key, file), ""),
            ),
            Structure::Block(block) => {
                let name = block.ident.as_str();
                match known.iter().find(|one| one.name == name) {
                    Some(schema) => blocks.extend(check(block, schema, file, Layer::Configuration, diags)),
                    None => diags.push(
                        Diagnostic::error(
                            "Unsupported block type",
                            format!("Blocks of type `{name}` are not expected here."),
                        )
                        .at(span_of(&block.ident, file), "")
                        .suggest(name, known.iter().map(|one| one.name)),
                    ),
                }
            }
        }
    }
    blocks
}

fn not_in_policy(block: &Block, schema: &BlockSchema, file: FileId) -> Diagnostic {
    let allowed: Vec<String> =
        schema::TOP_LEVEL.iter().filter(|one| one.policy).map(|one| format!("`{}`", one.name)).collect();
    Diagnostic::error(
        "Block not allowed in a policy directory",
        format!(
            "A policy directory holds {} blocks; `{}` belongs in the configuration.",
            allowed.join(", "),
            schema.name
        ),
    )
    .at(header_span(block, file), "")
}

fn not_in_module(block: &Block, schema: &BlockSchema, file: FileId) -> Diagnostic {
    let why = match schema.name {
        "tenant" => "which tenant it is for is its caller's word",
        _ => "which version reads it is its caller's word",
    };
    Diagnostic::error("Block not allowed in a module", format!("A module holds no `{}` block: {why}.", schema.name))
        .at(header_span(block, file), "")
        .hint("keep it in the directory that calls the module")
}

fn unknown_block(block: &Block, file: FileId) -> Diagnostic {
    let name = block.ident.as_str();
    let diagnostic =
        Diagnostic::error("Unsupported block type", format!("Blocks of type `{name}` are not expected here."))
            .at(span_of(&block.ident, file), "");
    if let Some((_, instead)) = schema::FOREIGN.iter().find(|(foreign, _)| *foreign == name) {
        return diagnostic.hint(format!("this is not Terraform: {instead}"));
    }
    let nested = schema::TOP_LEVEL.iter().find(|outer| outer.block(name).is_some());
    if let Some(outer) = nested {
        return diagnostic.hint(format!("`{name}` stands inside {}", outer.phrase()));
    }
    diagnostic.suggest(name, schema::TOP_LEVEL.iter().map(|one| one.name))
}

pub(crate) fn header_span(block: &Block, file: FileId) -> Span {
    let start = block.ident.span().map_or(0, |range| range.start);
    let last = block.labels.last().map_or_else(|| block.ident.span(), label_range);
    Span::new(file, start..last.map_or(start, |range| range.end))
}

fn label_range(label: &BlockLabel) -> Option<std::ops::Range<usize>> {
    match label {
        BlockLabel::Ident(ident) => ident.span(),
        BlockLabel::String(string) => string.span(),
    }
}

/// Checks one block and what is in it.
pub(crate) fn check<'a>(
    block: &'a Block,
    schema: &'static BlockSchema,
    file: FileId,
    layer: Layer,
    diags: &mut Diagnostics,
) -> Option<RawBlock<'a>> {
    let header = header_span(block, file);
    let label = label(block, schema, file, header, diags);
    let mut raw = RawBlock {
        schema,
        label: label.clone().unwrap_or_default(),
        header,
        layer,
        attributes: Vec::new(),
        blocks: Vec::new(),
        faulty: false,
    };
    let mut singles: HashMap<&str, Span> = HashMap::new();
    for structure in block.body.iter() {
        match structure {
            Structure::Attribute(attribute) => {
                let name = attribute.key.as_str();
                let key = span_of(&attribute.key, file);
                if schema.open || schema.attribute(name).is_some() {
                    raw.attributes.push(RawAttribute {
                        name,
                        key,
                        value: &attribute.value,
                        span: span_of(&attribute.value, file),
                    });
                } else {
                    raw.faulty = true;
                    diags.push(unknown_attribute(attribute, schema, key, header));
                }
            }
            Structure::Block(inner) => match schema.block(inner.ident.as_str()) {
                Some(nested) => {
                    let place = header_span(inner, file);
                    let first = singles.get(nested.schema.name).copied();
                    if nested.times == Times::Optional
                        && let Some(first) = first
                    {
                        diags.push(
                            Diagnostic::error(
                                "Duplicate block",
                                format!(
                                    "{} may hold one `{}` block only.",
                                    capital(&schema.phrase()),
                                    nested.schema.name
                                ),
                            )
                            .at(place, "again here")
                            .and(first, "first here"),
                        );
                        continue;
                    }
                    singles.insert(nested.schema.name, place);
                    raw.blocks.extend(check(inner, nested.schema, file, layer, diags));
                }
                None => {
                    raw.faulty = true;
                    diags.push(unknown_nested(inner, schema, file, header));
                }
            },
        }
    }
    let unknown: Vec<&str> = block
        .body
        .attributes()
        .map(|attribute| attribute.key.as_str())
        .filter(|name| schema.attribute(name).is_none())
        .collect();
    missing(&raw, &singles, &unknown, diags);
    label.is_some().then_some(raw)
}

/// The block's label. Outer `None` where it is wrong, inner `None` where it has none and needs none.
#[expect(clippy::option_option, reason = "wrong and absent are different things here")]
fn label(
    block: &Block,
    schema: &BlockSchema,
    file: FileId,
    header: Span,
    diags: &mut Diagnostics,
) -> Option<Option<(Text, Span)>> {
    let name = schema.name;
    match (&schema.label, &block.labels[..]) {
        (None, []) => Some(None),
        (None, [extra, ..]) => {
            let span = Span::new(file, label_range(extra).unwrap_or(0..0));
            diags.push(
                Diagnostic::error("Extraneous label", format!("{} takes no label.", capital(&schema.phrase())))
                    .at(span, "")
                    .hint(format!("write `{name} {{ … }}`")),
            );
            None
        }
        (Some(expected), []) => {
            diags.push(
                Diagnostic::error(
                    "Missing label",
                    format!("{} takes one label: {}.", capital(&schema.phrase()), expected.what),
                )
                .at(header, "")
                .hint(format!("write `{name} \"…\" {{ … }}`")),
            );
            None
        }
        (Some(expected), [_, extra, ..]) => {
            let span = Span::new(file, label_range(extra).unwrap_or(0..0));
            diags.push(
                Diagnostic::error(
                    "Extraneous label",
                    format!("{} takes one label only: {}.", capital(&schema.phrase()), expected.what),
                )
                .at(span, ""),
            );
            None
        }
        (Some(expected), [label]) => {
            let text: &str = label.as_str();
            let span = Span::new(file, label_range(label).unwrap_or(0..0));
            let mut characters = text.chars();
            let identifier = characters.next().is_some_and(|one| one.is_alphabetic() || one == '_')
                && characters.all(|one| one.is_alphanumeric() || one == '_' || one == '-');
            if text.trim().is_empty() || (expected.identifier && !identifier) {
                diags.push(
                    Diagnostic::error(
                        "Invalid label",
                        format!(
                            "{} must start with a letter or `_` and may contain only letters, digits, `_` and `-`.",
                            capital(expected.what)
                        ),
                    )
                    .at(span, ""),
                );
                return None;
            }
            Some(Some((text.into(), span)))
        }
    }
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn unknown_attribute(attribute: &Attribute, schema: &BlockSchema, key: Span, header: Span) -> Diagnostic {
    let name = attribute.key.as_str();
    let diagnostic = Diagnostic::error(
        "Unsupported argument",
        format!("An argument named `{name}` is not expected in {}.", schema.phrase()),
    )
    .at(key, "")
    .and(header, "in this block");
    if schema.block(name).is_some() {
        return diagnostic.hint(format!("`{name}` is a block: write `{name} {{ … }}`, without `=`"));
    }
    match nearest(name, schema.attributes.iter().map(|one| one.name)) {
        Some(_) => diagnostic.suggest(name, schema.attributes.iter().map(|one| one.name)),
        None if schema.attributes.is_empty() => diagnostic,
        None => {
            let names: Vec<String> = schema.attributes.iter().map(|one| format!("`{}`", one.name)).collect();
            diagnostic.hint(format!("it takes {}", names.join(", ")))
        }
    }
}

fn unknown_nested(inner: &Block, schema: &BlockSchema, file: FileId, header: Span) -> Diagnostic {
    let name = inner.ident.as_str();
    let diagnostic = Diagnostic::error(
        "Unsupported block type",
        format!("Blocks of type `{name}` are not expected in {}.", schema.phrase()),
    )
    .at(span_of(&inner.ident, file), "")
    .and(header, "in this block");
    if schema.attribute(name).is_some() {
        return diagnostic.hint(format!("`{name}` is an argument: write `{name} = …`"));
    }
    if schema::top_level(name).is_some() {
        return diagnostic.hint(format!("`{name}` blocks stand at the top level; is a `}}` missing above?"));
    }
    diagnostic.suggest(name, schema.blocks.iter().map(|one| one.schema.name))
}

/// What is required and not there. An argument whose name is misspelt (one of `unknown` is near it) is not missed too.
fn missing(raw: &RawBlock<'_>, nested: &HashMap<&str, Span>, unknown: &[&str], diags: &mut Diagnostics) {
    let name = raw.schema.phrase();
    for attribute in raw.schema.attributes.iter().filter(|one| one.required) {
        let misspelt = unknown.iter().any(|wrong| nearest(wrong, [attribute.name]).is_some());
        if raw.attribute(attribute.name).is_none() && !misspelt {
            diags.push(
                Diagnostic::error(
                    "Missing required argument",
                    format!("The argument `{}` is required in {name}, but was not set.", attribute.name),
                )
                .at(raw.header, "")
                .hint(format!("add `{} = …`: {}", attribute.name, first_sentence(attribute.doc))),
            );
        }
    }
    for inner in raw.schema.blocks.iter().filter(|one| one.times == Times::Some) {
        if !nested.contains_key(inner.schema.name) {
            diags.push(
                Diagnostic::error(
                    "Missing block",
                    format!("{} needs at least one `{}` block.", capital(&name), inner.schema.name),
                )
                .at(raw.header, ""),
            );
        }
    }
}

fn first_sentence(doc: &str) -> String {
    let sentence = doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.');
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
