//! `docs/language/functions.md`, from the tables.

use std::{fmt::Write, path::Path};

use hcl_edit::expr::Expression;

use super::{ALL, Function};
use crate::{
    diag::{Diagnostics, SourceMap},
    eval::{CompileContext, Expr, Scope, Value, format_console},
};

/// The reference page of all functions, in Markdown, with the results of their examples.
#[must_use]
pub(crate) fn page() -> String {
    let mut out = String::from(
        "# Functions\n\nNames and results are Terraform's; where they differ, [differences](differences.md) says so.\n\
         In `where` and `rule` a function of an unknown fact (`null`) is unknown too, unless the parameter is marked \
         as taking `null`.\n\nThis page is generated from the code: `UPDATE_DOCS=1 cargo test functions_page`.\n",
    );
    let mut groups: Vec<&str> = ALL.iter().map(|function| function.group).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let _ = write!(out, "\n## {group}\n");
        for function in ALL.iter().filter(|function| function.group == group) {
            write_function(function, &mut out);
        }
    }
    out
}

fn write_function(function: &Function, out: &mut String) {
    let _ = write!(out, "\n### `{}`\n\n{}\n", function.signature(), function.doc);
    let params = function
        .params
        .iter()
        .map(|param| (param, ""))
        .chain(function.variadic.iter().map(|param| (param, ", any number of times")));
    let mut lines = String::new();
    for (param, often) in params {
        let null = if param.nullable { ", may be `null`" } else { "" };
        let _ = writeln!(lines, "- `{}`: {}{null}{often}", param.name, param.takes.as_str());
    }
    if !lines.is_empty() {
        let _ = write!(out, "\n{lines}");
    }
    let _ = write!(out, "\n```\n> {}\n{}\n```\n", function.example, example_result(function.example));
}

/// What an example gives, as the console prints it.
#[must_use]
pub(crate) fn example_result(example: &str) -> String {
    let mut sources = SourceMap::default();
    let file = sources.add("example", example);
    let mut diags = Diagnostics::default();
    let expr: Option<Expression> = crate::eval::parse_expression(example, file, &mut diags);
    let compiled = expr.and_then(|expr| Expr::compile(&expr, file, &CompileContext::default(), &mut diags));
    let nothing = Value::Null;
    let scope = Scope::new(&nothing, &nothing, Path::new("."), jiff::Timestamp::UNIX_EPOCH);
    match compiled.map(|expr| expr.eval(&scope)) {
        Some(Ok(value)) => format_console(&value),
        Some(Err(error)) => error.to_string(),
        None => diags
            .as_slice()
            .first()
            .map(|problem| format!("{}: {}", problem.summary, problem.detail))
            .unwrap_or_default(),
    }
}
