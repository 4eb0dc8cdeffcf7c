//! The values behind an error: `var.wave is 7`.

use super::{
    Value, format_console,
    ir::{Kind, Node, Part, Step},
    run::{Cx, Frames, HIDDEN, eval, loop_value},
};

/// How many values a message names, and how long each may be.
const MAX_VALUES: usize = 5;
const MAX_LENGTH: usize = 80;

/// The references in a node with their values, each once.
pub(super) fn of(node: &Node, cx: &Cx<'_>, frames: Frames<'_>) -> Vec<String> {
    let mut out = Vec::new();
    cx.quiet.set(cx.quiet.get() + 1);
    collect(node, cx, frames, &mut out);
    cx.quiet.set(cx.quiet.get() - 1);
    out
}

fn add(name: String, value: &Value, out: &mut Vec<String>) {
    let text = format!("{name} is {}", shown(value));
    if out.len() < MAX_VALUES && !out.contains(&text) {
        out.push(text);
    }
}

/// A value in a few words.
fn shown(value: &Value) -> String {
    match value {
        Value::Sensitive(_) => HIDDEN.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => format_console(value),
        Value::String(text) => {
            let text = format!("{:?}", text.as_str());
            if text.chars().count() <= MAX_LENGTH {
                text
            } else {
                text.chars().take(MAX_LENGTH).chain(['…', '"']).collect()
            }
        }
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => {
            let s = if elements.len() == 1 { "" } else { "s" };
            format!("{} with {} element{s}", value.type_name(), elements.len())
        }
        Value::Map(map) => {
            let s = if map.len() == 1 { "" } else { "s" };
            format!("{} with {} element{s}", value.type_name(), map.len())
        }
        Value::Object(map) => {
            let s = if map.len() == 1 { "" } else { "s" };
            format!("object with {} attribute{s}", map.len())
        }
    }
}

fn collect(node: &Node, cx: &Cx<'_>, frames: Frames<'_>, out: &mut Vec<String>) {
    match &node.kind {
        Kind::Const(_) => {}
        Kind::Root(root) => {
            if let Ok(value) = eval(node, cx, frames) {
                add(root.source(), &value, out);
            }
        }
        Kind::Loop { up, key, name } => add(name.to_string(), &loop_value(frames, *up, *key), out),
        Kind::Path(source, steps) => {
            // `var.a.b` says more than `var.a`; where the path itself fails, its start and its indexes are said.
            match (plain_path(source, steps), eval(node, cx, frames)) {
                (Some(name), Ok(value)) => add(name, &value, out),
                _ => collect(source, cx, frames, out),
            }
            for step in steps {
                if let Step::Index(index) = step {
                    collect(index, cx, frames, out);
                }
            }
        }
        Kind::Tuple(nodes) | Kind::Try(nodes) | Kind::ExtraCall(_, nodes) => {
            nodes.iter().for_each(|node| collect(node, cx, frames, out));
        }
        Kind::Object(entries) => entries.iter().for_each(|(key, value)| {
            collect(key, cx, frames, out);
            collect(value, cx, frames, out);
        }),
        Kind::Not(inner) | Kind::Negate(inner) | Kind::Can(inner) => collect(inner, cx, frames, out),
        Kind::Binary(_, pair) | Kind::And(pair) | Kind::Or(pair) => {
            collect(&pair.0, cx, frames, out);
            collect(&pair.1, cx, frames, out);
        }
        Kind::Conditional(parts) => {
            collect(&parts.0, cx, frames, out);
            collect(&parts.1, cx, frames, out);
            collect(&parts.2, cx, frames, out);
        }
        Kind::Template(parts) => {
            for part in parts {
                if let Part::Value(node) = part {
                    collect(node, cx, frames, out);
                }
            }
        }
        // Inside, the loop's variables have another value each time.
        Kind::For(parts) => collect(&parts.collection, cx, frames, out),
        Kind::Call(call) => call.args.iter().for_each(|node| collect(node, cx, frames, out)),
    }
}

fn plain_path(source: &Node, steps: &[Step]) -> Option<String> {
    let mut name = match &source.kind {
        Kind::Root(root) => root.source(),
        Kind::Loop { name, .. } => name.to_string(),
        _ => return None,
    };
    for step in steps {
        match step {
            Step::Attr(attribute, _) => {
                name.push('.');
                name.push_str(attribute);
            }
            Step::Index(Node { kind: Kind::Const(value), .. }) => {
                name.push_str(&format!("[{}]", format_console(value)));
            }
            Step::Index(_) | Step::Splat(_) => return None,
        }
    }
    Some(name)
}
