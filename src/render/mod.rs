//! Plan → bytes, for people and for programs. Every renderer reads the same [`Plan`] and writes to the writer it is
//! given; none decides anything.
//!
//! Whatever comes from a tenant (names, messages with names in them, evidence) goes through [`escape`] on its way out.

pub(crate) mod causes;
pub(crate) mod csv;
pub(crate) mod escape;
pub(crate) mod exceptions;
pub(crate) mod fleet;
pub(crate) mod github;
pub(crate) mod gitlab;
pub(crate) mod groups;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod markdown;
pub(crate) mod matrix;
pub(crate) mod migration;
pub(crate) mod notices;
pub(crate) mod plan_diff;
pub(crate) mod proposal;
mod protected;
pub(crate) mod readiness;
pub mod redact;
pub(crate) mod replay;
pub(crate) mod sarif;
pub(crate) mod style;
pub(crate) mod summary;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod text;
pub(crate) mod users;
pub(crate) mod words;

use std::{fmt, io, io::Write, str::FromStr};

pub use redact::redact;

use crate::{plan::Plan, severity::Severity};

macro_rules! formats {
    ($($(#[$meta:meta])* $name:ident = $text:literal: $module:ident,)*) => {
        /// How a plan is shown.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format {
            $($(#[$meta])* $name,)*
        }

        impl Format {
            /// Every format, in the order of the help text.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word on the command line.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Writes the plan in this format.
            ///
            /// # Errors
            /// Those of the writer.
            pub fn write(self, plan: &Plan, options: &Options, out: &mut dyn Write) -> io::Result<()> {
                match self {
                    $(Self::$name => $module::write(plan, options, out),)*
                }
            }
        }
    };
}

formats! {
    /// For a terminal.
    Text = "text": text,
    /// The plan document, without a checksum.
    Json = "json": json,
    /// A comment on a pull request.
    Markdown = "markdown": markdown,
    /// The same for a step summary, with its larger limit.
    Summary = "summary": summary,
    /// A page of its own.
    Html = "html": html,
    /// SARIF 2.1.0, for code scanning.
    Sarif = "sarif": sarif,
    /// Annotations of a GitHub workflow run.
    Github = "github": github,
    /// GitLab's terraform report artifact.
    Gitlab = "gitlab": gitlab,
    /// Test results, one case a rule.
    Junit = "junit": junit,
    /// One line a change, for a spreadsheet.
    Csv = "csv": csv,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Format {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
    }
}

/// What the operator asked for, as far as it concerns how things look.
#[derive(Clone, Debug)]
pub struct Options {
    /// Columns of the terminal; 80 for a pipe.
    pub width: usize,
    /// May escape codes be written?
    pub color: bool,
    /// Unfold what is folded into counts.
    pub verbose: bool,
    /// What can be done with this plan.
    pub next: NextStep,
    /// `--fail-on`: from which severity on a test case fails (JUnit). `None` = the plan's `block_at`.
    pub fail_on: Option<Severity>,
    /// Id and name of every rule there is, for formats that also say what passed (JUnit).
    pub rules: Vec<(String, String)>,
    /// The most bytes of a Markdown document: [`COMMENT`] or [`STEP_SUMMARY`].
    pub markdown_budget: usize,
    /// How many users an HTML page has in its table, those at risk first.
    pub html_rows: usize,
}

/// The mark on the first line of every comment about a tenant's plan, by which a workflow finds its earlier one.
#[must_use]
pub(crate) fn mark(tenant: crate::tenant::TenantId) -> String {
    format!("<!-- mfaplan:plan:{} -->", crate::plan::file::tenant_id_text(tenant))
}

/// GitHub takes comments of at most 65,536 characters; the rest is room for what a workflow adds around them.
pub(crate) const COMMENT: usize = 65_000;

/// GitHub takes step summaries of at most 1 MiB; the rest is room for other steps of the same job.
pub(crate) const STEP_SUMMARY: usize = 1_000_000;

/// What a command that is printed to be run needs, so that it finds the same configuration and plans the same. Each flag
/// has its value, quoted for a shell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--chdir`: which directory files are named from.
    pub chdir: Option<String>,
    /// Variables, policy, snapshot.
    pub configuration: Vec<String>,
    /// Targets, waivers, the instant: what a saved plan holds already.
    pub limits: Vec<String>,
}

/// Where the plan is, for the closing line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Saved.
    Saved {
        /// In this file, named as the operator would name it.
        file: String,
        /// What the next command needs.
        flags: Flags,
    },
    /// Not saved.
    Unsaved {
        /// What the next command needs.
        flags: Flags,
    },
    /// Say nothing: a question or an apply follows at once.
    Nothing,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 80,
            color: false,
            verbose: false,
            next: NextStep::Unsaved { flags: Flags::default() },
            fail_on: None,
            rules: Vec::new(),
            markdown_budget: COMMENT,
            html_rows: html::ROWS,
        }
    }
}
