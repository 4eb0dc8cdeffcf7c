//! Types.

use super::{Args, Fail, Function, Marks, Outcome, Takes, function, nullable};
use crate::eval::{Type, Value, convert};

const GROUP: &str = "Types and errors";
const V: super::Param = nullable("v", Takes::Any);

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "can",
        GROUP,
        &[nullable("expression", Takes::Any)],
        can,
        "Does the expression work, without an error?",
        "can(regex(\"^svc-\", \"jdoe\"))",
    )
    .marks(Marks::Own),
    function(
        "issensitive",
        GROUP,
        &[nullable("value", Takes::Any)],
        issensitive,
        "Is the value marked as sensitive?",
        "issensitive(sensitive(\"x\"))",
    )
    .marks(Marks::Own),
    function(
        "nonsensitive",
        GROUP,
        &[nullable("value", Takes::Any)],
        nonsensitive,
        "The value without its sensitive mark: use it only where the result tells nothing secret.",
        "nonsensitive(length(sensitive(\"secret\")))",
    )
    .marks(Marks::Own),
    function(
        "sensitive",
        GROUP,
        &[nullable("value", Takes::Any)],
        sensitive,
        "The value marked as sensitive: it is not shown, nor is what is computed from it.",
        "sensitive(\"secret\")",
    )
    .marks(Marks::Own),
    function("tobool", GROUP, &[V], tobool, "Converts to a bool: `\"true\"` and `\"false\"`.", "tobool(\"true\")")
        .marks(Marks::Own),
    function("tolist", GROUP, &[V], tolist, "Converts to a list; all elements get one type.", "tolist([\"a\", 1])")
        .marks(Marks::Own),
    function("tomap", GROUP, &[V], tomap, "Converts to a map; all values get one type.", "tomap({ a = \"x\", b = 1 })")
        .marks(Marks::Own),
    function("tonumber", GROUP, &[V], tonumber, "Converts to a number.", "tonumber(\"41\")").marks(Marks::Own),
    function(
        "toset",
        GROUP,
        &[V],
        toset,
        "Converts to a set: each element once, sorted.",
        "toset([\"b\", \"a\", \"b\"])",
    )
    .marks(Marks::Own),
    function("tostring", GROUP, &[V], tostring, "Converts to a string.", "tostring(1.5)").marks(Marks::Own),
    function(
        "try",
        GROUP,
        &[],
        attempt,
        "The first expression that works without an error.",
        "try(tonumber(\"x\"), 0)",
    )
    .variadic(nullable("expressions", Takes::Any))
    .marks(Marks::Own),
];

fn to(args: &Args<'_, '_>, ty: &Type, word: &str) -> Outcome {
    let value = args.value(0);
    convert(value, ty).map_err(|message| {
        let message = match value.unmarked() {
            Value::String(text) if ty.is_primitive() => {
                format!("cannot convert {:?} to {word}: {message}", text.as_str())
            }
            other => format!("cannot convert {} to {word}: {message}", other.type_name()),
        };
        Fail::Argument(0, message)
    })
}

fn tobool(args: &Args<'_, '_>) -> Outcome {
    to(args, &Type::Bool, "bool")
}

fn tonumber(args: &Args<'_, '_>) -> Outcome {
    to(args, &Type::Number, "number")
}

fn tostring(args: &Args<'_, '_>) -> Outcome {
    to(args, &Type::String, "string")
}

fn tolist(args: &Args<'_, '_>) -> Outcome {
    to(args, &Type::List(Box::new(Type::Any)), "list of any single type")
}

fn toset(args: &Args<'_, '_>) -> Outcome {
    to(args, &Type::Set(Box::new(Type::Any)), "set of any single type")
}

fn tomap(args: &Args<'_, '_>) -> Outcome {
    to(args, &Type::Map(Box::new(Type::Any)), "map of any single type")
}

fn sensitive(args: &Args<'_, '_>) -> Outcome {
    Ok(args.value(0).clone().mark_sensitive())
}

fn nonsensitive(args: &Args<'_, '_>) -> Outcome {
    Ok(args.value(0).unmarked().clone())
}

fn issensitive(args: &Args<'_, '_>) -> Outcome {
    Ok(args.value(0).is_sensitive().into())
}

/// `can` and `try` are evaluated lazily; this is what is left of them for `try(list...)`, whose elements are known.
fn can(_: &Args<'_, '_>) -> Outcome {
    Ok(true.into())
}

fn attempt(args: &Args<'_, '_>) -> Outcome {
    if args.len() == 0 { Err("at least one argument is required".into()) } else { Ok(args.value(0).clone()) }
}
