//! `locals`: named values in any order; circles are reported with their path.

use std::collections::BTreeMap;

use super::{
    call::Call,
    raw::{RawAttribute, RawBlock},
};
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

/// A named value, or a module, whose outputs are values too.
struct Node {
    /// `local.pilots`, `module.msp`
    address: String,
    name: Text,
    key: Span,
    what: What,
    /// The values and modules it refers to, as indices.
    needs: Vec<usize>,
    state: State,
    failed: bool,
}

enum What {
    /// None: it did not compile, which has been reported.
    Local(Option<Expr>),
    /// The position of its call.
    Module(usize),
}

/// What `local` and `module` are.
pub(crate) struct Values {
    pub(crate) local: Value,
    pub(crate) modules: Value,
    /// Has everything a value?
    pub(crate) complete: bool,
}

/// Enters a module: the position of its call, what its inputs see.
pub(crate) type Enter<'e> = dyn FnMut(usize, Scope<'_>, &mut Diagnostics) -> Option<Value> + 'e;

/// Evaluates all named values and enters all modules, each after what it refers to, as far as that has a value.
pub(crate) fn evaluate(
    found: &BTreeMap<Text, RawAttribute<'_>>,
    calls: &[Call<'_>],
    names: &CompileContext,
    scope: Scope<'_>,
    diags: &mut Diagnostics,
    enter: &mut Enter<'_>,
) -> Values {
    let index: BTreeMap<&str, usize> = found.keys().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let modules: BTreeMap<Text, usize> = (found.len()..).zip(calls).map(|(at, call)| (call.raw.name(), at)).collect();
    let needs = |expr: &Expr| -> Vec<usize> {
        let references = expr.references();
        let locals = references.locals.iter().filter_map(|name| index.get(name.as_str()).copied());
        locals.chain(references.modules.iter().filter_map(|name| modules.get(name).copied())).collect()
    };
    let mut nodes: Vec<Node> = Vec::with_capacity(found.len() + calls.len());
    for (name, attribute) in found {
        let expr = Expr::compile(attribute.value, attribute.span.file, names, diags);
        nodes.push(Node {
            address: format!("local.{name}"),
            name: name.clone(),
            key: attribute.key,
            needs: expr.iter().flat_map(&needs).collect(),
            state: State::Untouched,
            failed: expr.is_none(),
            what: What::Local(expr),
        });
    }
    for (at, call) in calls.iter().enumerate() {
        nodes.push(Node {
            address: format!("module.{}", call.raw.name()),
            name: call.raw.name(),
            key: call.raw.header,
            needs: call.exprs().flat_map(&needs).collect(),
            state: State::Untouched,
            failed: false,
            what: What::Module(at),
        });
    }
    let nothing = || Value::Object(Map::new().into());
    let mut values = Values { local: nothing(), modules: nothing(), complete: true };
    for start in 0..nodes.len() {
        visit(start, &mut nodes, &mut values, scope, enter, diags);
    }
    values.complete = nodes.iter().all(|node| !node.failed);
    values
}

/// Depth-first, with a stack of its own: (value, how many of its needs are done).
fn visit(
    start: usize,
    nodes: &mut [Node],
    values: &mut Values,
    scope: Scope<'_>,
    enter: &mut Enter<'_>,
    diags: &mut Diagnostics,
) {
    if nodes[start].state != State::Untouched {
        return;
    }
    let mut stack = vec![(start, 0)];
    nodes[start].state = State::Open;
    while let Some((at, next)) = stack.last_mut() {
        let at = *at;
        if let Some(need) = nodes[at].needs.get(*next).copied() {
            *next += 1;
            match nodes[need].state {
                State::Untouched => {
                    nodes[need].state = State::Open;
                    stack.push((need, 0));
                }
                State::Open => {
                    let from = stack.iter().position(|(one, _)| *one == need).unwrap_or(0);
                    let circle: Vec<usize> = stack.iter().skip(from).map(|(one, _)| *one).collect();
                    diags.push(cycle(nodes, &circle));
                    circle.iter().for_each(|one| nodes[*one].failed = true);
                }
                State::Done => {}
            }
            continue;
        }
        stack.pop();
        nodes[at].state = State::Done;
        let in_circle = nodes[at].failed;
        let blocked = nodes[at].needs.iter().any(|need| nodes[*need].failed);
        let node = &mut nodes[at];
        node.failed |= blocked;
        let inner = Scope { local: &values.local, modules: &values.modules, ..scope };
        let (value, into) = match &node.what {
            // What can be said of a module without some of its inputs is said.
            What::Module(call) if !in_circle => (enter(*call, inner, diags), &mut values.modules),
            What::Module(_) => (None, &mut values.modules),
            What::Local(_) if node.failed => continue,
            What::Local(None) => continue,
            What::Local(Some(expr)) if !inner.has_values_of(expr.references()) => (None, &mut values.local),
            What::Local(Some(expr)) => match expr.eval(&inner) {
                Ok(value) => (Some(value), &mut values.local),
                Err(error) => {
                    diags.push(error.into());
                    (None, &mut values.local)
                }
            },
        };
        match (value, into) {
            // The only reference, so this never copies.
            (Some(value), Value::Object(map)) => map.insert(node.name.clone(), value),
            _ => node.failed = true,
        }
    }
}

fn cycle(nodes: &[Node], circle: &[usize]) -> Diagnostic {
    let names: Vec<&str> = circle.iter().chain(circle.first()).map(|one| nodes[*one].address.as_str()).collect();
    let what = if circle.iter().any(|one| matches!(nodes[*one].what, What::Module(_))) {
        "These values and modules refer to each other in a circle"
    } else {
        "These values refer to each other in a circle"
    };
    let mut diagnostic = Diagnostic::error("Cycle", format!("{what}: {}.", names.join(" → ")));
    let mut keys = circle.iter().map(|one| nodes[*one].key);
    if let Some(first) = keys.next() {
        diagnostic = diagnostic.at(first, "");
    }
    for key in keys.take(5) {
        diagnostic = diagnostic.and(key, "");
    }
    diagnostic
}
