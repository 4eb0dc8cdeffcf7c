//! Templates: `"…${…}…"`, heredocs, `%{ if }` and `%{ for }`, with their strip markers.

mod lines;

use std::{cell::RefCell, collections::VecDeque};

use hcl_edit::{
    Span as _,
    template::{Directive, Element, HeredocTemplate, StringTemplate, Strip, Template},
};

use super::{
    Value,
    compile::Compiler,
    ir::{Kind, Node, Part},
};
use crate::{diag::Diagnostic, tenant::Text};

impl Compiler<'_> {
    /// `"…"`. A single interpolation is the value itself, not its text: `"${1}"` is a number.
    pub(super) fn string_template(&mut self, template: &StringTemplate) -> Option<Kind> {
        if let Some(Element::Interpolation(only)) = template.as_single_element() {
            return self.node(&only.expr).map(|node| node.kind);
        }
        let parts = self.parts(template, Edges::default())?;
        Some(finished(parts))
    }

    /// `<<EOT`.
    pub(super) fn heredoc(&mut self, heredoc: &HeredocTemplate) -> Option<Kind> {
        let literals = lines::of(&heredoc.template, heredoc.indent());
        let literals = RefCell::new(literals);
        let parts = self.parts(&heredoc.template, Edges { literals: Some(&literals), ..Edges::default() })?;
        Some(finished(parts))
    }

    /// A template file's content.
    fn whole_template(&mut self, template: &Template) -> Option<Kind> {
        if let Some(Element::Interpolation(only)) = template.as_single_element() {
            return self.node(&only.expr).map(|node| node.kind);
        }
        let literals = RefCell::new(lines::of(template, None));
        self.parts(template, Edges { literals: Some(&literals), ..Edges::default() }).map(finished)
    }

    fn parts(&mut self, template: &Template, edges: Edges<'_>) -> Option<Vec<Part>> {
        let elements: Vec<&Element> = template.iter().collect();
        let parts: Vec<Option<Part>> = elements
            .iter()
            .enumerate()
            .map(|(at, element)| {
                let before = at.checked_sub(1).and_then(|at| elements.get(at));
                let after = elements.get(at + 1);
                let trim_start = before.map_or(edges.trim_start, |one| closing(one).strip_end());
                let trim_end = after.map_or(edges.trim_end, |one| opening(one).strip_start());
                self.part(element, trim_start, trim_end, &edges)
            })
            .collect();
        parts.into_iter().collect()
    }

    fn part(&mut self, element: &Element, trim_start: bool, trim_end: bool, edges: &Edges<'_>) -> Option<Part> {
        match element {
            Element::Literal(literal) => {
                if let Some(literals) = edges.literals {
                    return Some(Part::Literal(normalised(&literals.borrow_mut().pop_front().unwrap_or_default())));
                }
                let mut text: &str = literal.value();
                let unescaped;
                if edges.nested {
                    unescaped = self.unescaped(text, literal.span())?;
                    text = &unescaped;
                }
                if trim_start {
                    text = text.trim_start();
                }
                if trim_end {
                    text = text.trim_end();
                }
                Some(Part::Literal(normalised(text)))
            }
            Element::Interpolation(interpolation) => self.node(&interpolation.expr).map(Part::Value),
            Element::Directive(directive) => match &**directive {
                Directive::If(directive) => {
                    let condition = self.node(&directive.if_expr.cond_expr);
                    let middle = directive.else_expr.as_ref().map_or(directive.endif_expr.strip, |one| one.strip);
                    let inner = |start: Strip, end: Strip| Edges {
                        trim_start: start.strip_end(),
                        trim_end: end.strip_start(),
                        literals: edges.literals,
                        nested: true,
                    };
                    let yes = self.parts(&directive.if_expr.template, inner(directive.if_expr.strip, middle));
                    let no = match &directive.else_expr {
                        Some(other) => self.parts(&other.template, inner(other.strip, directive.endif_expr.strip)),
                        None => Some(Vec::new()),
                    };
                    Some(Part::If(Box::new((condition?, yes?, no?))))
                }
                Directive::For(directive) => {
                    let collection = self.node(&directive.for_expr.collection_expr);
                    let key = directive.for_expr.key_var.as_ref().map(|name| Text::from(name.as_str()));
                    self.loops.push((key, Text::from(directive.for_expr.value_var.as_str())));
                    let inner = Edges {
                        trim_start: directive.for_expr.strip.strip_end(),
                        trim_end: directive.endfor_expr.strip.strip_start(),
                        literals: edges.literals,
                        nested: true,
                    };
                    let body = self.parts(&directive.for_expr.template, inner);
                    self.loops.pop();
                    Some(Part::For(Box::new((collection?, body?))))
                }
            },
        }
    }

    /// Inside the directives of a quoted string the parser leaves escapes as they are, and takes a quote for text.
    fn unescaped(&mut self, text: &str, span: Option<std::ops::Range<usize>>) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            let code = |chars: &mut std::str::Chars<'_>, digits: usize| {
                let hex: String = chars.take(digits).collect();
                u32::from_str_radix(&hex, 16).ok().filter(|_| hex.len() == digits).and_then(char::from_u32)
            };
            let plain = match char {
                '"' => None,
                '\\' => match chars.next() {
                    Some('n') => Some('\n'),
                    Some('r') => Some('\r'),
                    Some('t') => Some('\t'),
                    Some(same @ ('"' | '\\')) => Some(same),
                    Some('u') => code(&mut chars, 4),
                    Some('U') => code(&mut chars, 8),
                    _ => None,
                },
                other => Some(other),
            };
            match plain {
                Some(char) => out.push(char),
                None => {
                    let what = if char == '"' {
                        "The string ends inside a `%{ … }` directive."
                    } else {
                        "This escape does not exist; there are \\n, \\r, \\t, \\\", \\\\, \\uNNNN and \\UNNNNNNNN."
                    };
                    let at = self.span(span);
                    self.diags.push(Diagnostic::error("Invalid template", what).at(at, ""));
                    return None;
                }
            }
        }
        Some(out)
    }

    /// Compiles a template given as text of its own (a template file).
    pub(super) fn template_node(&mut self, template: &Template) -> Option<Node> {
        let span = self.span(template.span());
        self.whole_template(template).map(|kind| Node { span, kind })
    }
}

/// What surrounds a template: do the tags before and after it strip? And the literals of a text of several lines, worked
/// out beforehand.
#[derive(Default)]
struct Edges<'a> {
    trim_start: bool,
    trim_end: bool,
    literals: Option<&'a RefCell<VecDeque<String>>>,
    /// Inside a directive?
    nested: bool,
}

/// The strip markers of an element's first tag.
pub(super) fn opening(element: &Element) -> Strip {
    match element {
        Element::Literal(_) => Strip::None,
        Element::Interpolation(one) => one.strip,
        Element::Directive(one) => match &**one {
            Directive::If(one) => one.if_expr.strip,
            Directive::For(one) => one.for_expr.strip,
        },
    }
}

/// The strip markers of an element's last tag.
pub(super) fn closing(element: &Element) -> Strip {
    match element {
        Element::Literal(_) => Strip::None,
        Element::Interpolation(one) => one.strip,
        Element::Directive(one) => match &**one {
            Directive::If(one) => one.endif_expr.strip,
            Directive::For(one) => one.endfor_expr.strip,
        },
    }
}

fn normalised(text: &str) -> Text {
    match Value::normalised(text) {
        Value::String(text) => text,
        _ => Text::from(text),
    }
}

/// Without any tag, a template is a literal.
fn finished(parts: Vec<Part>) -> Kind {
    let mut text = String::new();
    for part in &parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Value(Node { kind: Kind::Const(Value::String(literal)), .. }) => text.push_str(literal),
            _ => return Kind::Template(parts),
        }
    }
    Kind::Const(Value::string(text))
}
