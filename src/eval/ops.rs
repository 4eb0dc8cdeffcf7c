//! Operators.

use std::{borrow::Cow, cmp::Ordering};

use super::{
    EvalError, Number, Value, convert,
    ir::{Node, Op},
    run::{Cx, Frames, NULL, Outcome, eval},
};

static TRUE: Value = Value::Bool(true);
static FALSE: Value = Value::Bool(false);

fn bool<'e>(value: bool, sensitive: bool) -> Cow<'e, Value> {
    match (value, sensitive) {
        (true, false) => Cow::Borrowed(&TRUE),
        (false, false) => Cow::Borrowed(&FALSE),
        (value, true) => Cow::Owned(Value::Bool(value).mark_sensitive()),
    }
}

fn wrong_operand(node: &Node, what: &str, cx: &Cx<'_>, frames: Frames<'_>) -> EvalError {
    cx.fail(node, frames, "Invalid operand", format!("Unsuitable value for {what} operand."))
}

/// A bool operand; `None` where it is an unknown fact.
fn operand<'e>(
    node: &'e Node,
    what: &str,
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Result<(Option<bool>, bool), EvalError> {
    let value = eval(node, cx, frames)?;
    if value.is_null() {
        if cx.unknown {
            return Ok((None, false));
        }
        return Err(wrong_operand(
            node,
            &format!("{what}: argument must not be null; null is not a bool, so this"),
            cx,
            frames,
        ));
    }
    match convert::to_bool(&value) {
        Ok(bool) => Ok((Some(bool), value.is_sensitive())),
        Err(message) => {
            // Which bool a text nearly is tells the text.
            let message = if value.is_sensitive() { "a bool is required".to_owned() } else { message };
            let detail = format!("Unsuitable value for {what} operand: {message}, but it is {}.", value.type_name());
            Err(cx.fail(node, frames, "Invalid operand", detail))
        }
    }
}

pub(super) fn not<'e>(node: &'e Node, inner: &'e Node, cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    let _ = node;
    Ok(match operand(inner, "unary", cx, frames)? {
        (Some(value), sensitive) => bool(!value, sensitive),
        (None, _) => Cow::Borrowed(&NULL),
    })
}

/// `&&` (`absorbing` = false) and `||` (`absorbing` = true). The right side is not looked at when the left decides; an
/// unknown side leaves the result unknown unless the other side decides.
pub(super) fn logic<'e>(
    node: &'e Node,
    (left, right): &'e (Node, Node),
    absorbing: bool,
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let _ = node;
    let (a, marked) = operand(left, "left", cx, frames)?;
    if a == Some(absorbing) {
        return Ok(bool(absorbing, marked));
    }
    let (b, also_marked) = operand(right, "right", cx, frames)?;
    Ok(match (a, b) {
        (_, Some(b)) if b == absorbing => bool(absorbing, marked || also_marked),
        (Some(_), Some(_)) => bool(!absorbing, marked || also_marked),
        _ => Cow::Borrowed(&NULL),
    })
}

pub(super) fn negate<'e>(node: &'e Node, inner: &'e Node, cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    let _ = node;
    let value = eval(inner, cx, frames)?;
    Ok(match number(inner, &value, "unary", cx, frames)? {
        None => Cow::Borrowed(&NULL),
        Some(number) => marked(Value::Number(number.neg()), value.is_sensitive()),
    })
}

fn marked<'e>(value: Value, sensitive: bool) -> Cow<'e, Value> {
    Cow::Owned(if sensitive { value.mark_sensitive() } else { value })
}

/// A number operand; `None` where it is an unknown fact.
fn number<'v>(
    node: &Node,
    value: &'v Value,
    what: &str,
    cx: &Cx<'_>,
    frames: Frames<'_>,
) -> Result<Option<Cow<'v, Number>>, EvalError> {
    match value.unmarked() {
        Value::Number(number) => Ok(Some(Cow::Borrowed(number))),
        Value::Null if cx.unknown => Ok(None),
        Value::Null => {
            let detail = format!("Unsuitable value for {what} operand: argument must not be null.");
            Err(cx.fail(node, frames, "Invalid operand", detail))
        }
        other => convert::to_number(other).map(|number| Some(Cow::Owned(number))).map_err(|message| {
            let detail = format!("Unsuitable value for {what} operand: {message}, but it is {}.", other.type_name());
            cx.fail(node, frames, "Invalid operand", detail)
        }),
    }
}

pub(super) fn binary<'e>(
    node: &'e Node,
    op: Op,
    (left, right): &'e (Node, Node),
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let a = eval(left, cx, frames)?;
    let b = eval(right, cx, frames)?;
    let sensitive = a.is_sensitive() || b.is_sensitive();
    if matches!(op, Op::Equal | Op::NotEqual) {
        // A fact nobody knows is neither equal nor different; only a literal null asks whether it is known.
        let presence = left.is_null_literal() || right.is_null_literal();
        if cx.unknown && !presence && (a.is_null() || b.is_null()) {
            return Ok(Cow::Borrowed(&NULL));
        }
        let same = equal(&a, &b);
        let sensitive = a.contains_sensitive() || b.contains_sensitive();
        return Ok(bool(same == (op == Op::Equal), sensitive));
    }
    let (Some(x), Some(y)) = (number(left, &a, "left", cx, frames)?, number(right, &b, "right", cx, frames)?) else {
        return Ok(Cow::Borrowed(&NULL));
    };
    let ordering = || x.cmp(&y);
    let result = match op {
        Op::Less => return Ok(bool(ordering() == Ordering::Less, sensitive)),
        Op::LessEqual => return Ok(bool(ordering() != Ordering::Greater, sensitive)),
        Op::Greater => return Ok(bool(ordering() == Ordering::Greater, sensitive)),
        Op::GreaterEqual => return Ok(bool(ordering() != Ordering::Less, sensitive)),
        Op::Add => x.add(&y),
        Op::Subtract => x.sub(&y),
        Op::Multiply => x.mul(&y),
        Op::Divide if y.is_zero() => return Err(cx.fail(node, frames, "Division by zero", "Cannot divide by zero.")),
        Op::Divide => x.div(&y),
        Op::Remainder if y.is_zero() => {
            return Err(cx.fail(node, frames, "Division by zero", "There is no remainder of a division by zero."));
        }
        Op::Remainder => x.rem(&y),
        Op::Equal | Op::NotEqual => None,
    };
    match result {
        Some(number) => Ok(marked(Value::Number(number), sensitive)),
        None => Err(cx.fail(node, frames, "Operation failed", "The result is out of range.")),
    }
}

/// Terraform's `==`: nothing is converted, so values of different types differ. An empty list equals an empty list.
pub(super) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Sensitive(a), b) => equal(a, b),
        (a, Value::Sensitive(b)) => equal(a, b),
        (Value::String(a), Value::String(b)) => a.as_str() == b.as_str(),
        (a, b) => a == b,
    }
}
