//! The append-only journal of a run, `.mfaplan/runs/<RUN>.jsonl`.
//!
//! Every intent is on the disk before the write it announces, so at whatever instant a run is killed, the journal names
//! everybody it can have written.

mod chain;
mod history;
mod proof;
mod read;
mod store;
pub(crate) mod v1;
mod write;

use std::{fmt, io, path::PathBuf, str::FromStr};

pub use chain::close;
#[cfg(test)]
pub(crate) use history::{HISTORY_VERSION, HistoryStatus};
pub(crate) use history::{HistoryEntry, RunDetails};
pub(crate) use read::Entry;
pub use read::Journal;
pub use store::Store;
pub(crate) use write::{JournalWriter, Sink};

/// The id of a run: the stem of its journal's name. Sorts by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Not an id of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not the id of a run: letters, digits, `_` and `-` only (`mfaplan history` lists the runs)", .0.escape_debug())]
pub struct NotARunId(pub String);

impl FromStr for RunId {
    type Err = NotARunId;

    /// Ids become file names, so nothing that could leave the directory is taken.
    fn from_str(text: &str) -> Result<Self, NotARunId> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if text.is_empty() || text.len() > 128 || !text.bytes().all(fits) {
            return Err(NotARunId(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl<'de> serde::Deserialize<'de> for RunId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A journal that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("cannot {verb} {}: {source}", .path.display())]
    Io {
        /// `read`, `create` …
        verb: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No such run.
    #[error("there is no run `{run}` in {}", .dir.display())]
    NoSuchRun {
        /// Which.
        run: RunId,
        /// The directory looked in.
        dir: PathBuf,
    },
    /// A line that is not the last one is damaged.
    #[error("{}:{line}: the journal is damaged: {reason}", .path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// There is not even a whole first line.
    #[error("{}: the run was interrupted before its first line was written: it wrote nothing to the tenant", .path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Named otherwise than the run in it: a copy, or another file under its name.
    #[error("{} holds run `{run}`: it is a copy or was renamed, and only a run's own journal is used", .path.display())]
    OtherRun {
        /// Which file.
        path: PathBuf,
        /// The run in it.
        run: RunId,
    },
    /// From before a journal held what was approved.
    #[error("{}: made by an older version of mfaplan; plan again", .path.display())]
    Older {
        /// Which file.
        path: PathBuf,
    },
    /// Written by a later version.
    #[error("{}: format version {version} is not known to this version of mfaplan", .path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// The version it has.
        version: String,
    },
}

impl JournalError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NoSuchRun { .. } => vec!["`mfaplan history` lists the runs of this directory".to_owned()],
            Self::Damaged { path, .. } => vec![format!(
                "nothing after the damaged line is trusted; keep {} and plan afresh: a plan reads the tenant itself",
                path.display()
            )],
            Self::Version { .. } => vec!["use the version of mfaplan that made the run, or a later one".to_owned()],
            Self::OtherRun { run, .. } => vec![format!("name the run itself: {run}")],
            Self::Io { .. } | Self::Empty { .. } | Self::Older { .. } => Vec::new(),
        }
    }
}
