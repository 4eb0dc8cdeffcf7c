//! Regular expressions. Terraform's are RE2's; so are these, but for details of Unicode classes.

use std::borrow::Cow;

use regex::{Captures, Regex, RegexBuilder};

use super::{Args, Fail, Function, Outcome, Takes, function, param};
use crate::{
    diag::Span,
    eval::{
        Value,
        ir::{Call, Kind},
    },
};

const GROUP: &str = "Strings";

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "regex",
        GROUP,
        &[param("pattern", Takes::String), param("string", Takes::String)],
        first_match,
        "The first match of a regular expression (RE2 syntax). Without groups a string; with groups a list of what they \
         matched; with named groups an object. No match is an error: see `can` and `try`.",
        "regex(\"^(?P<name>[^@]+)@(?P<domain>.+)$\", \"jdoe@contoso.com\")",
    ),
    function(
        "regexall",
        GROUP,
        &[param("pattern", Takes::String), param("string", Takes::String)],
        all_matches,
        "All matches of a regular expression, each as `regex` gives it; an empty list without any.",
        "length(regexall(\"[0-9]+\", \"scan2floor3\"))",
    ),
    function(
        "replace",
        GROUP,
        &[param("str", Takes::String), param("substr", Takes::String), param("replace", Takes::String)],
        replace,
        "The string with each occurrence of `substr` replaced. Between slashes `substr` is a regular expression, and \
         the replacement may use its groups (`$1`).",
        "replace(\"jdoe@contoso.com\", \"/@.*/\", \"\")",
    ),
];

/// A literal pattern that is none is reported when the expression is compiled.
pub(in crate::eval) fn check_pattern(call: &Call) -> Option<(Span, String)> {
    let at = match call.function.name {
        "regex" | "regexall" => 0,
        "replace" => 1,
        _ => return None,
    };
    let node = call.args.get(at)?;
    let Kind::Const(value) = &node.kind else { return None };
    let text = value.as_str().filter(|_| !value.is_sensitive())?;
    let pattern = if call.function.name == "replace" { slashed(text)? } else { text };
    compile(pattern).err().map(|message| (node.span, message))
}

/// A pattern longer than this is refused when compiled: 1 MiB of program.
fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(&translated(pattern)?).size_limit(1 << 20).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim_start_matches("error:").trim();
            format!("invalid regexp pattern {pattern:?}: {last}")
        }
    })
}

/// The pattern as this engine writes it. In RE2 `\d`, `\s`, `\w`, `\b` are ASCII and here Unicode; `\Q…\E` is literal text;
/// a bracket holds characters, not brackets and operators; and the flags are `i`, `m`, `s` and `U`.
fn translated(pattern: &str) -> Result<Cow<'_, str>, String> {
    if !pattern.contains(['\\', '[', '?']) {
        return Ok(Cow::Borrowed(pattern));
    }
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(char) = rest.chars().next() {
        let after = rest.get(char.len_utf8()..).unwrap_or_default();
        rest = match (char, in_class) {
            ('\\', false) if after.starts_with('Q') => {
                let (literal, after) = after[1..].split_once("\\E").unwrap_or((&after[1..], ""));
                out.push_str(&regex::escape(literal));
                after
            }
            ('\\', _) => {
                let escaped = after.chars().next();
                escape(escaped, in_class, &mut out);
                after.get(escaped.map_or(0, char::len_utf8)..).unwrap_or_default()
            }
            ('[', false) => {
                out.push('[');
                let after = after.strip_prefix('^').inspect(|_| out.push('^')).unwrap_or(after);
                in_class = true;
                match after.strip_prefix(']') {
                    Some(after) => {
                        out.push_str("\\]");
                        after
                    }
                    None => after,
                }
            }
            ('[', true) if after.starts_with(':') && after.contains(":]") => {
                let end = after.find(":]").unwrap_or(0) + 2;
                out.push('[');
                out.push_str(after.get(..end).unwrap_or_default());
                after.get(end..).unwrap_or_default()
            }
            (']', true) => {
                in_class = false;
                out.push(']');
                after
            }
            ('[' | '&' | '~', true) => {
                out.push('\\');
                out.push(char);
                after
            }
            ('(', false) if after.starts_with('?') => {
                let flags = after[1..].split([':', ')']).next().unwrap_or_default();
                if flags.chars().all(|flag| flag.is_ascii_alphabetic() || flag == '-')
                    && let Some(flag) = flags.chars().find(|flag| !"imsU-".contains(*flag))
                {
                    return Err(format!("invalid regexp pattern {pattern:?}: there is no flag `{flag}`"));
                }
                out.push(char);
                after
            }
            _ => {
                out.push(char);
                after
            }
        };
    }
    Ok(Cow::Owned(out))
}

/// A backslash and what follows it.
fn escape(char: Option<char>, in_class: bool, out: &mut String) {
    match char {
        Some('d') => out.push_str(if in_class { "0-9" } else { "[0-9]" }),
        Some('s') => out.push_str(if in_class { "\\t\\n\\f\\r " } else { "[\\t\\n\\f\\r ]" }),
        Some('w') => out.push_str(if in_class { "0-9A-Za-z_" } else { "[0-9A-Za-z_]" }),
        Some('D') if !in_class => out.push_str("[^0-9]"),
        Some('S') if !in_class => out.push_str("[^\\t\\n\\f\\r ]"),
        Some('W') if !in_class => out.push_str("[^0-9A-Za-z_]"),
        Some('b') if !in_class => out.push_str("(?-u:\\b)"),
        Some(other) => {
            out.push('\\');
            out.push(other);
        }
        None => out.push('\\'),
    }
}

/// The pattern between slashes.
fn slashed(text: &str) -> Option<&str> {
    text.strip_prefix('/')?.strip_suffix('/')
}

/// Runs `body` with the compiled pattern. One call nearly always has one pattern, compiled once and kept with it.
fn with_regex<T>(args: &Args<'_, '_>, at: usize, pattern: &str, body: impl FnOnce(&Regex) -> T) -> Result<T, Fail> {
    if let Some((known, regex)) = args.pattern.get()
        && known.as_str() == pattern
    {
        return Ok(body(regex));
    }
    let regex = compile(pattern).map_err(|message| Fail::Argument(at, message))?;
    let _ = args.pattern.set((pattern.into(), regex.clone()));
    Ok(body(&regex))
}

/// What one match is worth.
fn matched(regex: &Regex, captures: &Captures<'_>) -> Value {
    let group = |at: usize| captures.get(at).map_or(Value::Null, |found| Value::string(found.as_str()));
    if regex.captures_len() == 1 {
        return group(0);
    }
    let named = regex.capture_names().enumerate().filter_map(|(at, name)| Some((name?, group(at))));
    if regex.capture_names().any(|name| name.is_some()) {
        Value::object(named)
    } else {
        Value::tuple((1..regex.captures_len()).map(group).collect())
    }
}

/// Groups with and without names in one pattern have no type.
fn mixed(regex: &Regex) -> Result<(), Fail> {
    let names = regex.capture_names().skip(1);
    let (named, plain): (Vec<_>, Vec<_>) = names.partition(Option::is_some);
    if named.is_empty() || plain.is_empty() {
        return Ok(());
    }
    let message = "invalid regexp pattern: cannot mix both named and unnamed capture groups";
    Err(Fail::Argument(0, message.into()))
}

fn first_match(args: &Args<'_, '_>) -> Outcome {
    let text = args.str(1)?;
    with_regex(args, 0, args.str(0)?, |regex| {
        // Finding is several times faster than filling in groups, and many patterns have none.
        let found = if regex.captures_len() == 1 {
            regex.find(text).map(|found| Value::string(found.as_str()))
        } else {
            mixed(regex)?;
            regex.captures(text).map(|captures| matched(regex, &captures))
        };
        found.ok_or_else(|| "pattern did not match any part of the given string".into())
    })?
}

fn all_matches(args: &Args<'_, '_>) -> Outcome {
    let text = args.str(1)?;
    with_regex(args, 0, args.str(0)?, |regex| {
        mixed(regex)?;
        Ok(Value::list(regex.captures_iter(text).map(|captures| matched(regex, &captures)).collect()))
    })?
}

fn replace(args: &Args<'_, '_>) -> Outcome {
    let (text, from, to) = (args.str(0)?, args.str(1)?, args.str(2)?);
    let replaced = match slashed(from).filter(|_| from.len() >= 2) {
        Some(pattern) => with_regex(args, 1, pattern, |regex| regex.replace_all(text, to).into_owned())?,
        None => text.replace(from, to),
    };
    super::strings::bounded(replaced)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_mean_here_what_they_mean_to_terraform() {
        let finds =
            |pattern: &str, text: &str| compile(pattern).unwrap().find(text).map(|found| found.as_str().to_owned());
        for (pattern, text, found) in [
            (r"\Qa.b\E+", "a.bb", Some("a.bb")),
            (r"\Q\d", r"\d", Some(r"\d")),
            (r"[[\]]+", "a[]", Some("[]")),
            (r"[^]a]+", "]ab", Some("b")),
            (r"[a&&b]+", "&ab", Some("&ab")),
            (r"[[:digit:]-]+", "a1-2", Some("1-2")),
            (r"\d+", "٣1", Some("1")),
            (r"[\w.]+@", "é.x@", Some(".x@")),
            (r"(?i)A", "a", Some("a")),
        ] {
            assert_eq!(finds(pattern, text).as_deref(), found, "{pattern}");
        }
        for refused in ["(?x) a", "(?u)a", "(?=a)", r"(a)\1", "[", "(?P<a>x"] {
            assert!(compile(refused).is_err(), "{refused}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_pattern_is_too_odd(pattern in r#"([\[\]\\QE^:&~()?imsUx|*+{}a1é𝄞-]){0,24}"#) {
            let _ = compile(&pattern);
        }
    }
}
