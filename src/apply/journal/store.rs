//! The directory of journals.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Journal, JournalError, JournalWriter, RunId, chain};
use crate::{
    apply::{
        approval::{Approval, Spent},
        own_files::{self, Identity},
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
        Self { dir: configuration.join(own_files::DIRECTORY).join("runs") }
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
        self.no_link()?;
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
            match own_files::open(files::private().append(true).create_new(true), &path) {
                Ok(file) => {
                    // The name has to survive a power failure too, not only the content.
                    sync_dir(&self.dir).map_err(io_error("flush", &self.dir))?;
                    let identity = Identity::of(&file, &path).map_err(io_error("look at", &path))?;
                    return Ok((run, JournalWriter::new(file).guarded_by(identity)));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(io_error("create", &path)(error)),
            }
        }
        Err(io_error("create", &self.dir)(io::ErrorKind::AlreadyExists.into()))
    }

    /// Reads the journal of a run: the file of that name, which must be the run's own.
    ///
    /// # Errors
    /// See [`Journal::parse`]; and when the file holds another run.
    pub fn read(&self, run: &RunId) -> Result<Journal, JournalError> {
        let (path, bytes) = self.bytes(run)?;
        let journal = Journal::parse(&bytes, &path)?;
        if journal.run.run == *run { Ok(journal) } else { Err(JournalError::OtherRun { path, run: journal.run.run }) }
    }

    /// The path of a run's journal and what it holds.
    pub(super) fn bytes(&self, run: &RunId) -> Result<(PathBuf, Vec<u8>), JournalError> {
        let path = self.path(run);
        let mut bytes = Vec::new();
        self.open(&path).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => JournalError::NoSuchRun { run: run.clone(), dir: self.dir.clone() },
            _ => io_error("read", &path)(error),
        })?;
        Ok((path, bytes))
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.links()?;
        own_files::open(OpenOptions::new().read(true), path)
    }

    fn links(&self) -> io::Result<()> {
        let outer = self.dir.parent().unwrap_or(&self.dir);
        own_files::no_link(&[outer, &self.dir])
    }

    fn no_link(&self) -> Result<(), JournalError> {
        self.links().map_err(io_error("use", &self.dir))
    }

    /// Opens the journal of a run to go on. A torn last line is cut off: the write it would have announced was never
    /// sent, and a line behind it could not be told from damage.
    ///
    /// # Errors
    /// When the file cannot be opened or cut, or holds another run.
    pub fn reopen(&self, journal: &Journal) -> Result<JournalWriter<File>, JournalError> {
        let path = self.path(&journal.run.run);
        self.no_link()?;
        let file = own_files::open(OpenOptions::new().append(true), &path).map_err(io_error("open", &path))?;
        file.set_len(journal.whole).and_then(|()| file.sync_all()).map_err(io_error("cut", &path))?;
        let identity = Identity::of(&file, &path).map_err(io_error("look at", &path))?;
        Ok(JournalWriter::after(file, journal.tip.clone()).guarded_by(identity))
    }

    /// The ids of all runs, oldest first. Files with other names are not ours and are passed over.
    ///
    /// # Errors
    /// When the directory cannot be read; that there is none is not an error.
    pub fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        self.no_link()?;
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

    /// The signatures that the runs of this directory have used.
    ///
    /// # Errors
    /// When a journal cannot be read: a signature that may have been used must not count as unused.
    pub fn spent(&self) -> Result<Spent, JournalError> {
        let mut spent = BTreeMap::new();
        for run in self.runs()? {
            let path = self.path(&run);
            let mut first = Vec::new();
            let file = self.open(&path).map_err(io_error("read", &path))?;
            BufReader::new(file).read_until(b'\n', &mut first).map_err(io_error("read", &path))?;
            // No whole first line: the run never began, and used nothing.
            if first.pop() != Some(b'\n') {
                continue;
            }
            let damaged = |reason: String| JournalError::Damaged { path: path.clone(), line: 1, reason };
            // A signature that was taken out of a journal would count again.
            chain::check(&first, None).map_err(|reason| damaged(reason.to_owned()))?;
            let head: Head = serde_json::from_slice(&first).map_err(|error| damaged(error.to_string()))?;
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
