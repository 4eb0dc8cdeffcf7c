//! Lines of a given width.

use std::{io, io::Write};

use super::super::{
    Options, escape,
    style::{Label, Painter},
};
use crate::risk::Finding;
use console::measure_text_width;

pub(in crate::render) struct Page<'a> {
    out: &'a mut dyn Write,
    painter: Painter,
    width: usize,
    pub(in crate::render) verbose: bool,
}

impl<'a> Page<'a> {
    pub(in crate::render) fn new(out: &'a mut dyn Write, options: &Options) -> Self {
        // Below 40 columns nothing is legible; above 120 lines of prose are too long to read.
        Self {
            out,
            painter: Painter::new(options.color),
            width: options.width.clamp(40, 120),
            verbose: options.verbose,
        }
    }

    pub(in crate::render) fn paint(&self, label: Label, text: &str) -> String {
        self.painter.paint(label, text)
    }

    /// One line as it is: its parts are escaped already, and may carry labels.
    pub(in crate::render) fn line(&mut self, line: &str) -> io::Result<()> {
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    pub(in crate::render) fn blank(&mut self) -> io::Result<()> {
        self.line("")
    }

    pub(in crate::render) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        let painted = self.paint(Label::Heading, text);
        self.line(&painted)
    }

    /// A name, and what is said of it: beside it where that fits, else on lines of their own below it. All is escaped
    /// already, and may carry labels; empty parts are left out.
    pub(in crate::render) fn beside(&mut self, name: &str, gap: &str, parts: &[String]) -> io::Result<()> {
        let parts = || parts.iter().filter(|part| !part.is_empty());
        let whole = columns(name) + parts().map(|part| gap.len() + columns(part)).sum::<usize>();
        if whole <= self.width {
            let line = parts().fold(name.to_owned(), |line, part| line + gap + part);
            return self.line(&line);
        }
        self.line(name.trim_end())?;
        let mut line = String::new();
        for part in parts() {
            if !line.is_empty() && BELOW.len() + columns(&line) + gap.len() + columns(part) > self.width {
                self.line(&format!("{BELOW}{line}"))?;
                line.clear();
            }
            if !line.is_empty() {
                line.push_str(gap);
            }
            line.push_str(part);
        }
        if line.is_empty() { Ok(()) } else { self.line(&format!("{BELOW}{line}")) }
    }

    /// A command, on as many lines as it needs: what is copied has to run. Each flag stands with its value.
    pub(in crate::render) fn command<'f>(
        &mut self,
        indent: &str,
        command: &str,
        flags: impl Iterator<Item = &'f str>,
    ) -> io::Result<()> {
        let mut line = format!("{indent}{command}");
        for flag in flags {
            let flag = escape::text(flag);
            if columns(&line) + 1 + columns(&flag) + 2 > self.width {
                self.line(&format!("{line} \\"))?;
                line = format!("{:1$}", "", columns(indent) + 2);
            } else {
                line.push(' ');
            }
            line.push_str(&flag);
        }
        self.line(&line)
    }

    /// Prose behind a prefix, wrapped at words; further lines are indented to the end of the prefix. Escapes `text`.
    /// A word longer than a line stays whole: half a user principal name helps nobody.
    pub(in crate::render) fn prose(&mut self, prefix: &str, text: &str, label: Option<Label>) -> io::Result<()> {
        let indent = columns(prefix);
        let room = self.width.saturating_sub(indent).max(20);
        let text = escape::text(text);
        let mut line = String::new();
        let mut length = 0;
        let mut lead = Some(prefix);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let width = columns(word);
            if !line.is_empty() && length + 1 + width > room {
                self.flush(lead.take(), &mut line, indent, label)?;
                length = 0;
            }
            if !line.is_empty() {
                line.push(' ');
                length += 1;
            }
            line.push_str(word);
            length += width;
        }
        if line.is_empty() { Ok(()) } else { self.flush(lead, &mut line, indent, label) }
    }

    fn flush(&mut self, lead: Option<&str>, line: &mut String, indent: usize, label: Option<Label>) -> io::Result<()> {
        match lead {
            Some(lead) => self.out.write_all(lead.as_bytes())?,
            None => write!(self.out, "{:indent$}", "")?,
        }
        match label {
            Some(label) => self.line(&self.paint(label, line))?,
            None => self.line(line)?,
        }
        line.clear();
        Ok(())
    }

    /// `high MFA061 user-loses-only-mfa`
    pub(in crate::render) fn rule(&self, finding: &Finding) -> String {
        let label = Label::Severity(finding.severity);
        let name = escape::text(&finding.name);
        format!("{} {} {name}", self.paint(label, finding.severity.as_str()), escape::text(&finding.rule))
    }
}

/// The indentation of what did not fit beside a name.
const BELOW: &str = "        ";

/// The columns a text takes: one a byte where all are printable ASCII, as nearly always.
pub(super) fn columns(text: &str) -> usize {
    let printable = text.bytes().fold(true, |printable, byte| printable & matches!(byte, b' '..=b'~'));
    if printable { text.len() } else { measure_text_width(text) }
}

/// Fills with spaces up to `width` columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(columns(text));
    let mut padded = String::with_capacity(text.len() + missing);
    padded.push_str(text);
    padded.extend(std::iter::repeat_n(' ', missing));
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_those_of_the_terminal() {
        for text in ["", "plain text ~", "Zoë 👩‍💻", "\u{1b}[1mbold\u{1b}[0m", "tab\t", "中文"] {
            assert_eq!(columns(text), measure_text_width(text), "{text:?}");
        }
    }
}
