//! The directory of journals.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Journal, JournalError, JournalWriter, RunId};
use crate::{
    apply::{
        approval::{Approval, Spent},
        report::{Command, Counts, RunEnd},
    },
    files,
    plan::Digest,
};

/// The journals of a configuration directory: `.mfaplan/runs`.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

impl Store {
    /// The journals below this configuration directory. Touches nothing.
    #[must_use]
    pub fn of(configuration: &Path) -> Self {
        Self { dir: configuration.join(".mfaplan").join("runs") }
    }

    /// The file of a run.
    #[must_use]
    pub fn path(&self, run: &RunId) -> PathBuf {
        self.dir.join(format!("{run}.jsonl"))
    }

    /// Creates the journal of a new run. Its id begins with the time in milliseconds and is later than that of every
    /// run there is, so ids are unique and sort by time.
    ///
    /// # Errors
    /// When the file cannot be created: then nothing may be written to the tenant.
    pub fn create(&self, now: Timestamp, digest: &Digest) -> Result<(RunId, JournalWriter<File>), JournalError> {
        fs::create_dir_all(&self.dir).map_err(io_error("create", &self.dir))?;
        let last = self.runs()?.pop();
        let prefix: String = digest.0.chars().take(8).collect();
        let mut at = now;
        // A thousand tries are a second: more runs cannot have begun in it, for only one holds the lock.
        for _ in 0..1000 {
            let run = RunId(format!("{}Z-{prefix}", at.strftime("%Y%m%dT%H%M%S%3f")));
            at = at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at);
            let time = |run: &RunId| run.0.split('Z').next().map(str::to_owned);
            if last.as_ref().is_some_and(|last| time(last) >= time(&run) && clock_agrees(last, now)) {
                continue;
            }
            let path = self.path(&run);
            match files::private().append(true).create_new(true).open(&path) {
                Ok(file) => {
                    // The name has to survive a power failure too, not only the content.
                    sync_dir(&self.dir).map_err(io_error("flush", &self.dir))?;
                    return Ok((run, JournalWriter::new(file)));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io_error("create", &path)(error)),
            }
        }
        Err(io_error("create", &self.dir)(io::ErrorKind::AlreadyExists.into()))
    }

    /// Reads the journal of a run.
    ///
    /// # Errors
    /// See [`Journal::parse`].
    pub fn read(&self, run: &RunId) -> Result<Journal, JournalError> {
        let path = self.path(run);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => JournalError::NoSuchRun { run: run.clone(), dir: self.dir.clone() },
            _ => io_error("read", &path)(error),
        })?;
        Journal::parse(&bytes, &path)
    }

    /// Opens the journal of a run to go on. A torn last line is cut off: the write it would have announced was never
    /// sent, and a line behind it could not be told from damage.
    ///
    /// # Errors
    /// When the file cannot be opened or cut.
    pub fn reopen(&self, run: &RunId, journal: &Journal) -> Result<JournalWriter<File>, JournalError> {
        let path = self.path(run);
        let file = OpenOptions::new().append(true).open(&path).map_err(io_error("open", &path))?;
        file.set_len(journal.whole).and_then(|()| file.sync_all()).map_err(io_error("cut", &path))?;
        Ok(JournalWriter::new(file))
    }

    /// The ids of all runs, oldest first. Files with other names are not ours and are passed over.
    ///
    /// # Errors
    /// When the directory cannot be read; that there is none is not an error.
    pub fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("read", &self.dir)(error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let name = entry.map_err(io_error("read", &self.dir))?.file_name();
            runs.extend(name.to_str().and_then(|name| name.strip_suffix(".jsonl")).and_then(|stem| stem.parse().ok()));
        }
        runs.sort_unstable();
        Ok(runs)
    }

    /// Every run with who approved it and how it ended, oldest first. A damaged journal is listed as such.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn history(&self) -> Result<Vec<HistoryEntry>, JournalError> {
        Ok(self.runs()?.into_iter().map(|run| HistoryEntry::of(run.clone(), self.read(&run))).collect())
    }

    /// The signatures that the runs of this directory have used.
    ///
    /// # Errors
    /// When a journal cannot be read: a signature that may have been used must not count as unused.
    pub fn spent(&self) -> Result<Spent, JournalError> {
        let mut spent = BTreeMap::new();
        for run in self.runs()? {
            let path = self.path(&run);
            let mut first = Vec::new();
            let file = File::open(&path).map_err(io_error("read", &path))?;
            BufReader::new(file).read_until(b'\n', &mut first).map_err(io_error("read", &path))?;
            // No whole first line: the run never began, and used nothing.
            if first.last() != Some(&b'\n') {
                continue;
            }
            let head: Head = serde_json::from_slice(&first).map_err(|error| JournalError::Damaged {
                path: path.clone(),
                line: 1,
                reason: error.to_string(),
            })?;
            spent.extend(head.approval.signers().iter().map(|signer| (signer.signature.clone(), run.clone())));
        }
        Ok(Spent(spent))
    }
}

/// Is the last run's time believable? One from the future (a clock that was wrong) must not push new ids ahead of it.
fn clock_agrees(last: &RunId, now: Timestamp) -> bool {
    last.0.split('Z').next().is_some_and(|time| *time <= *now.strftime("%Y%m%dT%H%M%S999").to_string())
}

/// The part of a first line that [`Store::spent`] needs: skipping the changes keeps it quick.
#[derive(Deserialize)]
struct Head {
    approval: Approval,
}

/// The version of `history --json`, named in the published schema; minor = additions only.
#[cfg(test)]
pub(crate) const HISTORY_VERSION: &str = "1.0";

/// A run in `history`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HistoryEntry {
    /// Its id.
    pub run: RunId,
    /// `apply` or `rollback`; none where the journal cannot be read.
    pub command: Option<Command>,
    /// When it began.
    #[cfg_attr(test, schemars(with = "Option<crate::schema::DateTime>"))]
    pub started_at: Option<Timestamp>,
    /// When it ended, if it did.
    #[cfg_attr(test, schemars(with = "Option<crate::schema::DateTime>"))]
    pub finished_at: Option<Timestamp>,
    /// The plan's digest.
    pub digest: Option<String>,
    /// How it was approved.
    pub approval: Option<Approval>,
    /// The run it rolls back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rolls_back: Option<RunId>,
    /// The counts.
    #[serde(flatten)]
    pub counts: Counts,
    /// How it stands.
    pub status: HistoryStatus,
    /// What is wrong with the journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum HistoryStatus {
    /// Everything done and verified.
    Complete,
    /// Ended, with something left.
    Incomplete,
    /// Stopped by the operator.
    Stopped,
    /// Ended by an error.
    Error,
    /// No orderly end: killed, or still running.
    Interrupted,
    /// The journal cannot be read.
    Damaged,
    /// Interrupted before its first line: nothing was written.
    Empty,
}

impl HistoryStatus {
    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Stopped => "stopped",
            Self::Error => "error",
            Self::Interrupted => "interrupted",
            Self::Damaged => "damaged",
            Self::Empty => "empty",
        }
    }
}

impl HistoryEntry {
    fn of(run: RunId, journal: Result<Journal, JournalError>) -> Self {
        match journal {
            Ok(journal) => Self {
                run,
                command: Some(journal.run.command),
                started_at: Some(journal.run.timestamp),
                finished_at: journal.end.as_ref().map(|end| end.timestamp),
                digest: Some(journal.run.digest.to_string()),
                approval: Some(journal.run.approval.clone()),
                rolls_back: journal.run.rolls_back.clone(),
                counts: Counts::of(&journal.outcomes()),
                status: match journal.end.as_ref().map(|end| end.outcome) {
                    Some(RunEnd::Complete) => HistoryStatus::Complete,
                    Some(RunEnd::Incomplete | RunEnd::Refused) => HistoryStatus::Incomplete,
                    Some(RunEnd::Stopped) => HistoryStatus::Stopped,
                    Some(RunEnd::Error) => HistoryStatus::Error,
                    None => HistoryStatus::Interrupted,
                },
                error: None,
            },
            Err(error) => Self {
                run,
                command: None,
                started_at: None,
                finished_at: None,
                digest: None,
                approval: None,
                rolls_back: None,
                counts: Counts::default(),
                status: match error {
                    JournalError::Empty { .. } => HistoryStatus::Empty,
                    _ => HistoryStatus::Damaged,
                },
                error: Some(error.to_string()),
            },
        }
    }
}

fn io_error(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalError {
    let path = path.to_owned();
    move |source| JournalError::Io { verb, path, source }
}

#[cfg(unix)]
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Elsewhere directories cannot be opened to flush them.
#[cfg(not(unix))]
fn sync_dir(_: &Path) -> io::Result<()> {
    Ok(())
}
