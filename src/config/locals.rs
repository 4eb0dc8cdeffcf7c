//! `locals`: named values in any order; circles are reported with their path.

use std::collections::BTreeMap;

use super::raw::{RawAttribute, RawBlock};
use crate::{
    diag::{Diagnostic, Diagnostics, Span},
    eval::{CompileContext, Expr, Map, Scope, Value},
    tenant::Text,
};

/// All named values, by name: each name once.
pub(crate) fn collect<'r, 'a>(
    blocks: impl IntoIterator<Item = &'r RawBlock<'a>>,
    diags: &mut Diagnostics,
) -> BTreeMap<Text, RawAttribute<'a>>
where
    'a: 'r,
{
    let mut found: BTreeMap<Text, RawAttribute<'a>> = BTreeMap::new();
    for attribute in blocks.into_iter().flat_map(|block| &block.attributes) {
        match found.get(attribute.name) {
            Some(first) => diags.push(
                Diagnostic::error("Duplicate local value", format!("`local.{}` is already defined.", attribute.name))
                    .at(attribute.key, "again here")
                    .and(first.key, "first here"),
            ),
            None => drop(found.insert(attribute.name.into(), *attribute)),
        }
    }
    found
}

/// How far a value has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Untouched,
    /// It waits for what it refers to: meeting it again closes a circle.
    Open,
    Done,
}

struct Local {
    name: Text,
    key: Span,
    /// None: it did not compile, which has been reported.
    expr: Option<Expr>,
    /// The values it refers to, as indices.
    needs: Vec<usize>,
    state: State,
    failed: bool,
}

/// Evaluates all named values, as far as what they mention has a value, and says whether all have one.
pub(crate) fn evaluate(
    found: &BTreeMap<Text, RawAttribute<'_>>,
    names: &CompileContext,
    scope: Scope<'_>,
    diags: &mut Diagnostics,
) -> (Value, bool) {
    let index: BTreeMap<&str, usize> = found.keys().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let mut locals: Vec<Local> = Vec::with_capacity(found.len());
    for (name, attribute) in found {
        let expr = Expr::compile(attribute.value, attribute.span.file, names, diags);
        let references = expr.iter().flat_map(|expr| &expr.references().locals);
        let needs = references.filter_map(|name| index.get(name.as_str()).copied()).collect();
        let failed = expr.is_none();
        locals.push(Local { name: name.clone(), key: attribute.key, expr, needs, state: State::Untouched, failed });
    }
    let mut values = Value::Object(Map::new().into());
    for start in 0..locals.len() {
        visit(start, &mut locals, &mut values, scope, diags);
    }
    let complete = locals.iter().all(|local| !local.failed);
    (values, complete)
}

/// Depth-first, with a stack of its own: (value, how many of its needs are done).
fn visit(start: usize, locals: &mut [Local], values: &mut Value, scope: Scope<'_>, diags: &mut Diagnostics) {
    if locals[start].state != State::Untouched {
        return;
    }
    let mut stack = vec![(start, 0)];
    locals[start].state = State::Open;
    while let Some((at, next)) = stack.last_mut() {
        let at = *at;
        if let Some(need) = locals[at].needs.get(*next).copied() {
            *next += 1;
            match locals[need].state {
                State::Untouched => {
                    locals[need].state = State::Open;
                    stack.push((need, 0));
                }
                State::Open => {
                    let from = stack.iter().position(|(one, _)| *one == need).unwrap_or(0);
                    let circle: Vec<usize> = stack.iter().skip(from).map(|(one, _)| *one).collect();
                    diags.push(cycle(locals, &circle));
                    circle.iter().for_each(|one| locals[*one].failed = true);
                }
                State::Done => {}
            }
            continue;
        }
        stack.pop();
        locals[at].state = State::Done;
        let blocked = locals[at].needs.iter().any(|need| locals[*need].failed);
        let local = &mut locals[at];
        local.failed |= blocked;
        if local.failed {
            continue;
        }
        let Some(expr) = &local.expr else { continue };
        let scope = Scope { local: values, ..scope };
        if !scope.has_values_of(expr.references()) {
            local.failed = true;
            continue;
        }
        match expr.eval(&scope) {
            Ok(value) => {
                if let Value::Object(map) = values {
                    // The only reference, so this never copies.
                    map.insert(local.name.clone(), value);
                }
            }
            Err(error) => {
                local.failed = true;
                diags.push(error.into());
            }
        }
    }
}

fn cycle(locals: &[Local], circle: &[usize]) -> Diagnostic {
    let names: Vec<String> =
        circle.iter().chain(circle.first()).map(|one| format!("local.{}", locals[*one].name)).collect();
    let mut diagnostic =
        Diagnostic::error("Cycle", format!("These values refer to each other in a circle: {}.", names.join(" → ")));
    let mut keys = circle.iter().map(|one| locals[*one].key);
    if let Some(first) = keys.next() {
        diagnostic = diagnostic.at(first, "");
    }
    for key in keys.take(5) {
        diagnostic = diagnostic.and(key, "");
    }
    diagnostic
}
