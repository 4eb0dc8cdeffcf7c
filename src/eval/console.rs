//! Values as `terraform console` prints them.

use std::fmt::Write;

use super::{Value, value::Map};

/// The value as `terraform console` prints it: `"a"`, `tolist([…])`, `{ "key" = value }`, `(sensitive value)`.
#[must_use]
pub(crate) fn format_console(value: &Value) -> String {
    let mut out = String::new();
    write(value, 0, &mut out);
    out
}

fn write(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Sensitive(_) => out.push_str("(sensitive value)"),
        Value::Null => out.push_str("null"),
        Value::Bool(bool) => drop(write!(out, "{bool}")),
        Value::Number(number) => drop(write!(out, "{number}")),
        Value::String(text) => write_string(text, indent, out),
        Value::Tuple(elements) => sequence("", "", elements, indent, out),
        Value::List(elements) => sequence("tolist(", ")", elements, indent, out),
        Value::Set(elements) => sequence("toset(", ")", elements, indent, out),
        Value::Object(map) => mapping("", "", map, indent, out),
        Value::Map(map) => mapping("tomap(", ")", map, indent, out),
    }
}

fn break_line(indent: usize, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
}

fn sequence(before: &str, after: &str, elements: &[Value], indent: usize, out: &mut String) {
    out.push_str(before);
    out.push('[');
    for element in elements {
        break_line(indent + 2, out);
        write(element, indent + 2, out);
        out.push(',');
    }
    if !elements.is_empty() {
        break_line(indent, out);
    }
    out.push(']');
    out.push_str(after);
}

fn mapping(before: &str, after: &str, map: &Map, indent: usize, out: &mut String) {
    out.push_str(before);
    out.push('{');
    for (key, value) in map {
        break_line(indent + 2, out);
        out.push_str(&quoted(key));
        out.push_str(" = ");
        write(value, indent + 2, out);
    }
    if !map.is_empty() {
        break_line(indent, out);
    }
    out.push('}');
    out.push_str(after);
}

/// A string with line breaks is a heredoc, indented like what is around it.
fn write_string(text: &str, indent: usize, out: &mut String) {
    let lines: Vec<&str> = text.split('\n').collect();
    if lines.len() < 2 {
        out.push_str(&quoted(text));
        return;
    }
    let mut marker = "EOT".to_owned();
    while lines.iter().any(|line| line.trim() == marker) {
        marker.push('_');
    }
    out.push_str(if indent == 0 { "<<" } else { "<<-" });
    out.push_str(&marker);
    for line in lines {
        break_line(indent, out);
        out.push_str(line);
    }
    break_line(indent, out);
    out.push_str(&marker);
}

/// A string in quotes as Go's `strconv.Quote` writes it: what cannot be printed is escaped.
#[must_use]
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\u{b}' => out.push_str("\\v"),
            char if char < ' ' || char == '\u{7f}' => drop(write!(out, "\\x{:02x}", char as u32)),
            char if is_printable(char) => out.push(char),
            char if (char as u32) < 0x10000 => drop(write!(out, "\\u{:04x}", char as u32)),
            char => drop(write!(out, "\\U{:08x}", char as u32)),
        }
    }
    out.push('"');
    out
}

/// Letters, marks, numbers, punctuation, symbols and the plain space. Rust's own `Debug` knows which those are: it
/// escapes what cannot be printed, and combining marks, which can.
fn is_printable(char: char) -> bool {
    char.is_ascii()
        || !char.escape_debug().to_string().starts_with("\\u")
        || unicode_normalization::char::is_combining_mark(char)
}
