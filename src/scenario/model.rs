//! Results.

use std::sync::Arc;

use crate::{
    diag::{Diagnostic, SourceMap},
    tenant::Text,
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Everything held.
    Pass,
    /// Something did not hold.
    Fail,
    /// There was no plan to judge: the scenario or the configuration is wrong.
    Error,
}

impl Status {
    /// The word in reports.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

/// Something that did not hold, and the text its places are in.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    /// What.
    pub diagnostic: Diagnostic,
    /// Where its places are.
    pub sources: Arc<SourceMap>,
}

/// The result of one `run`.
#[derive(Clone, Debug)]
pub(crate) struct RunResult {
    /// The block's label.
    pub name: Text,
    /// One-based line of the block.
    pub line: u32,
    /// How it ended.
    pub status: Status,
    /// Why it did not pass.
    pub problems: Vec<Problem>,
}

/// The results of one file.
#[derive(Clone, Debug)]
pub(crate) struct FileResult {
    /// Its name, relative to the configuration directory.
    pub name: Text,
    /// What is wrong with the file itself. Runs that could be read were run all the same.
    pub problems: Vec<Problem>,
    /// Its runs, in the order of the file.
    pub runs: Vec<RunResult>,
    /// The names of its runs that the filter left out.
    pub left_out: Vec<Text>,
}

impl FileResult {
    /// The worst of its runs; an error where the file itself is wrong.
    #[must_use]
    pub(crate) fn status(&self) -> Status {
        let worst = self.runs.iter().map(|run| run.status).max().unwrap_or(Status::Pass);
        let own = self.problems.iter().any(|one| one.diagnostic.level == crate::diag::Level::Error);
        if own { Status::Error } else { worst }
    }
}

/// The results of all files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// One per file, by name.
    pub files: Vec<FileResult>,
}

impl Report {
    /// Did everything hold? A report without a single file passes: the caller says that there is nothing to test.
    #[must_use]
    pub(crate) fn passed(&self) -> bool {
        self.status() == Status::Pass
    }

    /// The worst of all files.
    #[must_use]
    pub(crate) fn status(&self) -> Status {
        self.files.iter().map(FileResult::status).max().unwrap_or(Status::Pass)
    }

    /// How many runs ended like this.
    #[must_use]
    pub(crate) fn count(&self, status: Status) -> usize {
        self.files.iter().flat_map(|file| &file.runs).filter(|run| run.status == status).count()
    }
}
