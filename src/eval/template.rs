//! Templates: `"…${…}…"`, heredocs, `%{ if }` and `%{ for }`, with their strip markers.

use hcl_edit::{
    Span as _,
    template::{Directive, Element, HeredocTemplate, StringTemplate, Strip, Template},
};

use super::{
    Value,
    compile::Compiler,
    ir::{Kind, Node, Part},
};
use crate::tenant::Text;

impl Compiler<'_> {
    /// `"…"`. A single interpolation is the value itself, not its text: `"${1}"` is a number.
    pub(super) fn string_template(&mut self, template: &StringTemplate) -> Option<Kind> {
        if let Some(Element::Interpolation(only)) = template.as_single_element() {
            return self.node(&only.expr).map(|node| node.kind);
        }
        let parts = self.parts(template, Edges::default())?;
        Some(finished(parts))
    }

    /// `<<EOT`. What the parser dedented at the top must be dedented inside directives too.
    pub(super) fn heredoc(&mut self, heredoc: &HeredocTemplate) -> Option<Kind> {
        let edges = Edges { indent: heredoc.indent().unwrap_or(0), ..Edges::default() };
        let parts = self.parts(&heredoc.template, edges)?;
        Some(finished(parts))
    }

    /// A template file's content.
    pub(super) fn whole_template(&mut self, template: &Template) -> Option<Kind> {
        if let Some(Element::Interpolation(only)) = template.as_single_element() {
            return self.node(&only.expr).map(|node| node.kind);
        }
        self.parts(template, Edges::default()).map(finished)
    }

    fn parts(&mut self, template: &Template, edges: Edges) -> Option<Vec<Part>> {
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

    fn part(&mut self, element: &Element, trim_start: bool, trim_end: bool, edges: &Edges) -> Option<Part> {
        match element {
            Element::Literal(literal) => {
                let mut text: &str = literal.value();
                let dedented;
                if edges.nested && edges.indent > 0 {
                    dedented = dedent(text, edges.indent);
                    text = &dedented;
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
                        indent: edges.indent,
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
                        indent: edges.indent,
                        nested: true,
                    };
                    let body = self.parts(&directive.for_expr.template, inner);
                    self.loops.pop();
                    Some(Part::For(Box::new((collection?, body?))))
                }
            },
        }
    }

    /// Compiles a template given as text of its own (a template file).
    pub(super) fn template_node(&mut self, template: &Template) -> Option<Node> {
        let span = self.span(template.span());
        self.whole_template(template).map(|kind| Node { span, kind })
    }
}

/// What surrounds a template: do the tags before and after it strip, and how deep was its heredoc indented?
#[derive(Default)]
struct Edges {
    trim_start: bool,
    trim_end: bool,
    indent: usize,
    nested: bool,
}

/// The strip markers of an element's first tag.
fn opening(element: &Element) -> Strip {
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
fn closing(element: &Element) -> Strip {
    match element {
        Element::Literal(_) => Strip::None,
        Element::Interpolation(one) => one.strip,
        Element::Directive(one) => match &**one {
            Directive::If(one) => one.endif_expr.strip,
            Directive::For(one) => one.endfor_expr.strip,
        },
    }
}

/// Takes up to `indent` blanks from the start of each line but the first, which continues a tag's line.
fn dedent(text: &str, indent: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let blanks = line.bytes().take(indent).take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        out.push_str(if at == 0 { line } else { line.get(blanks..).unwrap_or(line) });
    }
    out
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
