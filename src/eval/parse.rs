//! Text to syntax tree, for expressions that do not stand in a configuration file: `console`, `--var`, the environment.

use std::{borrow::Cow, path::Path};

use hcl_edit::expr::Expression;

use super::{CompileContext, Expr, Scope, Value};
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};

/// Parses one expression. Blanks and line breaks around it do not matter.
///
/// The parser's own message is taken apart rather than displayed: its `Display` panics on lines longer than 65,535
/// characters.
pub fn parse_expression(text: &str, file: FileId, diags: &mut Diagnostics) -> Option<Expression> {
    // What surrounds the expression is replaced, not cut, so that places stay right.
    let trimmed = text.trim();
    if trimmed.is_empty() {
        let problem = Diagnostic::error("Missing expression", "Expected an expression, found nothing.");
        diags.push(problem.at(Span::new(file, 0..text.len()), ""));
        return None;
    }
    if let Some(problem) = super::syntax::control_characters(text, file) {
        diags.push(problem);
        return None;
    }
    // The parser wants an expression from the first character on. Blanks before it become blanks in parentheses, so
    // that places stay those of the text.
    let before = text.len() - text.trim_start().len();
    let source = match before {
        0 => Cow::Borrowed(trimmed),
        _ => Cow::Owned(format!("({}{trimmed})", " ".repeat(before - 1))),
    };
    match hcl_edit::parser::parse_expr(&source) {
        Ok(Expression::Parenthesis(inner)) if before > 0 => Some(inner.inner().clone()),
        Ok(expr) => Some(expr),
        Err(error) => {
            diags.push(super::syntax::problem("Invalid expression", "This is not an expression", &error, text, file));
            None
        }
    }
}

/// The value of an expression without any references, such as a default of a type constraint.
pub(super) fn constant(expr: &Expression, file: FileId, diags: &mut Diagnostics) -> Option<Value> {
    let cx = CompileContext::default();
    let expr = Expr::compile(expr, file, &cx, diags)?;
    let nothing = Value::Null;
    match expr.eval(&Scope::new(&nothing, &nothing, Path::new(""), jiff::Timestamp::UNIX_EPOCH)) {
        Ok(value) => Some(value),
        Err(error) => {
            diags.push(error.into());
            None
        }
    }
}
