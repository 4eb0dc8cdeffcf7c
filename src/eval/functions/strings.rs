//! Strings. What Terraform counts as a character is what people see as one: a grapheme cluster.

use unicode_segmentation::UnicodeSegmentation;

use super::{Args, Fail, Function, Outcome, Takes, function, param};
use crate::eval::{Value, run::MAX_TEXT};

const GROUP: &str = "Strings";
const STR: super::Param = param("str", Takes::String);

pub(super) static FUNCTIONS: &[Function] = &[
    function("chomp", GROUP, &[STR], chomp, "The string without line breaks at its end.", "chomp(\"hello\\n\\n\")"),
    function(
        "endswith",
        GROUP,
        &[STR, param("suffix", Takes::String)],
        endswith,
        "Does the string end with the suffix?",
        "endswith(\"jdoe@contoso.com\", \"@contoso.com\")",
    ),
    function(
        "indent",
        GROUP,
        &[param("spaces", Takes::Number), STR],
        indent,
        "Indents every line but the first.",
        "indent(2, \"a\\nb\")",
    ),
    function(
        "join",
        GROUP,
        &[param("separator", Takes::String)],
        join,
        "The strings of one or more lists in one string, with the separator between them.",
        "join(\", \", [\"a\", \"b\"])",
    )
    .variadic(param("lists", Takes::Strings)),
    function("lower", GROUP, &[STR], lower, "The string in lower case.", "lower(\"JDoe@Contoso.com\")"),
    function(
        "split",
        GROUP,
        &[param("separator", Takes::String), STR],
        split,
        "The parts of a string between separators.",
        "split(\"@\", \"jdoe@contoso.com\")",
    ),
    function(
        "startswith",
        GROUP,
        &[STR, param("prefix", Takes::String)],
        startswith,
        "Does the string start with the prefix?",
        "startswith(\"svc-backup\", \"svc-\")",
    ),
    function(
        "strcontains",
        GROUP,
        &[STR, param("substr", Takes::String)],
        strcontains,
        "Does the string contain the other?",
        "strcontains(\"svc-backup\", \"back\")",
    ),
    function("strrev", GROUP, &[STR], strrev, "The characters in reverse order.", "strrev(\"hello\")"),
    function(
        "substr",
        GROUP,
        &[STR, param("offset", Takes::Number), param("length", Takes::Number)],
        substr,
        "A part of a string: from the character at `offset` (from the end if negative), `length` characters (-1 for all the rest).",
        "substr(\"hello world\", 1, 4)",
    ),
    function("title", GROUP, &[STR], title, "The first letter of each word in upper case.", "title(\"hello world\")"),
    function(
        "trim",
        GROUP,
        &[STR, param("cutset", Takes::String)],
        trim,
        "The string without any of the given characters at its start and end.",
        "trim(\"?!hello?!\", \"!?\")",
    ),
    function(
        "trimprefix",
        GROUP,
        &[STR, param("prefix", Takes::String)],
        trimprefix,
        "The string without the prefix, if it has it.",
        "trimprefix(\"svc-backup\", \"svc-\")",
    ),
    function(
        "trimspace",
        GROUP,
        &[STR],
        trimspace,
        "The string without white space at its start and end.",
        "trimspace(\"  hello\\n\")",
    ),
    function(
        "trimsuffix",
        GROUP,
        &[STR, param("suffix", Takes::String)],
        trimsuffix,
        "The string without the suffix, if it has it.",
        "trimsuffix(\"jdoe@contoso.com\", \"@contoso.com\")",
    ),
    function("upper", GROUP, &[STR], upper, "The string in upper case.", "upper(\"hello\")"),
];

fn same_or(args: &Args<'_, '_>, text: &str) -> Outcome {
    let whole = args.text(0)?;
    Ok(if text.len() == whole.len() { Value::String(whole.clone()) } else { Value::string(text) })
}

fn chomp(args: &Args<'_, '_>) -> Outcome {
    same_or(args, args.str(0)?.trim_end_matches(['\r', '\n']))
}

fn endswith(args: &Args<'_, '_>) -> Outcome {
    Ok(args.str(0)?.ends_with(args.str(1)?).into())
}

fn startswith(args: &Args<'_, '_>) -> Outcome {
    Ok(args.str(0)?.starts_with(args.str(1)?).into())
}

fn strcontains(args: &Args<'_, '_>) -> Outcome {
    Ok(args.str(0)?.contains(args.str(1)?).into())
}

fn indent(args: &Args<'_, '_>) -> Outcome {
    let spaces = args.number(0)?.as_usize().filter(|spaces| *spaces <= 10_000);
    let Some(spaces) = spaces else { return Err(Fail::Argument(0, "a number from 0 to 10000 is required".into())) };
    bounded(args.str(1)?.replace('\n', &format!("\n{}", " ".repeat(spaces))))
}

/// A string, unless it became absurdly long.
pub(super) fn bounded(text: String) -> Outcome {
    if text.len() > MAX_TEXT {
        Err(format!("the result is longer than {MAX_TEXT} bytes").into())
    } else {
        Ok(Value::string(text))
    }
}

fn join(args: &Args<'_, '_>) -> Outcome {
    if args.len() < 2 {
        return Err("at least one list is required".into());
    }
    let separator = args.str(0)?;
    let mut parts = Vec::new();
    for at in 1..args.len() {
        parts.extend(args.strings(at)?.into_iter().map(|text| text.as_str()));
    }
    let length: usize = parts.iter().map(|part| part.len() + separator.len()).sum();
    if length > MAX_TEXT {
        return Err(format!("the result is longer than {MAX_TEXT} bytes").into());
    }
    Ok(Value::string(parts.join(separator)))
}

fn lower(args: &Args<'_, '_>) -> Outcome {
    let text = args.text(0)?;
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Ok(Value::String(text.clone()));
    }
    if text.is_ascii() {
        return Ok(Value::string(text.to_ascii_lowercase()));
    }
    // Go maps each character to one, so a final sigma stays a sigma.
    Ok(Value::string(text.chars().map(one_lower).collect::<String>()))
}

fn one_lower(char: char) -> char {
    let mut lower = char.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) => only,
        (Some(first), Some(_)) => first,
        _ => char,
    }
}

fn one_upper(char: char) -> char {
    let mut upper = char.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(only), None) => only,
        _ => char,
    }
}

/// As [`one_upper`], but letters that are two in one have a form of their own at the start of a word, and Georgian has no
/// capitals there.
fn one_title(char: char) -> char {
    match char {
        'Ǆ' | 'ǅ' | 'ǆ' => 'ǅ',
        'Ǉ' | 'ǈ' | 'ǉ' => 'ǈ',
        'Ǌ' | 'ǋ' | 'ǌ' => 'ǋ',
        'Ǳ' | 'ǲ' | 'ǳ' => 'ǲ',
        '\u{10d0}'..='\u{10ff}' => char,
        other => one_upper(other),
    }
}

fn upper(args: &Args<'_, '_>) -> Outcome {
    Ok(Value::string(args.str(0)?.chars().map(one_upper).collect::<String>()))
}

fn split(args: &Args<'_, '_>) -> Outcome {
    let (separator, text) = (args.str(0)?, args.str(1)?);
    Ok(if separator.is_empty() {
        Value::strings(text.chars().map(String::from))
    } else {
        Value::strings(text.split(separator))
    })
}

fn strrev(args: &Args<'_, '_>) -> Outcome {
    Ok(Value::string(args.str(0)?.graphemes(true).rev().collect::<String>()))
}

fn substr(args: &Args<'_, '_>) -> Outcome {
    let (text, offset, length) = (args.str(0)?, args.int(1)?, args.int(2)?);
    let clusters: Vec<&str> = text.graphemes(true).collect();
    let total = clusters.len() as i64;
    let start = if offset < 0 { (total + offset).max(0) } else { offset.min(total) };
    let end = if length < 0 { total } else { start.saturating_add(length).min(total) };
    let part = clusters.get(start as usize..end as usize).unwrap_or_default();
    Ok(Value::string(part.concat()))
}

/// Go's `strings.Title`: a letter after a separator; letters, digits and the underscore separate nothing.
fn title(args: &Args<'_, '_>) -> Outcome {
    let separates = |char: char| {
        if char.is_ascii() { !char.is_ascii_alphanumeric() && char != '_' } else { char.is_whitespace() }
    };
    let mut before = ' ';
    let titled = args.str(0)?.chars().map(|char| {
        let titled = if separates(before) { one_title(char) } else { char };
        before = char;
        titled
    });
    Ok(Value::string(titled.collect::<String>()))
}

fn trim(args: &Args<'_, '_>) -> Outcome {
    let cut: Vec<char> = args.str(1)?.chars().collect();
    same_or(args, args.str(0)?.trim_matches(&cut[..]))
}

fn trimprefix(args: &Args<'_, '_>) -> Outcome {
    let text = args.str(0)?;
    same_or(args, text.strip_prefix(args.str(1)?).unwrap_or(text))
}

fn trimsuffix(args: &Args<'_, '_>) -> Outcome {
    let text = args.str(0)?;
    same_or(args, text.strip_suffix(args.str(1)?).unwrap_or(text))
}

fn trimspace(args: &Args<'_, '_>) -> Outcome {
    same_or(args, args.str(0)?.trim())
}
