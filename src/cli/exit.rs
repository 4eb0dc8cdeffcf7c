//! Exit codes and the errors that lead to them.

use std::fmt;

use crate::{
    diag::{Diagnostic, SourceMap},
    tenant::ReadError,
};

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done, or nothing to change.
    Done,
    /// 1: an error.
    Error,
    /// 2: there are changes, with `--detailed-exitcode`; differences, for `verify`.
    Changes,
    /// 3: refused by a guardrail, by `--fail-on`, or not formatted (`fmt --check`).
    Refused,
    /// 4: apply ended incomplete; it can be resumed.
    Incomplete,
    /// 130: stopped by the operator.
    Stopped,
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Refused => 3,
            Self::Incomplete => 4,
            Self::Stopped => 130,
        }
    }
}

/// Why a command could not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An operation failed.
    Error {
        /// One sentence.
        message: String,
        /// What to do, printed last as `hint:`.
        hints: Vec<String>,
        /// The exit code; usually [`Exit::Error`].
        exit: Exit,
    },
    /// The configuration has problems.
    Diagnostics {
        /// The problems.
        diagnostics: Vec<Diagnostic>,
        /// The files they are in.
        sources: SourceMap,
    },
    /// Standard output is gone (`mfaplan plan | head`): not an error.
    BrokenPipe,
}

impl Failure {
    /// An error with this message.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Error { message: message.into(), hints: Vec::new(), exit: Exit::Error }
    }

    /// Adds a hint.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Error { hints, .. } = &mut self {
            hints.push(hint.into());
        }
        self
    }

    /// Ends with another exit code.
    #[must_use]
    pub(crate) fn exit(mut self, code: Exit) -> Self {
        if let Self::Error { exit, .. } = &mut self {
            *exit = code;
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error { message, .. } => f.write_str(message),
            Self::Diagnostics { diagnostics, .. } => write!(f, "{} problems in the configuration", diagnostics.len()),
            Self::BrokenPipe => f.write_str("standard output is closed"),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe { Self::BrokenPipe } else { Self::new(error.to_string()) }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let ReadError { message, hints, status: _, request_id, transient: _, retry_after: _ } = error;
        let message = match request_id {
            Some(id) => format!("{message} (request {id})"),
            None => message,
        };
        Self::Error { message, hints, exit: Exit::Error }
    }
}

/// What a command returns.
pub(crate) type Outcome = Result<Exit, Failure>;
