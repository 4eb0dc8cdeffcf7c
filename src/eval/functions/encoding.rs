//! Encodings.

use std::{collections::BTreeMap, fmt::Write};

use base64::{
    Engine, alphabet,
    engine::{
        GeneralPurpose,
        general_purpose::{PAD, STANDARD},
    },
};

use serde_json::value::RawValue;

use super::{Args, Fail, Function, Outcome, Takes, function, nullable, param};
use crate::{
    eval::{Number, Value, value::Map},
    tenant::Text,
};

const GROUP: &str = "Encodings";
const LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, PAD.with_decode_allow_trailing_bits(true));
const STR: super::Param = param("str", Takes::String);

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "base64decode",
        GROUP,
        &[STR],
        base64decode,
        "The text behind standard Base64; it must be UTF-8.",
        "base64decode(\"SGVsbG8=\")",
    ),
    function(
        "base64encode",
        GROUP,
        &[STR],
        base64encode,
        "The UTF-8 bytes in standard Base64.",
        "base64encode(\"Hello\")",
    ),
    function(
        "csvdecode",
        GROUP,
        &[STR],
        super::csv::csvdecode,
        "The rows of a CSV text with a header line, as objects of strings. A broken quote is an error with its line.",
        "csvdecode(\"upn,wave\\njdoe@contoso.com,1\\n\")",
    ),
    function("jsondecode", GROUP, &[STR], jsondecode, "The value of a JSON text.", "jsondecode(\"{\\\"wave\\\": 1}\")"),
    function(
        "jsonencode",
        GROUP,
        &[nullable("val", Takes::Any)],
        jsonencode,
        "The value as JSON, keys sorted, `<`, `>` and `&` escaped.",
        "jsonencode({ wave = 1, users = [\"jdoe\"] })",
    ),
    function(
        "urlencode",
        GROUP,
        &[STR],
        urlencode,
        "The text as it may stand in the query of a URL.",
        "urlencode(\"a b&c\")",
    ),
    function(
        "yamldecode",
        GROUP,
        &[STR],
        super::yaml::yamldecode,
        "The value of a YAML document. `yes`, `no`, `on` and `off` are bools; a date becomes an RFC 3339 instant.",
        "yamldecode(\"users:\\n  - jdoe@contoso.com\\n  - asmith@contoso.com\\n\")",
    ),
];

fn base64decode(args: &Args<'_, '_>) -> Outcome {
    // Line breaks between are fine, as in mail; so are bits behind the last byte.
    let text: String = args.str(0)?.chars().filter(|char| !matches!(char, '\r' | '\n')).collect();
    let Ok(bytes) = LENIENT.decode(text) else { return Err("failed to decode base64 data".into()) };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Value::normalised(&text)),
        Err(_) => Err("the result of decoding the provided string is not valid UTF-8".into()),
    }
}

fn base64encode(args: &Args<'_, '_>) -> Outcome {
    Ok(Value::string(STANDARD.encode(args.str(0)?)))
}

fn jsondecode(args: &Args<'_, '_>) -> Outcome {
    let json: Result<&RawValue, _> = serde_json::from_str(args.str(0)?);
    json.and_then(json_value).map_err(|error| Fail::Call(format!("invalid JSON: {error}")))
}

/// A JSON value with its numbers exact: the text of each is read as it stands. The reader itself limits nesting.
pub(crate) fn json_value(json: &RawValue) -> Result<Value, serde_json::Error> {
    let text = json.get();
    Ok(match text.bytes().next() {
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            Value::Tuple(elements.into_iter().map(json_value).collect::<Result<Vec<_>, _>>()?.into())
        }
        Some(b'{') => {
            let entries: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            let entries = entries.into_iter().map(|(key, value)| Ok((Text::from(key), json_value(value)?)));
            Value::Object(entries.collect::<Result<Map, serde_json::Error>>()?.into())
        }
        Some(b'-' | b'0'..=b'9') => match Number::parse(text) {
            Some(number) => Value::Number(number),
            None => return Err(serde::de::Error::custom("a number is out of range")),
        },
        _ => Value::from_json(&serde_json::from_str(text)?),
    })
}

fn jsonencode(args: &Args<'_, '_>) -> Outcome {
    let mut out = String::new();
    write_json(args.value(0), &mut out);
    super::strings::bounded(out)
}

/// A value as Terraform writes JSON: compact, sorted keys, numbers with all their digits.
pub(super) fn write_json(value: &Value, out: &mut String) {
    let mut list = |elements: &[Value]| {
        out.push('[');
        for (at, one) in elements.iter().enumerate() {
            out.push_str(if at == 0 { "" } else { "," });
            write_json(one, out);
        }
        out.push(']');
    };
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(bool) => drop(write!(out, "{bool}")),
        Value::Number(number) => drop(write!(out, "{number}")),
        Value::String(text) => write_text(text, out),
        Value::Tuple(elements) | Value::List(elements) | Value::Set(elements) => list(elements),
        Value::Object(map) | Value::Map(map) => write_object(map, out),
        Value::Sensitive(value) => write_json(value, out),
    }
}

fn write_object(map: &Map, out: &mut String) {
    out.push('{');
    for (at, (key, one)) in map.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "," });
        write_text(key, out);
        out.push(':');
        write_json(one, out);
    }
    out.push('}');
}

/// Go's JSON strings: `<`, `>`, `&` and the two Unicode line ends are escaped, so that the text is safe in HTML.
pub(super) fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => drop(write!(out, "\\u{:04x}", char as u32)),
            char if char < ' ' => drop(write!(out, "\\u{:04x}", char as u32)),
            char => out.push(char),
        }
    }
    out.push('"');
}

fn urlencode(args: &Args<'_, '_>) -> Outcome {
    let mut out = String::new();
    for byte in args.str(0)?.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            byte => drop(write!(out, "%{byte:02X}")),
        }
    }
    Ok(Value::string(out))
}
