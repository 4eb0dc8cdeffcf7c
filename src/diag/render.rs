//! Diagnostics for people: the place, the line with the piece marked, what is wrong, what would be right.

use std::{
    borrow::Cow,
    io::{self, Write},
    ops::Range,
};

use annotate_snippets::{
    AnnotationKind, Group, Level as Shown, Origin, Padding, Renderer, Snippet, renderer::DecorStyle,
};

use super::{Diagnostic, FileId, Label, Level, SourceMap, Span};
use crate::escape;

/// How diagnostics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RenderOptions {
    /// With ANSI colours.
    pub color: bool,
    /// With box-drawing characters instead of ASCII.
    pub unicode: bool,
    /// Columns of the terminal; long source lines are trimmed around the marked piece.
    pub width: usize,
    /// How many diagnostics are shown in full; of the rest only the number is told.
    pub limit: usize,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self { color: false, unicode: false, width: 100, limit: 20 }
    }
}

/// Lines further apart than this are shown as two snippets, so that a window of source stays small.
const NEAR: u32 = 40;
/// Bytes kept on each side of a mark in a very long line.
const AROUND: usize = 400;

/// Writes diagnostics in the order of their places, errors and warnings mixed.
///
/// # Errors
/// When writing fails.
pub fn write(
    out: &mut dyn Write,
    diagnostics: &[Diagnostic],
    sources: &SourceMap,
    options: RenderOptions,
) -> io::Result<()> {
    let renderer = if options.color { Renderer::styled().hyperlink(false) } else { Renderer::plain() };
    let style = if options.unicode { DecorStyle::Unicode } else { DecorStyle::Ascii };
    let renderer = renderer.decor_style(style).term_width(options.width.max(40));
    let mut ordered: Vec<&Diagnostic> = diagnostics.iter().collect();
    ordered.sort_by_key(|one| one.primary.as_ref().map(|label| label.span));
    // Where not all can be shown, errors come before warnings: they are what must be mended.
    if ordered.len() > options.limit {
        ordered.sort_by_key(|one| one.level);
    }
    for diagnostic in ordered.iter().take(options.limit) {
        writeln!(out, "{}\n", arrowed(&renderer.render(&[group(diagnostic, sources, options.width)])))?;
    }
    let rest = ordered.get(options.limit..).unwrap_or_default();
    for (level, word) in [(Level::Error, "error"), (Level::Warning, "warning")] {
        let more = rest.iter().filter(|one| one.level == level).count();
        if more > 0 {
            writeln!(out, "… and {more} more {word}{}", if more == 1 { "" } else { "s" })?;
        }
    }
    Ok(())
}

/// The same, as a string.
#[must_use]
pub fn to_string(diagnostics: &[Diagnostic], sources: &SourceMap, options: RenderOptions) -> String {
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = write(&mut out, diagnostics, sources, options);
    String::from_utf8_lossy(&out).into_owned()
}

/// A second file is introduced by `:::`, which a CI log could take for a command; `-->`, as for the first, cannot be taken so.
fn arrowed(rendered: &str) -> String {
    let lines = rendered.lines().map(|line| {
        let second = line.contains(":::") && console::strip_ansi_codes(line).trim_start().starts_with("::: ");
        if second { Cow::Owned(line.replacen(":::", "-->", 1)) } else { Cow::Borrowed(line) }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap, width: usize) -> Group<'a> {
    let level = match diagnostic.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(one_line(&diagnostic.summary)));
    if let Some(primary) = &diagnostic.primary {
        for window in windows(primary, &diagnostic.secondary, sources) {
            group = window.show(group, sources);
        }
        if !diagnostic.detail.is_empty() || !diagnostic.hints.is_empty() {
            group = group.element(Padding);
        }
    }
    // The margin of a note takes about ten columns.
    let width = width.max(40) - 12;
    if !diagnostic.detail.is_empty() {
        group = group.element(Shown::NOTE.no_name().message(wrap(&diagnostic.detail, width)));
    }
    for hint in &diagnostic.hints {
        group = group.element(Shown::HELP.with_name("hint").message(wrap(&escape::text(hint), width)));
    }
    group
}

fn one_line(text: &str) -> String {
    escape::text(text).into_owned()
}

/// Breaks text at blanks; line breaks of its own stay. Escapes and text-direction controls are neutralised.
fn wrap(text: &str, width: usize) -> String {
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let mut column = 0;
        for (at, word) in line.split(' ').enumerate() {
            let length = word.chars().count();
            if at > 0 {
                if column + 1 + length > width {
                    out.push('\n');
                    column = 0;
                } else {
                    out.push(' ');
                    column += 1;
                }
            }
            out.push_str(&escape::text(word));
            column += length;
        }
    }
    out
}

/// A stretch of a file with the marks in it.
struct Window<'a> {
    file: FileId,
    /// The offset the header names.
    origin: u32,
    lines: (u32, u32),
    marks: Vec<(&'a Label, bool)>,
}

/// Groups the labels by nearness: the window of the primary label first.
fn windows<'a>(primary: &'a Label, secondary: &'a [Label], sources: &SourceMap) -> Vec<Window<'a>> {
    let mut windows: Vec<Window<'a>> = Vec::new();
    for (label, is_primary) in std::iter::once((primary, true)).chain(secondary.iter().map(|label| (label, false))) {
        let line = sources.start(label.span).line;
        let near = windows.iter_mut().find(|window| {
            window.file == label.span.file && line + NEAR >= window.lines.0 && line <= window.lines.1 + NEAR
        });
        match near {
            Some(window) => {
                window.lines = (window.lines.0.min(line), window.lines.1.max(line));
                window.marks.push((label, is_primary));
            }
            None => windows.push(Window {
                file: label.span.file,
                origin: label.span.start,
                lines: (line, line),
                marks: vec![(label, is_primary)],
            }),
        }
    }
    windows
}

impl Window<'_> {
    /// The lines around the marks and nothing else: the renderer builds a line table of whatever it is given. Of a
    /// very long line only the surroundings of its marks are handed over.
    fn show<'s>(&self, group: Group<'s>, sources: &'s SourceMap) -> Group<'s> {
        let file = sources.file(self.file);
        let mut source = String::new();
        let mut cut = false;
        let mut marks: Vec<(Range<usize>, &Label, bool)> = Vec::new();
        for line in self.lines.0..=self.lines.1 {
            let range = file.line_range(line);
            let here: Vec<_> = self
                .marks
                .iter()
                .map(|(label, primary)| (clamp(label.span, &file.text), *label, *primary))
                .filter(|(span, _, _)| range.start <= span.start && span.start <= range.end)
                .collect();
            let kept = match (
                here.iter().map(|(span, _, _)| span.start).min(),
                here.iter().map(|(span, _, _)| span.end).max(),
            ) {
                (Some(first), Some(last)) if range.len() > 4 * AROUND => {
                    file.text.floor_char_boundary(first.saturating_sub(AROUND).max(range.start))
                        ..file.text.ceil_char_boundary(last.saturating_add(AROUND).min(range.end))
                }
                (None, None) if range.len() > 4 * AROUND => {
                    range.start..file.text.floor_char_boundary(range.start + AROUND)
                }
                _ => range.clone(),
            };
            cut |= kept.start > range.start;
            let base = source.len();
            if kept.start > range.start {
                source.push('…');
            }
            let shift = source.len();
            source.push_str(file.text.get(kept.clone()).unwrap_or_default().trim_end_matches('\r'));
            if kept.end < range.end {
                source.push('…');
            }
            for (span, label, primary) in here {
                let start = (shift + span.start.saturating_sub(kept.start)).clamp(base, source.len());
                let end = (shift + span.end.min(range.end).saturating_sub(kept.start)).clamp(start, source.len());
                marks.push((start..end, label, primary));
            }
            source.push('\n');
        }
        let mut snippet = Snippet::source(source).line_start(self.lines.0 as usize);
        for (span, label, primary) in marks {
            let kind = if primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let annotation = kind.span(span);
            let annotation = if label.text.is_empty() { annotation } else { annotation.label(one_line(&label.text)) };
            snippet = snippet.annotation(annotation);
        }
        if !cut {
            return group.element(snippet.path(escape::text(&file.name)));
        }
        // The renderer would count the column in what is left of the line, so the place is told apart.
        let place = file.place(self.origin);
        let origin =
            Origin::path(escape::text(&file.name)).line(place.line as usize).char_column(place.column as usize);
        group.element(origin).element(snippet)
    }
}

/// The span, cut to its first line: a mark over a whole block says less than one at its head.
fn clamp(span: Span, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.ceil_char_boundary(span.end as usize).max(start);
    let piece = text.get(start..end).unwrap_or_default();
    let length = piece.find('\n').unwrap_or(piece.len());
    start..start + piece.get(..length).unwrap_or_default().trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, spans: &[(Range<usize>, &str)], unicode: bool) -> String {
        let mut sources = SourceMap::default();
        let file = sources.add("staff.mfa.hcl", text);
        let mut spans = spans.iter();
        let mut diagnostic =
            Diagnostic::error("Unsupported argument", "An argument named `user` is not expected here.");
        if let Some((range, label)) = spans.next() {
            diagnostic = diagnostic.at(Span::new(file, range.clone()), *label);
        }
        for (range, label) in spans {
            diagnostic = diagnostic.and(Span::new(file, range.clone()), *label);
        }
        let diagnostic = diagnostic.hint("did you mean `users`?");
        to_string(&[diagnostic], &sources, RenderOptions { unicode, ..RenderOptions::default() })
    }

    #[test]
    fn a_diagnostic_shows_its_line_and_the_block_it_is_in() {
        let text = "mfa \"it\" {\n  state = \"enforced\"\n  user  = [\"é@contoso.com\"]\n}\n";
        insta::assert_snapshot!(shown(text, &[(34..38, ""), (0..8, "in this block")], false));
    }

    #[test]
    fn escapes_and_text_direction_are_neutralised() {
        let text = "user = \"\u{1b}[31m\u{202e}evil\"";
        let shown = shown(text, &[(0..4, "\u{1b}[0m")], true);
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
    }

    #[test]
    fn a_line_of_a_megabyte_is_cut_around_the_mark() {
        let text = format!("users = [{}]", "\"jdoe@contoso.com\", ".repeat(50_000));
        let shown = shown(&text, &[(500_009..500_027, "")], false);
        assert!(shown.len() < 1_000, "{shown}");
        assert!(shown.contains("staff.mfa.hcl:1:500010"), "{shown}");
    }

    #[test]
    fn far_places_become_two_snippets_and_many_problems_a_count() {
        let text = format!("first\n{}second\n", "\n".repeat(1_000));
        let shown_two = shown(&text, &[(1_006..1_012, "again"), (0..5, "first here")], false);
        assert!(shown_two.contains(":1002:1") && shown_two.contains(":1:1"), "{shown_two}");
        assert!(shown_two.lines().count() < 15, "{shown_two}");
        let many = vec![Diagnostic::error("Broken", ""); 25];
        let shown = to_string(&many, &SourceMap::default(), RenderOptions::default());
        assert_eq!(shown.matches("error: Broken").count(), 20);
        assert!(shown.ends_with("… and 5 more errors\n"), "{shown}");
    }

    #[test]
    fn spans_that_split_a_character_or_leave_the_file_do_no_harm() {
        let text = "é = 1\r\né";
        for start in 0..12 {
            for end in start..14 {
                shown(text, &[(start..end, "x"), (end..end, "")], false);
            }
        }
    }
}
