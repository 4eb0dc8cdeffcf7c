//! What can be wrong with a snapshot file.

use std::{fmt, io, path::PathBuf};

use crate::tenant::ReadError;

/// A snapshot that could not be read, written or changed. The message names the file, and each place in it, in the form
/// `tenant.json:17:31: users[17].lastSignInDateTime: "yesterday" is not a date`.
#[derive(Debug, thiserror::Error)]
pub struct SnapshotError {
    /// The file, as the operator named it.
    pub path: PathBuf,
    /// What is wrong.
    #[source]
    pub kind: SnapshotErrorKind,
    /// What to do next.
    pub hints: Vec<String>,
}

/// The two ways a file can be unusable.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotErrorKind {
    /// The system refused: missing, unreadable, a directory, disk full.
    #[error("{action}: {error}")]
    Io {
        /// What was tried: `cannot read`, `cannot write`.
        action: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// It is no snapshot at all: HTML, UTF-16, compressed, empty.
    #[error("{0}")]
    NotASnapshot(String),
    /// It has these problems, in the order of the file, the first [`MAX_PROBLEMS`] of them.
    #[error("{}", .0.first().map_or("unreadable", |problem| problem.message.as_str()))]
    Content(Vec<Problem>),
}

/// How many problems of one file are told. A broken export has one per user; nobody reads more.
pub(crate) const MAX_PROBLEMS: usize = 20;

/// One thing wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Where in the document: `users[17].lastSignInDateTime`; empty for the document itself.
    pub path: String,
    /// One sentence, without the place.
    pub message: String,
}

impl SnapshotError {
    pub(super) fn io(path: impl Into<PathBuf>, action: &'static str, error: io::Error) -> Self {
        let hints = match error.kind() {
            io::ErrorKind::NotFound => {
                vec!["take an offline copy with `mfaplan snapshot --out FILE`, or correct the path".to_owned()]
            }
            io::ErrorKind::PermissionDenied => {
                vec!["the file's permissions do not allow this user to do that".to_owned()]
            }
            _ => Vec::new(),
        };
        Self { path: path.into(), kind: SnapshotErrorKind::Io { action, error }, hints }
    }

    /// The problems in the file's content; none where it could not be read at all.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match &self.kind {
            SnapshotErrorKind::Content(problems) => problems,
            SnapshotErrorKind::Io { .. } | SnapshotErrorKind::NotASnapshot(_) => &[],
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            SnapshotErrorKind::Io { action, error } => write!(f, "{action} {path}: {error}"),
            SnapshotErrorKind::NotASnapshot(what) => write!(f, "{path}: {what}"),
            SnapshotErrorKind::Content(problems) => {
                for (number, problem) in problems.iter().enumerate() {
                    if number > 0 {
                        f.write_str("\n")?;
                    }
                    let Problem { line, column, path: place, message } = problem;
                    let separator = if place.is_empty() { "" } else { ": " };
                    write!(f, "{path}:{line}:{column}: {place}{separator}{message}")?;
                }
                if problems.len() >= MAX_PROBLEMS {
                    write!(f, "\n(the first {MAX_PROBLEMS} problems)")?;
                }
                Ok(())
            }
        }
    }
}

impl From<SnapshotError> for ReadError {
    fn from(error: SnapshotError) -> Self {
        let mut read = Self::new(error.to_string());
        read.hints = error.hints;
        read
    }
}
