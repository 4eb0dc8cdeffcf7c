//! Attributes, indexes and splats.

use std::borrow::Cow;

use super::{
    EvalError, Value, convert,
    ir::{Node, Step},
    run::{Cx, Frames, HIDDEN, NULL, Outcome, eval},
    value::Map,
};
use crate::{
    diag::{Span, did_you_mean},
    tenant::Text,
};

/// `source` and its steps.
pub(super) fn path<'e>(
    node: &'e Node,
    source: &'e Node,
    steps: &'e [Step],
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let value = eval(source, cx, frames)?;
    walk(node, value, steps, cx, frames)
}

fn walk<'e>(
    node: &'e Node,
    value: Cow<'e, Value>,
    steps: &'e [Step],
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let mut value = value;
    for step in steps {
        if cx.unknown && value.is_null() {
            return Ok(Cow::Borrowed(&NULL));
        }
        value = match step {
            Step::Attr(name, span) => attribute(node, value, name, *span, cx, frames)?,
            Step::Index(index) => indexed(node, value, index, cx, frames)?,
            Step::Splat(inner) => splat(node, &value, inner, cx, frames)?,
        };
    }
    Ok(value)
}

/// Takes a part out of a value: borrowed from a borrowed one, and sensitive if the whole is.
fn take<'e>(value: Cow<'e, Value>, part: impl for<'v> Fn(&'v Value) -> Option<&'v Value>) -> Option<Cow<'e, Value>> {
    match value {
        Cow::Borrowed(Value::Sensitive(inner)) => Some(Cow::Owned(part(inner)?.clone().mark_sensitive())),
        Cow::Borrowed(value) => part(value).map(Cow::Borrowed),
        Cow::Owned(Value::Sensitive(inner)) => Some(Cow::Owned(part(&inner)?.clone().mark_sensitive())),
        Cow::Owned(value) => part(&value).cloned().map(Cow::Owned),
    }
}

fn attribute<'e>(
    node: &'e Node,
    value: Cow<'e, Value>,
    name: &Text,
    span: Span,
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    // The keys of a secret map are secret too.
    let near = |map: &Map| if value.is_sensitive() { None } else { nearest_key(name, map) };
    let problem = match value.unmarked() {
        Value::Null => EvalError::new(
            span,
            "Attempt to get attribute from null value",
            "This value is null, so it does not have any attributes.",
        ),
        Value::Object(map) | Value::Map(map) if map.contains_key(name.as_str()) => {
            return match take(value, |whole| whole.get(name)) {
                Some(part) => Ok(part),
                None => Ok(Cow::Borrowed(&NULL)),
            };
        }
        Value::Object(map) => {
            let detail = format!("This object does not have an attribute named {:?}.", name.as_str());
            EvalError::new(span, "Unsupported attribute", detail).with_hint(near(map))
        }
        Value::Map(map) => {
            let detail = format!("This map does not have an element with the key {:?}.", name.as_str());
            EvalError::new(span, "Missing map element", detail).with_hint(near(map))
        }
        Value::List(_) | Value::Set(_) | Value::Tuple(_) => EvalError::new(
            span,
            "Unsupported attribute",
            format!(
                "This value is a {} and has no attributes; use `[*].{name}` to get the attribute of each of its elements.",
                value.type_name()
            ),
        ),
        _ => EvalError::new(
            span,
            "Unsupported attribute",
            format!("This value does not have any attributes: it is a {}.", value.type_name()),
        ),
    };
    Err(involve(problem, node, cx, frames))
}

fn nearest_key(name: &str, map: &Map) -> Option<String> {
    did_you_mean(name, map.keys().map(Text::as_str))
}

fn involve(error: EvalError, node: &Node, cx: &Cx<'_>, frames: Frames<'_>) -> EvalError {
    if cx.quiet.get() > 0 { error } else { error.with_involved(super::involved::of(node, cx, frames)) }
}

fn indexed<'e>(
    node: &'e Node,
    value: Cow<'e, Value>,
    index: &'e Node,
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let key = eval(index, cx, frames)?;
    if cx.unknown && key.is_null() {
        return Ok(Cow::Borrowed(&NULL));
    }
    let invalid = |detail: String| involve(EvalError::new(index.span, "Invalid index", detail), node, cx, frames);
    if key.is_null() {
        return Err(invalid("Cannot use a null value as an indexing key.".into()));
    }
    let sensitive = key.is_sensitive();
    let hidden = sensitive || value.is_sensitive();
    let part = match value.unmarked() {
        Value::Null => {
            let detail = "This value is null, so it does not have any indices.";
            return Err(involve(EvalError::new(index.span, "Attempt to index null value", detail), node, cx, frames));
        }
        Value::List(elements) | Value::Tuple(elements) => {
            let Ok(number) = convert::to_number(&key) else {
                return Err(invalid(
                    "The given key does not identify an element in this collection value: a number is required.".into(),
                ));
            };
            let length = elements.len();
            let Some(at) = number.as_usize().filter(|at| *at < length) else {
                let why = if hidden {
                    format!("the index or the collection is a {HIDDEN}")
                } else if number.is_negative() {
                    "a negative number is not a valid index for a sequence".to_owned()
                } else if !number.is_integer() {
                    "indexing a sequence requires a whole number, but the given index has a fractional part".into()
                } else if length == 0 {
                    "the collection has no elements".into()
                } else {
                    let s = if length == 1 { "" } else { "s" };
                    format!(
                        "the given index is greater than or equal to the length of the collection (index {number}, \
                         {length} element{s})"
                    )
                };
                return Err(invalid(format!(
                    "The given key does not identify an element in this collection value: {why}."
                )));
            };
            take(value, |whole| whole.as_list().and_then(|elements| elements.get(at)))
        }
        Value::Object(map) | Value::Map(map) => {
            let Ok(name) = convert::to_text(&key) else {
                return Err(invalid(
                    "The given key does not identify an element in this collection value: string required.".into(),
                ));
            };
            if !map.contains_key(name.as_str()) {
                let near = if hidden { None } else { nearest_key(&name, map) };
                let hint =
                    near.or_else(|| Some("`lookup(map, key, default)` gives a default where a key is missing".into()));
                let shown = if hidden { HIDDEN.to_owned() } else { format!("{:?}", name.as_str()) };
                let detail = format!(
                    "The given key does not identify an element in this collection value: there is no {shown}."
                );
                return Err(invalid(detail).with_hint(hint));
            }
            take(value, |whole| whole.get(&name))
        }
        Value::Set(_) => {
            return Err(invalid(
                "Elements of a set are identified only by their value and have no index. Use `tolist(…)` or `one(…)`."
                    .into(),
            ));
        }
        _ => return Err(invalid(format!("This value does not have any indices: it is a {}.", value.type_name()))),
    };
    let part = part.unwrap_or(Cow::Borrowed(&NULL));
    Ok(if sensitive { Cow::Owned(part.into_owned().mark_sensitive()) } else { part })
}

fn splat<'e>(node: &'e Node, value: &Value, inner: &'e [Step], cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    let sensitive = value.is_sensitive();
    let each = |elements: &[Value]| -> Result<Vec<Value>, EvalError> {
        elements.iter().map(|one| walk(node, Cow::Owned(one.clone()), inner, cx, frames).map(Cow::into_owned)).collect()
    };
    let result = match value.unmarked() {
        Value::Null => Value::tuple(Vec::new()),
        Value::Tuple(elements) => Value::tuple(each(elements)?),
        Value::List(elements) => Value::list(each(elements)?),
        Value::Set(elements) => Value::list(each(elements)?),
        single => Value::tuple(each(std::slice::from_ref(single))?),
    };
    Ok(Cow::Owned(if sensitive { result.mark_sensitive() } else { result }))
}
