//! `format` and `formatlist`.

use std::iter::Peekable;

use unicode_segmentation::UnicodeSegmentation;

use super::{
    Args, Fail, Function, Outcome, Takes,
    collections::MAX_ELEMENTS,
    encoding::{write_json, write_text},
    function, nullable, param,
};
use crate::eval::{Number, Value, convert};

const GROUP: &str = "Strings";
const FORMAT: super::Param = param("format", Takes::String);

/// The widest field. Wider ones are accidents, and each costs its width in memory.
const MAX_WIDTH: usize = 10_000;

pub(super) static FUNCTIONS: &[Function] = &[
    function("format", GROUP, &[FORMAT], format, "A string with values put in: `%s` text, `%q` quoted text, `%d` whole number, `%f %e %g` number, `%t` bool, `%b %o %x %X` other bases, `%v` anything, `%#v` JSON, `%%` a percent sign; with width, precision, the flags `-`, `+`, space and `0`, and `[n]` for the n-th argument.", "format(\"%s: %d of %d (%.1f%%)\", \"wave 1\", 41, 120, 34.1667)").variadic(nullable("args", Takes::Any)),
    function("formatlist", GROUP, &[FORMAT], formatlist, "`format` for each element of the lists among the arguments; other arguments are the same each time.", "formatlist(\"%s@contoso.com\", [\"jdoe\", \"asmith\"])").variadic(nullable("args", Takes::Any)),
];

fn format(args: &Args<'_, '_>) -> Outcome {
    let values: Vec<&Value> = (1..args.len()).map(|at| args.value(at)).collect();
    formatted(args.str(0)?, &values).map(Value::string)
}

fn formatlist(args: &Args<'_, '_>) -> Outcome {
    let pattern = args.str(0)?;
    if args.len() == 1 {
        return Ok(Value::list(vec![Value::string(formatted(pattern, &[])?)]));
    }
    let mut length = None;
    for at in 1..args.len() {
        let Some(list) = args.value(at).as_list() else { continue };
        match length {
            Some((first, count)) if count != list.len() => {
                let message = format!(
                    "argument {at} has length {}, which is inconsistent with argument {first} of length {count}",
                    list.len()
                );
                return Err(Fail::Argument(at, message));
            }
            Some(_) => {}
            None => length = Some((at, list.len())),
        }
    }
    let rounds = length.map_or(1, |(_, count)| count);
    if rounds > MAX_ELEMENTS {
        return Err(format!("a list of more than {MAX_ELEMENTS} elements").into());
    }
    let mut out = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let values: Vec<&Value> = (1..args.len())
            .map(|at| match args.value(at).as_list() {
                Some(list) => list.get(round).unwrap_or(&Value::Null),
                None => args.value(at),
            })
            .collect();
        out.push(Value::string(formatted(pattern, &values)?));
    }
    Ok(Value::list(out))
}

/// One `%…`.
#[derive(Default)]
struct Verb {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    sharp: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

fn digits(chars: &mut Peekable<impl Iterator<Item = char>>) -> Option<usize> {
    let mut number = None;
    while let Some(digit) = chars.peek().and_then(|char| char.to_digit(10)) {
        chars.next();
        number = Some(number.unwrap_or(0usize).saturating_mul(10).saturating_add(digit as usize));
    }
    number
}

fn formatted(pattern: &str, values: &[&Value]) -> Result<String, Fail> {
    let mut out = String::new();
    let mut chars = pattern.chars().peekable();
    let mut next = 0usize;
    let mut highest = 0usize;
    while let Some(char) = chars.next() {
        if char != '%' {
            out.push(char);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            out.push('%');
            continue;
        }
        let mut verb = Verb::default();
        loop {
            match chars.peek() {
                Some('-') => verb.left = true,
                Some('+') => verb.plus = true,
                Some(' ') => verb.space = true,
                Some('0') => verb.zero = true,
                Some('#') => verb.sharp = true,
                _ => break,
            }
            chars.next();
        }
        let mut at = next;
        let numbered = |chars: &mut Peekable<_>, at: &mut usize| -> Result<(), Fail> {
            if chars.peek() != Some(&'[') {
                return Ok(());
            }
            chars.next();
            let number = digits(chars).filter(|number| *number > 0);
            if chars.next() != Some(']') {
                return Err(Fail::Argument(0, "unterminated argument number: expected ]".into()));
            }
            *at = number.ok_or_else(|| Fail::Argument(0, "argument numbers start at 1".into()))? - 1;
            Ok(())
        };
        numbered(&mut chars, &mut at)?;
        verb.width = digits(&mut chars);
        if chars.peek() == Some(&'.') {
            chars.next();
            verb.precision = Some(digits(&mut chars).unwrap_or(0));
        }
        numbered(&mut chars, &mut at)?;
        if verb.width.max(verb.precision).is_some_and(|width| width > MAX_WIDTH) {
            return Err(Fail::Argument(0, format!("a width or precision of more than {MAX_WIDTH}")));
        }
        let Some(mode) = chars.next() else {
            return Err(Fail::Argument(0, "unterminated verb at the end of the format string".into()));
        };
        let Some(value) = values.get(at) else {
            let s = if values.len() == 1 { "" } else { "s" };
            return Err(Fail::Argument(
                0,
                format!(
                    "not enough arguments for %{mode}: need index {} but have {} total argument{s}",
                    at + 1,
                    values.len()
                ),
            ));
        };
        next = at + 1;
        highest = highest.max(next);
        let text = one(&verb, mode, value).map_err(|message| {
            let message = format!("unsupported value for \"%{mode}\" (argument {}): {message}", at + 1);
            if value.is_null() { Fail::Unknown(message) } else { Fail::Argument(at + 1, message) }
        })?;
        out.push_str(&text);
        if out.len() > crate::eval::run::MAX_TEXT {
            return Err("the result is too long".into());
        }
    }
    if highest < values.len() {
        let s = if values.len() == 1 { "" } else { "s" };
        return Err(format!("too many arguments; only {highest} used by format string, {} given{s}", values.len())
            .trim_end_matches('s')
            .into());
    }
    Ok(out)
}

fn pad(text: String, verb: &Verb, zeros: bool) -> String {
    let Some(width) = verb.width else { return text };
    let length = text.graphemes(true).count();
    if length >= width {
        return text;
    }
    let fill = width - length;
    if verb.left {
        return text + &" ".repeat(fill);
    }
    if zeros && verb.zero {
        let sign = usize::from(text.starts_with(['-', '+', ' ']));
        let (sign, rest) = text.split_at(sign);
        return format!("{sign}{}{rest}", "0".repeat(fill));
    }
    " ".repeat(fill) + &text
}

fn signed(text: String, verb: &Verb) -> String {
    match (text.starts_with('-'), verb.plus, verb.space) {
        (true, ..) | (_, false, false) => text,
        (_, true, _) => format!("+{text}"),
        _ => format!(" {text}"),
    }
}

fn one(verb: &Verb, mode: char, value: &Value) -> Result<String, String> {
    if mode == 'v' {
        return anything(verb, value);
    }
    if !"tbdoxXeEfFgGsq".contains(mode) {
        return Err("this verb does not exist".into());
    }
    if value.is_null() {
        return Err("null value cannot be formatted".into());
    }
    match mode {
        't' => convert::to_bool(value).map(|bool| bool.to_string()),
        's' | 'q' => {
            let text = convert::to_text(value)?;
            let cut: String = match verb.precision {
                // Terraform takes a nought for no precision.
                Some(precision @ 1..) => text.graphemes(true).take(precision).collect(),
                _ => text.to_string(),
            };
            if mode == 's' {
                return Ok(pad(cut, verb, true));
            }
            let mut quoted = String::new();
            write_text(&cut, &mut quoted);
            Ok(pad(quoted, verb, true))
        }
        _ => number(verb, mode, &convert::to_number(value)?),
    }
}

fn anything(verb: &Verb, value: &Value) -> Result<String, String> {
    if verb.sharp {
        let mut text = String::new();
        write_json(value, &mut text);
        return Ok(pad(text, verb, true));
    }
    match value.unmarked() {
        Value::Null => Ok(pad("null".into(), verb, false)),
        Value::String(text) => Ok(pad(text.to_string(), verb, true)),
        // Neither precision nor sign is for numbers here.
        Value::Number(number) => Ok(pad(general(number, None, 'g'), verb, true)),
        Value::Bool(bool) => Ok(pad(bool.to_string(), verb, true)),
        other => {
            let mut text = String::new();
            write_json(other, &mut text);
            Ok(pad(text, verb, true))
        }
    }
}

fn number(verb: &Verb, mode: char, number: &Number) -> Result<String, String> {
    let text = match mode {
        'd' | 'b' | 'o' | 'x' | 'X' if !number.is_integer() => return Err("an integer is required".into()),
        'd' | 'b' | 'o' | 'x' | 'X' => {
            let radix = match mode {
                'b' => 2,
                'o' => 8,
                'd' => 10,
                _ => 16,
            };
            return Ok(whole(verb, mode, &number.to_radix(radix)));
        }
        'f' | 'F' => number.to_fixed(verb.precision.unwrap_or(6)),
        'e' | 'E' => exponent(number.to_f64(), verb.precision.unwrap_or(6), mode),
        _ => general(number, verb.precision, mode),
    };
    Ok(pad(signed(text, verb), verb, true))
}

/// A whole number of these digits: sign, prefix of the base, noughts.
fn whole(verb: &Verb, mode: char, text: &str) -> String {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None if verb.plus => ("+", text),
        None if verb.space => (" ", text),
        None => ("", text),
    };
    let prefix = match mode {
        'b' if verb.sharp => "0b",
        'o' if verb.sharp => "0",
        'x' | 'X' if verb.sharp => "0x",
        _ => "",
    };
    // A precision is the least number of digits, and then the field is filled with blanks.
    let least = match (verb.precision, verb.width) {
        (Some(least), _) => least,
        (None, Some(width)) if verb.zero && !verb.left => width.saturating_sub(sign.len() + prefix.len()),
        _ => 0,
    };
    let digits = if verb.precision == Some(0) && digits == "0" { "" } else { digits };
    let text = format!("{sign}{prefix}{}{digits}", "0".repeat(least.saturating_sub(digits.len())));
    pad(if mode == 'X' { text.to_uppercase() } else { text }, verb, false)
}

/// `1.5e+07`: Go writes at least two digits of exponent, with its sign.
fn exponent(float: f64, precision: usize, mode: char) -> String {
    go_exponent(&format!("{float:.precision$e}"), mode)
}

fn go_exponent(text: &str, mode: char) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(rest) => ('-', rest),
        None => ('+', exponent),
    };
    let letter = if mode.is_ascii_uppercase() { 'E' } else { 'e' };
    format!("{digits}{letter}{sign}{exponent:0>2}")
}

/// `%g`: an exponent for very small and very large numbers, else plain digits.
fn general(number: &Number, precision: Option<usize>, mode: char) -> String {
    if number.is_zero() {
        return "0".into();
    }
    // Without a precision all digits are written, and the exponent is used from 10^6 on.
    let (digits, power, limit) = match precision {
        Some(precision) => {
            let text = format!("{:.*e}", precision.max(1) - 1, number.to_f64());
            let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
            (digits.to_owned(), power.parse().unwrap_or(0), precision.max(1) as i64)
        }
        None => {
            let (digits, power) = scientific(&number.to_string());
            (digits, power, 6)
        }
    };
    let trim = |text: &str| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    if power < -4 || power >= limit {
        return go_exponent(&format!("{}e{power}", trim(&digits)), mode);
    }
    match precision {
        None => number.to_string(),
        Some(_) => trim(&number.to_fixed(usize::try_from(limit - 1 - power).unwrap_or(0))),
    }
}

/// Plain digits as one digit before the point and a power of ten.
fn scientific(plain: &str) -> (String, i64) {
    let (sign, rest) = if let Some(rest) = plain.strip_prefix('-') { ("-", rest) } else { ("", plain) };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let leading = all.len() - significant.len();
    let power = whole.len() as i64 - 1 - leading as i64;
    let digits = significant.trim_end_matches('0');
    let (first, after) = digits.split_at(digits.len().min(1));
    (if after.is_empty() { format!("{sign}{first}") } else { format!("{sign}{first}.{after}") }, power)
}
