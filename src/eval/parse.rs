//! Text to syntax tree, for expressions that do not stand in a configuration file: `console`, `--var`, the environment.

use std::{borrow::Cow, path::Path};

use hcl_edit::expr::Expression;

use super::{CompileContext, Expr, Scope, Value};
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};

/// Parses one expression. Blanks, line breaks and comments around it do not matter.
///
/// The parser's own message is taken apart rather than displayed: its `Display` panics on lines longer than 65,535
/// characters.
pub fn parse_expression(text: &str, file: FileId, diags: &mut Diagnostics) -> Option<Expression> {
    let start = text.len() - after_comments(text).len();
    let body = text.get(start..).unwrap_or_default().trim_end();
    if body.is_empty() {
        let problem = Diagnostic::error("Missing expression", "Expected an expression, found nothing.");
        diags.push(problem.at(Span::new(file, 0..text.len()), ""));
        return None;
    }
    if let Some(problem) = super::syntax::control_characters(text, file) {
        diags.push(problem);
        return None;
    }
    let error = match parse_at(start, body) {
        Ok(expr) => return Some(expr),
        Err(error) => error,
    };
    // The parser does not know comments behind an expression: what is before one may do. Where it begins only the parser
    // can tell, and a comment may hold what looks like another.
    let line = body.rfind('\n').map_or(0, |at| at + 1);
    let begins = body.match_indices(['#', '/']).map(|(at, _)| at).filter(|at| *at >= line).take(MOST_COMMENTS);
    for at in begins {
        let (before, comment) = body.split_at(at);
        if after_comments(comment).is_empty()
            && let Ok(expr) = parse_at(start, before.trim_end())
        {
            return Some(expr);
        }
    }
    diags.push(super::syntax::problem("Invalid expression", "This is not an expression", &error, text, file));
    None
}

/// How many characters of a line are tried as the start of a comment.
const MOST_COMMENTS: usize = 32;

/// Parses `body`, which stands at byte `start` of the text.
///
/// The parser wants an expression from the first character on. What is before it becomes blanks in parentheses, so that
/// places stay those of the text.
fn parse_at(start: usize, body: &str) -> Result<Expression, hcl_edit::parser::Error> {
    let source = match start {
        0 => Cow::Borrowed(body),
        _ => Cow::Owned(format!("({}{body})", " ".repeat(start - 1))),
    };
    Ok(match hcl_edit::parser::parse_expr(&source)? {
        Expression::Parenthesis(inner) if start > 0 => inner.inner().clone(),
        expr => expr,
    })
}

/// The text behind the blanks and comments it begins with.
fn after_comments(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        rest = if rest.starts_with('#') || rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, rest)| rest)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            let Some((_, rest)) = comment.split_once("*/") else { return rest };
            rest
        } else {
            return rest;
        }
        .trim_start();
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
