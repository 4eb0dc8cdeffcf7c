//! Blocks as text, in Terraform's canonical style: `=` aligned over neighbouring one-line arguments, long lists one
//! entry a line. Expressions and strings are written by `hcl-rs`, which knows what has to be escaped; its writer of
//! whole bodies knows neither comments nor alignment, so those are written here.

use std::fmt::Write;

use hcl::{
    Expression,
    expr::{BinaryOp, BinaryOperator, FuncCall, Operation, Traversal, TraversalOperator, Variable},
};

/// A list is written on one line while it is shorter than this.
const LINE: usize = 90;

/// The body of a block.
#[derive(Default)]
pub(super) struct Body(Vec<Item>);

enum Item {
    Argument(&'static str, Expression),
    Names(&'static str, Vec<String>),
    Block(&'static str, Option<&'static str>, Body),
}

impl Body {
    pub(super) fn argument(mut self, name: &'static str, value: impl Into<Expression>) -> Self {
        self.0.push(Item::Argument(name, value.into()));
        self
    }

    /// A list of strings; nothing where it is empty.
    pub(super) fn names(mut self, name: &'static str, names: Vec<String>) -> Self {
        if !names.is_empty() {
            self.0.push(Item::Names(name, names));
        }
        self
    }

    /// A nested block; nothing where it is empty.
    pub(super) fn block(mut self, name: &'static str, body: Self) -> Self {
        if !body.0.is_empty() {
            self.0.push(Item::Block(name, None, body));
        }
        self
    }

    /// A nested block with a label.
    pub(super) fn labelled(mut self, name: &'static str, label: &'static str, body: Self) -> Self {
        self.0.push(Item::Block(name, Some(label), body));
        self
    }

    fn write(&self, indent: usize, out: &mut String) {
        let pad = " ".repeat(indent);
        let lines: Vec<Option<(&str, String)>> = self.0.iter().map(Item::one_line).collect();
        let mut widths = vec![0; lines.len()];
        for run in runs(&lines) {
            let widest = lines[run.clone()].iter().flatten().map(|(name, _)| name.len()).max().unwrap_or(0);
            widths[run].fill(widest);
        }
        for ((at, item), line) in self.0.iter().enumerate().zip(&lines) {
            match (item, line) {
                (_, Some((name, value))) => {
                    let _ = writeln!(out, "{pad}{name:<width$} = {value}", width = widths[at]);
                }
                (Item::Names(name, names), None) => {
                    let _ = writeln!(out, "{pad}{name} = [");
                    for name in names {
                        let _ = writeln!(out, "{pad}  {},", text(&Expression::from(name.as_str())));
                    }
                    let _ = writeln!(out, "{pad}]");
                }
                (Item::Block(name, label, body), None) => {
                    if at > 0 {
                        out.push('\n');
                    }
                    let label = label.map(|label| format!(" \"{label}\"")).unwrap_or_default();
                    let _ = writeln!(out, "{pad}{name}{label} {{");
                    body.write(indent + 2, out);
                    let _ = writeln!(out, "{pad}}}");
                }
                (Item::Argument(..), None) => {}
            }
        }
    }
}

impl Item {
    fn one_line(&self) -> Option<(&str, String)> {
        match self {
            Self::Argument(name, value) => Some((name, text(value))),
            Self::Names(name, names) => {
                let names: Vec<String> = names.iter().map(|one| text(&Expression::from(one.as_str()))).collect();
                let joined = names.join(", ");
                (joined.len() < LINE).then(|| (*name, format!("[{joined}]")))
            }
            Self::Block(..) => None,
        }
    }
}

/// Ranges of neighbouring one-line arguments.
fn runs(lines: &[Option<(&str, String)>]) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.is_none() {
            runs.push(start..at);
            start = at + 1;
        }
    }
    runs.push(start..lines.len());
    runs
}

/// All of these at once.
pub(super) fn all(conditions: Vec<Expression>) -> Option<Expression> {
    conditions.into_iter().reduce(|left, right| operation(left, BinaryOperator::And, right))
}

/// Writes a top-level block with a comment above it.
pub(super) fn block(kind: &str, label: Option<&str>, comment: &str, body: &Body, out: &mut String) {
    if !out.is_empty() {
        out.push('\n');
    }
    for line in comment.lines() {
        let _ = writeln!(out, "{}", format!("# {line}").trim_end());
    }
    let label = label.map(|label| format!(" {}", text(&Expression::from(label)))).unwrap_or_default();
    let _ = writeln!(out, "{kind}{label} {{");
    body.write(2, out);
    out.push_str("}\n");
}

fn text(expression: &Expression) -> String {
    let formatter = hcl::format::Formatter::builder().compact_arrays(true);
    let mut bytes = Vec::new();
    let written = hcl::format::Format::format(expression, &mut formatter.build(&mut bytes));
    debug_assert!(written.is_ok(), "writing to memory does not fail");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `user.<attribute>`
pub(super) fn user(attribute: &str) -> Expression {
    let user = Expression::Variable(Variable::sanitized("user"));
    let operator = TraversalOperator::GetAttr(hcl::Identifier::sanitized(attribute));
    Expression::from(Traversal::new(user, [operator]))
}

/// `left == right`
pub(super) fn equal(left: Expression, right: impl Into<Expression>) -> Expression {
    operation(left, BinaryOperator::Eq, right.into())
}

/// `left != right`
pub(super) fn differs(left: Expression, right: impl Into<Expression>) -> Expression {
    operation(left, BinaryOperator::NotEq, right.into())
}

/// `a || b || …`; `None` of nothing.
pub(super) fn any(alternatives: Vec<Expression>) -> Option<Expression> {
    alternatives.into_iter().reduce(|left, right| operation(left, BinaryOperator::Or, right))
}

/// `contains([…], value)`
pub(super) fn one_of(values: Vec<String>, value: Expression) -> Expression {
    let call = FuncCall::builder("contains").arg(Expression::from(values)).arg(value);
    Expression::from(call.build())
}

fn operation(left: Expression, operator: BinaryOperator, right: Expression) -> Expression {
    Expression::from(Operation::Binary(BinaryOp::new(left, operator, right)))
}

/// Text of the tenant in a comment: whatever could end the line or deceive the eye is escaped.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if super::feature::is_hidden(char) {
            let _ = write!(out, "\\u{{{:x}}}", char as u32);
        } else {
            out.push(char);
        }
    }
    out
}
