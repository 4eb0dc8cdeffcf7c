//! A [`Report`] of readiness, for people and for programs.

mod csv;
mod html;
mod json;
mod text;
mod v1;

use std::{fmt, io, io::Write, str::FromStr};

use crate::readiness::Report;

#[cfg(test)]
pub(crate) use v1::{Document, FORMAT_VERSION};

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a terminal.
    Text,
    /// One line a user, for a spreadsheet or a mail merge.
    Csv,
    /// A page of its own.
    Html,
    /// For programs.
    Json,
}

impl Format {
    /// Every format, in the order of the help text.
    pub const ALL: [Self; 4] = [Self::Text, Self::Csv, Self::Html, Self::Json];

    /// The word on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Json => "json",
        }
    }

    /// Writes the report in this format.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(self, report: &Report, options: Options, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(report, options, out),
            Self::Csv => csv::write(report, out),
            Self::Html => html::write(report, out),
            Self::Json => json::write(report, out),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

/// What the operator asked for, as far as it concerns how text looks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// May escape codes be written?
    pub color: bool,
    /// Name everybody.
    pub verbose: bool,
}
