//! `yamldecode`. The parser gives the events of a document; what a plain word means (`yes` is `true`, `2026-1-2` an instant)
//! follows Terraform's reader, which mixes YAML 1.1 and 1.2 in its own way.

use std::{borrow::Cow, collections::HashMap, iter::Peekable, sync::LazyLock};

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::Offset,
};
use regex::Regex;
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Args, Fail, Outcome};
use crate::{
    eval::{Number, Value, value::Map},
    tenant::Text,
};

/// Sequences and mappings in each other: as deep as JSON may be.
const DEEPEST: usize = 128;

/// Entries that `<<` may copy in one document. Each copy is a line of text that stands for a whole mapping.
const MOST_MERGED: usize = 2_000_000;

pub(super) fn yamldecode(args: &Args<'_, '_>) -> Outcome {
    let text = args.str(0)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Reader { events: Parser::new_from_str(text).peekable(), anchors: HashMap::new(), merged: 0 }
        .document()
        .map_err(|problem| Fail::Argument(0, problem))
}

struct Reader<'t, E: Iterator<Item = Result<(Event<'t>, Span), ScanError>>> {
    events: Peekable<E>,
    /// What `&name` stands for, once it is complete: a value that contains itself has none.
    anchors: HashMap<usize, Value>,
    merged: usize,
}

/// A place and what is wrong there, as a clause.
fn wrong(span: Span, what: impl std::fmt::Display) -> String {
    format!("on line {}, column {}: {what}", span.start.line(), span.start.col() + 1)
}

impl<'t, E: Iterator<Item = Result<(Event<'t>, Span), ScanError>>> Reader<'t, E> {
    fn next(&mut self) -> Result<(Event<'t>, Span), String> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(wrong(Span::new(*error.marker(), *error.marker()), error.info())),
            None => Err("the document ends too early".into()),
        }
    }

    /// The only document of the text.
    fn document(mut self) -> Result<Value, String> {
        loop {
            match self.next()?.0 {
                Event::StreamStart | Event::Nothing => {}
                Event::DocumentStart(_) => break,
                _ => return Err("there is no document in it".into()),
            }
        }
        let (event, span) = self.next()?;
        let value = self.value(event, span, 0)?;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => return Ok(value),
                _ => return Err(wrong(span, "a second document begins; only one can be read")),
            }
        }
    }

    fn value(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(wrong(span, format!("more than {DEEPEST} lists and maps stand in each other")));
        }
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                (anchor, scalar(&text, style, tag.as_deref()).map_err(|problem| wrong(span, problem))?)
            }
            Event::SequenceStart(anchor, tag) => {
                collection(tag.as_deref(), "seq").map_err(|problem| wrong(span, problem))?;
                (anchor, self.sequence(depth)?)
            }
            Event::MappingStart(anchor, tag) => {
                collection(tag.as_deref(), "map").map_err(|problem| wrong(span, problem))?;
                (anchor, self.mapping(depth)?)
            }
            Event::Alias(anchor) => {
                let found = self.anchors.get(&anchor).cloned();
                return found.ok_or_else(|| wrong(span, "an alias stands within what it is an alias of"));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(wrong(span, "a value is missing")),
        };
        // 0: it has no name.
        if anchor != 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Value, String> {
        let mut elements = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Value::Tuple(elements.into())),
                (event, span) => elements.push(self.value(event, span, depth + 1)?),
            }
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Value, String> {
        let mut entries = Map::default();
        loop {
            let (key, at) = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Object(entries.into())),
                // Whatever its quotes, and also over what was said before it: as Terraform.
                (Event::Scalar(text, _, 0, None), at) if text == "<<" => {
                    self.merge(&mut entries, at, depth)?;
                    continue;
                }
                (event, span) => (self.value(event, span, depth + 1)?, span),
            };
            let (event, span) = self.next()?;
            let value = self.value(event, span, depth + 1)?;
            let key = match key {
                Value::String(text) => text,
                Value::Number(number) => Text::from(number.to_string()),
                Value::Bool(bool) => Text::from(bool.to_string()),
                _ => return Err(wrong(at, "a key is neither text nor a number nor a bool")),
            };
            entries.insert(key, value);
        }
    }

    fn merge(&mut self, entries: &mut Map, at: Span, depth: usize) -> Result<(), String> {
        let (event, span) = self.next()?;
        let Value::Object(more) = self.value(event, span, depth + 1)? else {
            return Err(wrong(at, "`<<` takes the entries of a mapping, and this is none"));
        };
        self.merged = self.merged.saturating_add(more.len());
        if self.merged > MOST_MERGED {
            return Err(wrong(at, format!("`<<` takes more than {MOST_MERGED} entries over")));
        }
        entries.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
        Ok(())
    }
}

/// The word behind `!!`; an error for tags that are no part of YAML itself.
fn core(tag: &Tag) -> Result<&str, String> {
    if tag.is_yaml_core_schema() { Ok(&tag.suffix) } else { Err(unsupported(tag)) }
}

fn unsupported(tag: &Tag) -> String {
    let shown = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
    format!("unsupported tag `{shown}`")
}

fn collection(tag: Option<&Tag>, own: &str) -> Result<(), String> {
    match tag {
        Some(tag) if core(tag)? != own => Err(unsupported(tag)),
        _ => Ok(()),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, String> {
    let wanted = tag.map(core).transpose()?;
    let said = |what: &str| format!("this is no {what}");
    match wanted {
        Some("str") => return Ok(Value::normalised(text)),
        Some("binary") if style == ScalarStyle::Plain && word(text)?.is_some() => return Err(said("binary")),
        Some("binary") => return Ok(Value::normalised(text)),
        None | Some("null" | "bool" | "int" | "float" | "timestamp") => {}
        Some(_) => return Err(tag.map(unsupported).unwrap_or_default()),
    }
    // What is quoted is text, also where a tag says otherwise: as Terraform.
    if style != ScalarStyle::Plain {
        return Ok(Value::normalised(text));
    }
    if wanted == Some("null") {
        return Ok(Value::Null);
    }
    let meant = word(text)?;
    match (wanted, &meant) {
        (Some("bool"), Some(Meant::Value(Value::Bool(_))))
        | (Some("int" | "float"), Some(Meant::Value(Value::Number(_))))
        | (Some("timestamp"), Some(Meant::Instant(_)))
        | (None, _) => {}
        (Some(wanted), _) => return Err(said(wanted)),
    }
    Ok(match meant {
        Some(Meant::Value(value)) => value,
        Some(Meant::Instant(text)) => Value::string(text),
        None => Value::normalised(text),
    })
}

/// What a plain word stands for, other than itself.
enum Meant {
    Value(Value),
    /// An instant, RFC 3339.
    Instant(String),
}

fn word(text: &str) -> Result<Option<Meant>, String> {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => true.into(),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => false.into(),
        ".nan" | ".NaN" | ".NAN" => return Err("there is no number behind `.nan`".into()),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf" | "-.INF" => {
            return Err("infinity is refused".into());
        }
        other => match (instant(other), number(other)) {
            (Some(instant), _) => return Ok(Some(Meant::Instant(instant))),
            (None, Some(number)) => Value::Number(number),
            (None, None) => return Ok(None),
        },
    };
    Ok(Some(Meant::Value(value)))
}

fn number(text: &str) -> Option<Number> {
    static DECIMAL: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^([-+]?)([0-9]*)(?:\.([0-9]*))?([eE][-+]?[0-9]+)?$").ok());
    if let Some(digits) = text.strip_prefix("0x") {
        return Number::parse_radix(digits, 16).filter(|_| digits.bytes().all(|one| one.is_ascii_hexdigit()));
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return Number::parse_radix(digits, 8).filter(|_| digits.bytes().all(|one| one.is_ascii_digit()));
    }
    let parts = DECIMAL.as_ref()?.captures(text)?;
    let part = |at| parts.get(at).map_or("", |part| part.as_str());
    let (whole, fraction) = (part(2), part(3));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let minus = if part(1) == "-" { "-" } else { "" };
    let zero = |digits: &str| if digits.is_empty() { Cow::Borrowed("0") } else { Cow::Owned(digits.to_owned()) };
    Number::parse(&format!("{minus}{}.{}{}", zero(whole), zero(fraction), part(4)))
}

/// A date, or a date with a time, as an RFC 3339 instant without a fraction.
fn instant(text: &str) -> Option<String> {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let time = r"[Tt ]([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:\.[0-9]+)?(Z|[-+][0-9]{2}:[0-9]{2})?";
        Regex::new(&format!(r"^([0-9]{{4}})-([0-9]{{1,2}})-([0-9]{{1,2}})(?:{time})?$")).ok()
    });
    let parts = FORM.as_ref()?.captures(text)?;
    let number = |at: usize| parts.get(at).map_or(Some(0), |part| part.as_str().parse::<i8>().ok());
    let date = Date::new(parts.get(1)?.as_str().parse().ok()?, number(2)?, number(3)?).ok()?;
    let time = Time::new(number(4)?, number(5)?, number(6)?, 0).ok()?;
    let zone = parts.get(7).map(|zone| zone.as_str());
    // With a blank there is no zone, with a `T` there must be one.
    if parts.get(4).is_some() && text.contains(' ') == zone.is_some() {
        return None;
    }
    let offset = match zone {
        None | Some("Z") => Offset::UTC,
        Some(zone) => {
            let (hours, minutes) = (zone.get(1..3)?.parse::<i32>().ok()?, zone.get(4..6)?.parse::<i32>().ok()?);
            let seconds = (hours * 60 + minutes) * 60;
            Offset::from_seconds(if zone.starts_with('-') { -seconds } else { seconds }).ok()?
        }
    };
    let instant: Timestamp = offset.to_timestamp(date.to_datetime(time)).ok()?;
    let shown = instant.display_with_offset(offset).to_string();
    Some(shown.strip_suffix("+00:00").map_or(shown.clone(), |start| format!("{start}Z")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        Reader { events: Parser::new_from_str(text).peekable(), anchors: HashMap::new(), merged: 0 }.document()
    }

    #[test]
    fn a_document_that_stands_for_very_much_is_read_or_refused_at_once() {
        // Each line is ten of the one before: shared, as values are.
        let mut bomb = String::from("a0: &a0 [x]\n");
        for at in 1..60 {
            bomb.push_str(&format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); 10].join(", ")));
        }
        assert!(read(&bomb).unwrap().size() > 1 << 60);
        for opening in ["[", "{a: ", "- ", "? ", "&x ", "!!seq [", "a: ["] {
            assert!(read(&opening.repeat(20_000)).is_err(), "{opening}");
        }
        let keys: String = (0..2_000).map(|at| format!("  k{at}: 1\n")).collect();
        let merges: String = (0..2_000).map(|at| format!("m{at}:\n  <<: *a\n")).collect();
        assert!(read(&format!("a: &a\n{keys}{merges}")).unwrap_err().contains("takes more than"));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, part) in [
            ("a: 1\nb: [1, 2", "expected ',' or ']'"),
            ("a: 1\n---\nb: 2", "second document"),
            ("a: &x [*x]", "line 1, column 8"),
            ("a:\n  ? [b]\n  : c", "line 2"),
            ("a: !custom b", "unsupported tag `!custom`"),
            ("", "no document"),
            ("a: !!int x", "this is no int"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(part), "{text}: {said}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// A list that somebody else keeps is read or refused, whatever it holds.
        #[test]
        fn no_text_is_too_odd(text in r#"(- |: |\? |[a-b]|&a |\*a|!!?[a-z]{0,3} |[\[\]{},"'|>%#~<=@`]|\n|\n  |\t|---|\.\.\.|[0-9.+-]{1,4}|\\u00|é|𝄞|\x00|\u{feff}|\r){0,40}"#) {
            let _ = read(&text);
        }
    }
}
