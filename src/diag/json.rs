//! Diagnostics for programs: the document of Terraform's `validate -json`.

use serde::Serialize;

use super::{Diagnostic, Label, Level, SourceFile, SourceMap, Span};

/// The version written, Terraform's own; minor = additions only.
const FORMAT_VERSION: &str = "1.0";

/// How many lines back the header of the surrounding block is looked for.
const CONTEXT_LINES: u32 = 2_000;
/// A line longer than this is not quoted.
const LONG: usize = 4_096;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Diagnostics"))]
struct Document<'a> {
    format_version: &'static str,
    valid: bool,
    error_count: usize,
    warning_count: usize,
    diagnostics: Vec<One<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Diagnostic"))]
struct One<'a> {
    severity: &'static str,
    summary: &'a str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<Range<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snippet: Option<Snippet<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Range<'a> {
    filename: &'a str,
    start: Position,
    end: Position,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Position {
    line: u32,
    column: u32,
    byte: u32,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Snippet<'a> {
    context: Option<&'a str>,
    code: &'a str,
    start_line: u32,
    highlight_start_offset: usize,
    highlight_end_offset: usize,
    values: Vec<Value<'a>>,
}

/// A reference in the marked piece and what it is.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Value<'a> {
    traversal: &'a str,
    statement: String,
}

/// The document, pretty-printed, with a line end. Hints and other places stand at the end of `detail`.
#[must_use]
pub fn to_json(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|one| one.primary.as_ref().map(|label| label.span));
    let count = |level| diagnostics.iter().filter(|one| one.level == level).count();
    let error_count = count(Level::Error);
    let document = Document {
        format_version: FORMAT_VERSION,
        valid: error_count == 0,
        error_count,
        warning_count: count(Level::Warning),
        diagnostics: ordered.into_iter().map(|one| one_of(one, sources)).collect(),
    };
    // Strings, numbers and nothing else: serialising them cannot fail.
    let mut json = serde_json::to_string_pretty(&document).unwrap_or_default();
    json.push('\n');
    json
}

fn one_of<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> One<'a> {
    // What an editor may write is in the hints, too.
    let Diagnostic { level, summary, detail, primary, secondary, hints, fix: _ } = diagnostic;
    let mut detail = detail.clone();
    let mut add = |sentence: String| {
        if !detail.is_empty() {
            detail.push(' ');
        }
        detail.push_str(&sentence);
    };
    for label in secondary {
        let place = sources.start(label.span);
        let text = if label.text.is_empty() { "see also" } else { &label.text };
        add(format!("({text}: {}:{},{})", sources.file(label.span.file).name, place.line, place.column));
    }
    for hint in hints {
        let mut characters = hint.chars();
        let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        let end = if hint.ends_with(['.', '?', '!']) { "" } else { "." };
        add(format!("{first}{}{end}", characters.as_str()));
    }
    let span = primary.as_ref().map(|label| label.span);
    One {
        severity: match level {
            Level::Error => "error",
            Level::Warning => "warning",
        },
        summary,
        detail,
        range: span.map(|span| range(span, sources)),
        snippet: primary.as_ref().and_then(|label| snippet(label, sources.file(label.span.file))),
    }
}

fn range(span: Span, sources: &SourceMap) -> Range<'_> {
    let file = sources.file(span.file);
    let position = |offset| {
        let place = file.place(offset);
        Position { line: place.line, column: place.column, byte: place.byte }
    };
    Range { filename: &file.name, start: position(span.start), end: position(span.end) }
}

/// The lines the span is on; of a long one only the first. None where even that is too long to quote.
fn snippet<'a>(label: &'a Label, file: &'a SourceFile) -> Option<Snippet<'a>> {
    let (text, span) = (&file.text, label.span);
    let first = file.place(span.start).line;
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary(span.end as usize).max(start);
    let line = file.line_range(first);
    // The last character marked, not the one behind it: a mark up to the line's end stays on that line.
    let last = file.line_range(file.place(span.end.saturating_sub(1).max(span.start)).line);
    let lines = text.get(line.start..last.end).filter(|code| code.len() <= LONG);
    let code = lines.or_else(|| text.get(line.clone()))?.trim_end_matches('\r');
    (code.len() <= LONG).then(|| Snippet {
        context: context(file, first),
        code,
        start_line: first,
        highlight_start_offset: start.saturating_sub(line.start).min(code.len()),
        highlight_end_offset: end.saturating_sub(line.start).min(code.len()),
        values: values(&label.text),
    })
}

/// Takes apart what an evaluation says beside its mark: `var.wave is 7, local.zero is 0`. Other marks say nothing that
/// the detail does not.
fn values(text: &str) -> Vec<Value<'_>> {
    let mut found: Vec<Value<'_>> = Vec::new();
    for piece in text.split(", ") {
        match piece.split_once(" is ") {
            Some((traversal, what)) if traversal.contains('.') && !traversal.contains(' ') => {
                found.push(Value { traversal, statement: format!("is {what}") });
            }
            // A value may hold a comma itself.
            _ => {
                if let Some(last) = found.last_mut() {
                    last.statement.push_str(", ");
                    last.statement.push_str(piece);
                }
            }
        }
    }
    found
}

/// The header of the block around a line: the nearest line above that starts at the margin, if it opens a block.
fn context(file: &SourceFile, line: u32) -> Option<&str> {
    let lowest = line.saturating_sub(CONTEXT_LINES).max(1);
    for candidate in (lowest..=line).rev() {
        let text = file.text.get(file.line_range(candidate))?;
        let Some(first) = text.chars().next() else { continue };
        if first.is_alphabetic() || first == '_' {
            let (header, _) = text.split_once('{')?;
            return (!header.contains('=')).then_some(header.trim_end());
        }
        if first == '}' && candidate != line {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let schema = crate::schema::of::<Document<'_>>();
        crate::schema::check("diagnostics", "mfaplan validate --json", FORMAT_VERSION, schema);
    }

    #[test]
    fn the_document_has_terraforms_shape() {
        let mut sources = SourceMap::default();
        let text = "mfa \"it\" {\n  state = \"enforce\"\n}\n";
        let file = sources.add("staff.mfa.hcl", text);
        let at = text.find("\"enforce\"").unwrap();
        let diagnostics = [
            Diagnostic::error("Invalid value", "`enforce` is not a state.")
                .at(Span::new(file, at..at + 9), "")
                .suggest("enforce", ["disabled", "enabled", "enforced"]),
            Diagnostic::warning("No tenant", "There is none."),
        ];
        insta::assert_snapshot!(to_json(&diagnostics, &sources));
    }

    #[test]
    fn values_that_took_part_are_listed_as_terraform_lists_them() {
        let shown =
            |text| values(text).iter().map(|one| format!("{}: {}", one.traversal, one.statement)).collect::<Vec<_>>();
        assert_eq!(shown("var.a is 7, local.b is \"x, y\""), ["var.a: is 7", "local.b: is \"x, y\""]);
        assert!(shown("opened here").is_empty() && shown("").is_empty());
    }

    #[test]
    fn several_lines_are_quoted_whole() {
        let mut sources = SourceMap::default();
        let file = sources.add("a", "a = [\n1,\n]\nb = 1\n");
        let label = Label { span: Span::new(file, 4..10), text: String::new() };
        let snippet = snippet(&label, sources.file(file)).unwrap();
        assert_eq!(
            (snippet.code, snippet.highlight_start_offset, snippet.highlight_end_offset),
            ("a = [\n1,\n]", 4, 10)
        );
    }

    #[test]
    fn the_context_is_the_block_around_and_not_the_one_before() {
        let file = |text: &str| {
            let mut sources = SourceMap::default();
            let id = sources.add("a", text);
            sources.file(id).clone()
        };
        let text = "a \"b\" {\n  x = 1\n}\n\ny = 2\nlocals {\n  z = 3\n}\n";
        let file = file(text);
        assert_eq!(context(&file, 2), Some("a \"b\""));
        assert_eq!(context(&file, 4), None);
        assert_eq!(context(&file, 5), None);
        assert_eq!(context(&file, 7), Some("locals"));
    }
}
