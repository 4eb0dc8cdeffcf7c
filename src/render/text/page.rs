//! Lines of a given width.

use std::{io, io::Write};

use console::measure_text_width;

use super::super::{
    Options, escape,
    style::{Label, Painter},
};
use crate::risk::Finding;

pub(super) struct Page<'a> {
    out: &'a mut dyn Write,
    painter: Painter,
    width: usize,
    pub(super) verbose: bool,
}

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut dyn Write, options: &Options) -> Self {
        // Below 40 columns nothing is legible; above 120 lines of prose are too long to read.
        Self {
            out,
            painter: Painter::new(options.color),
            width: options.width.clamp(40, 120),
            verbose: options.verbose,
        }
    }

    pub(super) fn paint(&self, label: Label, text: &str) -> String {
        self.painter.paint(label, text)
    }

    /// One line as it is: its parts are escaped already, and may carry labels.
    pub(super) fn line(&mut self, line: &str) -> io::Result<()> {
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    pub(super) fn blank(&mut self) -> io::Result<()> {
        self.line("")
    }

    pub(super) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        let painted = self.paint(Label::Heading, text);
        self.line(&painted)
    }

    /// Prose behind a prefix, wrapped at words; further lines are indented to the end of the prefix. Escapes `text`.
    /// A word longer than a line stays whole: half a user principal name helps nobody.
    pub(super) fn prose(&mut self, prefix: &str, text: &str, label: Option<Label>) -> io::Result<()> {
        let indent = measure_text_width(prefix);
        let room = self.width.saturating_sub(indent).max(20);
        let text = escape::text(text);
        let mut line = String::new();
        let mut lead = prefix.to_owned();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if !line.is_empty() && measure_text_width(&line) + 1 + measure_text_width(word) > room {
                self.flush(&mut lead, &mut line, indent, label)?;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if line.is_empty() { Ok(()) } else { self.flush(&mut lead, &mut line, indent, label) }
    }

    fn flush(&mut self, lead: &mut String, line: &mut String, indent: usize, label: Option<Label>) -> io::Result<()> {
        let shown = label.map_or_else(|| line.clone(), |label| self.paint(label, line));
        let whole = format!("{lead}{shown}");
        self.line(&whole)?;
        *lead = " ".repeat(indent);
        line.clear();
        Ok(())
    }

    /// `high MFA061 user-loses-only-mfa`
    pub(super) fn rule(&self, finding: &Finding) -> String {
        let label = Label::Severity(finding.severity);
        let name = escape::text(&finding.name);
        format!("{} {} {name}", self.paint(label, finding.severity.as_str()), escape::text(&finding.rule))
    }
}

/// Fills with spaces up to `width` columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(measure_text_width(text));
    format!("{text}{}", " ".repeat(missing))
}
