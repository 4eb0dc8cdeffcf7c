//! Numbers.

use super::{Args, Fail, Function, Outcome, Takes, function, param};
use crate::eval::{Number, Value};

const GROUP: &str = "Numbers";

pub(super) static FUNCTIONS: &[Function] = &[
    function("abs", GROUP, &[param("num", Takes::Number)], abs, "The number without its sign.", "abs(-3.5)"),
    function(
        "ceil",
        GROUP,
        &[param("num", Takes::Number)],
        ceil,
        "The smallest whole number that is not smaller.",
        "ceil(4.1)",
    ),
    function(
        "floor",
        GROUP,
        &[param("num", Takes::Number)],
        floor,
        "The largest whole number that is not larger.",
        "floor(4.9)",
    ),
    function(
        "log",
        GROUP,
        &[param("num", Takes::Number), param("base", Takes::Number)],
        log,
        "The logarithm of a number to a base, in double precision.",
        "log(8, 2)",
    ),
    function("max", GROUP, &[], max, "The largest of the numbers.", "max(5, 12, 9)")
        .variadic(param("numbers", Takes::Number)),
    function("min", GROUP, &[], min, "The smallest of the numbers.", "min(5, 12, 9)")
        .variadic(param("numbers", Takes::Number)),
    function(
        "parseint",
        GROUP,
        &[param("number", Takes::Any), param("base", Takes::Number)],
        parseint,
        "Reads a whole number written in a base from 2 to 62. Up to 36 upper and lower case letters are the same digits.",
        "parseint(\"ff\", 16)",
    ),
    function(
        "pow",
        GROUP,
        &[param("num", Takes::Number), param("power", Takes::Number)],
        pow,
        "A number raised to a power, in double precision.",
        "pow(3, 2)",
    ),
    function(
        "signum",
        GROUP,
        &[param("num", Takes::Number)],
        signum,
        "-1, 0 or 1: the sign of the number.",
        "signum(-13)",
    ),
];

fn abs(args: &Args<'_, '_>) -> Outcome {
    let number = args.number(0)?;
    Ok(if number.is_negative() { number.neg() } else { number.clone() }.into())
}

fn ceil(args: &Args<'_, '_>) -> Outcome {
    Ok(args.number(0)?.ceil().into())
}

fn floor(args: &Args<'_, '_>) -> Outcome {
    Ok(args.number(0)?.floor().into())
}

fn signum(args: &Args<'_, '_>) -> Outcome {
    let number = args.number(0)?;
    if !number.is_integer() {
        return Err(Fail::Argument(0, "a whole number is required".into()));
    }
    Ok(Value::from(if number.is_zero() {
        0i64
    } else if number.is_negative() {
        -1
    } else {
        1
    }))
}

fn extreme(args: &Args<'_, '_>, larger: bool) -> Outcome {
    if args.len() == 0 {
        return Err("must pass at least one number".into());
    }
    let mut best = args.number(0)?;
    for at in 1..args.len() {
        let next = args.number(at)?;
        if (next > best) == larger && next != best {
            best = next;
        }
    }
    Ok(best.clone().into())
}

fn max(args: &Args<'_, '_>) -> Outcome {
    extreme(args, true)
}

fn min(args: &Args<'_, '_>) -> Outcome {
    extreme(args, false)
}

fn finite(result: f64) -> Outcome {
    match Number::from_f64(result) {
        Some(number) => Ok(number.into()),
        None => Err("the result is out of range".into()),
    }
}

fn log(args: &Args<'_, '_>) -> Outcome {
    finite(args.number(0)?.to_f64().ln() / args.number(1)?.to_f64().ln())
}

fn pow(args: &Args<'_, '_>) -> Outcome {
    finite(args.number(0)?.to_f64().powf(args.number(1)?.to_f64()))
}

fn parseint(args: &Args<'_, '_>) -> Outcome {
    let Some(text) = args.value(0).as_str() else {
        return Err(Fail::Argument(0, format!("a string is required, not {}", args.value(0).type_name())));
    };
    let base = args.int(1)?;
    let radix = u32::try_from(base).ok().filter(|radix| (2..=62).contains(radix));
    let Some(radix) = radix else {
        return Err(Fail::Argument(1, format!("base must be a whole number between 2 and 62 inclusive, not {base}")));
    };
    let parsed = if radix <= 36 { Number::parse_radix(text, radix) } else { large_radix(text, radix) };
    match parsed {
        Some(number) => Ok(number.into()),
        None => Err(Fail::Argument(0, format!("cannot parse {text:?} as a base {base} integer"))),
    }
}

/// Bases above 36: digits, small letters, then capitals.
fn large_radix(text: &str, radix: u32) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    // The numbers of a configuration are short; a long one would cost the square of its length.
    if digits.is_empty() || digits.len() > 1_000 {
        return None;
    }
    let base = Number::from(i64::from(radix));
    let mut number = Number::ZERO;
    for char in digits.chars() {
        let digit = match char {
            '0'..='9' => char as u32 - '0' as u32,
            'a'..='z' => char as u32 - 'a' as u32 + 10,
            'A'..='Z' => char as u32 - 'A' as u32 + 36,
            _ => return None,
        };
        if digit >= radix {
            return None;
        }
        number = number.mul(&base)?.add(&Number::from(i64::from(digit)))?;
    }
    Some(if negative { number.neg() } else { number })
}
