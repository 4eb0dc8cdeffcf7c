//! Function calls.

use std::borrow::Cow;

use super::{
    EvalError, Value,
    functions::{Args, Fail, Function, Marks, Param, Takes},
    ir::{Call, Node},
    run::{Cx, Frames, NULL, Outcome, eval},
    types::Type,
};
use crate::tenant::Text;

pub(super) fn call<'e>(node: &'e Node, call: &'e Call, cx: &'e Cx<'e>, frames: Frames<'e>) -> Outcome<'e> {
    // Most calls have one to three arguments; those need no allocation.
    match (&call.args[..], call.expand) {
        ([], _) => apply(node, call, &mut [], cx, frames),
        ([a], false) => apply(node, call, &mut [eval(a, cx, frames)?], cx, frames),
        ([a, b], false) => apply(node, call, &mut [eval(a, cx, frames)?, eval(b, cx, frames)?], cx, frames),
        ([a, b, c], false) => {
            let mut args = [eval(a, cx, frames)?, eval(b, cx, frames)?, eval(c, cx, frames)?];
            apply(node, call, &mut args, cx, frames)
        }
        (nodes, false) => {
            let mut args = nodes.iter().map(|arg| eval(arg, cx, frames)).collect::<Result<Vec<_>, _>>()?;
            apply(node, call, &mut args, cx, frames)
        }
        ([first @ .., last], true) => {
            let mut args = first.iter().map(|arg| eval(arg, cx, frames)).collect::<Result<Vec<_>, _>>()?;
            let list = eval(last, cx, frames)?;
            if cx.unknown && list.is_null() {
                return Ok(Cow::Borrowed(&NULL));
            }
            let Some(elements) = list.as_list() else {
                let detail = "The expanding argument (indicated by ...) must be of a tuple, list, or set type.";
                return Err(cx.fail(last, frames, "Invalid expanding argument value", detail));
            };
            let sensitive = list.is_sensitive();
            args.extend(
                elements
                    .iter()
                    .map(|one| Cow::Owned(if sensitive { one.clone().mark_sensitive() } else { one.clone() })),
            );
            let (given, wanted) = (args.len(), call.function.params.len());
            if given < wanted || (given > wanted && call.function.variadic.is_none()) {
                let detail = format!(
                    "Function \"{}\" expects {}; this call has {given}.",
                    call.function.name,
                    call.function.signature()
                );
                return Err(cx.fail(node, frames, "Wrong number of function arguments", detail));
            }
            apply(node, call, &mut args, cx, frames)
        }
    }
}

fn apply<'e>(
    node: &'e Node,
    call: &'e Call,
    args: &mut [Cow<'e, Value>],
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let function = call.function;
    let mut sensitive = false;
    for (at, arg) in args.iter_mut().enumerate() {
        let Some(param) = function.param(at) else { continue };
        match function.marks {
            Marks::Spread if arg.contains_sensitive() => {
                sensitive = true;
                *arg = Cow::Owned(arg.without_marks());
            }
            Marks::Keep => sensitive |= arg.is_sensitive(),
            Marks::Spread | Marks::Own => {}
        }
        if arg.is_null() && !param.nullable {
            if cx.unknown {
                return Ok(Cow::Borrowed(&NULL));
            }
            return Err(wrong(node, call, at, param, "argument must not be null", cx, frames));
        }
        if let Err(message) = fit(arg, param.takes) {
            let message = if sensitive || arg.contains_sensitive() { WITHHELD.to_owned() } else { message };
            return Err(wrong(node, call, at, param, &message, cx, frames));
        }
    }
    // Whether an argument is secret is asked only where something has to be said about it.
    let secret = |args: &[Cow<'e, Value>]| sensitive || args.iter().any(|arg| arg.contains_sensitive());
    let outcome = (function.run)(&Args { values: args, pattern: &call.pattern, scope: cx.scope });
    match outcome {
        Ok(value) => Ok(Cow::Owned(if sensitive { value.mark_sensitive() } else { value })),
        Err(Fail::Unknown(_)) if cx.unknown => Ok(Cow::Borrowed(&NULL)),
        Err(Fail::Argument(_, _) | Fail::Call(_) | Fail::Unknown(_)) if secret(args) => {
            Err(failed(node, function, WITHHELD, cx, frames))
        }
        Err(Fail::Argument(at, message)) => match function.param(at) {
            Some(param) => Err(wrong(node, call, at, param, &message, cx, frames)),
            None => Err(failed(node, function, &message, cx, frames)),
        },
        Err(Fail::Call(message) | Fail::Unknown(message)) => Err(failed(node, function, &message, cx, frames)),
    }
}

/// What is said instead of a function's own words, which quote what it was given, or a part of it.
const WITHHELD: &str = "it was given a (sensitive value), so what is wrong with it is not told";

fn failed(node: &Node, function: &Function, message: &str, cx: &Cx<'_>, frames: Frames<'_>) -> EvalError {
    let detail = cx.text(|| format!("Call to function \"{}\" failed: {message}.", function.name));
    cx.fail(node, frames, "Error in function call", detail)
}

fn wrong(
    node: &Node,
    call: &Call,
    at: usize,
    param: &Param,
    message: &str,
    cx: &Cx<'_>,
    frames: Frames<'_>,
) -> EvalError {
    let place = call.args.get(at).or(call.args.last()).unwrap_or(node);
    let detail =
        cx.text(|| format!("Invalid value for \"{}\" parameter of \"{}\": {message}.", param.name, call.function.name));
    cx.fail(place, frames, "Invalid function argument", detail)
}

/// Converts an argument to what the parameter takes, where it is not that already.
fn fit(arg: &mut Cow<'_, Value>, takes: Takes) -> Result<(), String> {
    let fits = match (takes, arg.unmarked()) {
        (_, Value::Null) | (Takes::Any, _) => true,
        (Takes::String, Value::String(_)) | (Takes::Number, Value::Number(_)) => true,
        (Takes::Sequence, Value::List(_) | Value::Tuple(_) | Value::Set(_)) => true,
        (Takes::Mapping, Value::Map(_) | Value::Object(_)) => true,
        (Takes::Bools, Value::Tuple(elements) | Value::List(elements)) => {
            elements.iter().all(|one| matches!(one, Value::Bool(_)))
        }
        (Takes::Strings, Value::List(elements) | Value::Set(elements)) => {
            elements.iter().all(|one| matches!(one, Value::String(_) | Value::Null))
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let list = |ty: Type| Type::List(Box::new(ty));
    let converted = match takes {
        Takes::String => super::convert(arg, &Type::String)?,
        Takes::Number => super::convert(arg, &Type::Number)?,
        Takes::Strings => super::convert(arg, &list(Type::String))?,
        Takes::Bools => super::convert(arg, &list(Type::Bool))?,
        Takes::Set => super::convert(arg, &Type::Set(Box::new(Type::Any)))?,
        Takes::Sequence => return Err("list, set or tuple required".into()),
        Takes::Mapping => return Err("map or object required".into()),
        Takes::Any => return Ok(()),
    };
    *arg = Cow::Owned(converted);
    Ok(())
}

/// A function beyond the language's own.
pub(super) fn extra<'e>(
    node: &'e Node,
    name: &Text,
    args: &'e [Node],
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let args = args.iter().map(|arg| eval(arg, cx, frames).map(Cow::into_owned)).collect::<Result<Vec<_>, _>>()?;
    let result = match cx.scope.extra {
        Some(extra) => extra.call(name, &args),
        None => Err("it does not exist here".into()),
    };
    result.map(Cow::Owned).map_err(|message| {
        let message = if args.iter().any(Value::contains_sensitive) { WITHHELD.to_owned() } else { message };
        let end = if message.ends_with('?') { "" } else { "." };
        let detail = format!("Call to function \"{name}\" failed: {message}{end}");
        cx.fail(node, frames, "Error in function call", detail)
    })
}

/// `try(…)`: the first argument that works.
pub(super) fn try_in_turn<'e>(
    node: &'e Node,
    alternatives: &'e [Node],
    cx: &'e Cx<'e>,
    frames: Frames<'e>,
) -> Outcome<'e> {
    let mut messages = Vec::new();
    for one in alternatives {
        cx.quiet.set(cx.quiet.get() + 1);
        let outcome = eval(one, cx, frames);
        cx.quiet.set(cx.quiet.get() - 1);
        match outcome {
            Ok(value) => return Ok(value),
            Err(error) => messages.push(format!("{} ({})", error.summary(), error.detail().trim_end_matches('.'))),
        }
    }
    let detail = format!("No expression succeeded: {}.", messages.join("; "));
    Err(cx.fail(node, frames, "Error in function call", detail))
}
