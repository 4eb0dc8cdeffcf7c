//! A replay, by itself and as a section of a plan's views.

mod csv;
mod html;
mod json;
mod markdown;
mod tables;
#[cfg(test)]
mod tests;
mod text;

use std::{fmt, io, io::Write, str::FromStr};

use super::Options;
use crate::{plan::Plan, replay::Replay};

pub(crate) use text::explained;

pub(super) use html::section as html_section;
pub(super) use markdown::section as markdown_section;
pub(super) use text::section as text_section;

/// How a replay is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplayFormat {
    /// For a terminal.
    Text,
    /// The document.
    Json,
    /// For a comment.
    Markdown,
    /// A page of its own.
    Html,
    /// One line for each user, verdict, application and client.
    Csv,
}

impl ReplayFormat {
    /// Every format, in the order of the help text.
    pub(crate) const ALL: [Self; 5] = [Self::Text, Self::Json, Self::Markdown, Self::Html, Self::Csv];

    /// The word on the command line.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Csv => "csv",
        }
    }

    /// Writes the replay of this plan.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn write(self, plan: &Plan, replay: &Replay, options: &Options, out: &mut dyn Write) -> io::Result<()> {
        match self {
            Self::Text => text::write(replay, options, out),
            Self::Json => json::write(plan, replay, out),
            Self::Markdown => markdown::write(plan, replay, out),
            Self::Html => html::write(plan, replay, out),
            Self::Csv => csv::write(replay, out),
        }
    }
}

impl fmt::Display for ReplayFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ReplayFormat {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}
