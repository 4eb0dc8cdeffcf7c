//! `.mfaplan/fleet/<RUN>.jsonl`: which tenants of a set were begun, and how each ended. What was written to whom stands in
//! the journal of each tenant, which this one never replaces.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Applied;
use crate::files;

/// Where these journals are, seen from the fleet's directory.
const DIRECTORY: [&str; 2] = [".mfaplan", "fleet"];

/// A line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Line {
    /// The first: which set this is.
    Run {
        /// When.
        timestamp: Timestamp,
        /// The run.
        run: String,
        /// The set digest.
        digest: String,
        /// Its tenants, by name.
        tenants: Vec<String>,
    },
    /// A further session of the run.
    Resume {
        /// When.
        timestamp: Timestamp,
    },
    /// A tenant is begun.
    Begin {
        /// When.
        timestamp: Timestamp,
        /// Which.
        tenant: String,
    },
    /// A tenant has ended.
    End {
        /// When.
        timestamp: Timestamp,
        /// How.
        result: Applied,
    },
}

/// An open journal.
#[derive(Debug)]
pub(crate) struct FleetJournal {
    file: File,
}

/// A journal that was read.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Its run.
    pub(crate) run: String,
    /// How each tenant ended, the last time.
    pub(crate) ended: Vec<Applied>,
    /// Open for more.
    pub(crate) journal: FleetJournal,
}

impl FleetJournal {
    /// Begins a journal.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn create(dir: &Path, run: &str, first: &Line) -> io::Result<Self> {
        let home = home(dir)?;
        fs::create_dir_all(&home)?;
        let path = home.join(format!("{run}.jsonl"));
        let file = files::private().write(true).create_new(true).open(path)?;
        let mut journal = Self { file };
        journal.write(first)?;
        Ok(journal)
    }

    /// Adds a line, which is on disk when this returns.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.file.write_all(&bytes)?;
        self.file.sync_data()
    }

    /// Opens the newest journal of this set.
    ///
    /// # Errors
    /// That there is none, or that it cannot be read.
    pub(crate) fn resume(dir: &Path, digest: &str) -> io::Result<Opened> {
        let home = home(dir)?;
        let mut paths: Vec<PathBuf> = match fs::read_dir(&home) {
            Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
        paths.sort();
        // Names begin with the time: the newest is last.
        for path in paths.into_iter().rev() {
            let text = fs::read_to_string(&path)?;
            let Some((run, ended, whole)) = read(&text, digest) else { continue };
            let file = files::private().append(true).open(&path)?;
            // A line that a crash tore is taken off: what it would have said is asked of the tenant's own journal.
            file.set_len(whole as u64)?;
            return Ok(Opened { run, ended, journal: Self { file } });
        }
        Err(io::Error::new(io::ErrorKind::NotFound, "there is no journal of this set"))
    }
}

fn home(dir: &Path) -> io::Result<PathBuf> {
    let mut home = dir.to_owned();
    for part in DIRECTORY {
        home.push(part);
        if home.is_symlink() {
            return Err(io::Error::other(format!(
                "{} is a link, and no journal is written through one",
                home.display()
            )));
        }
    }
    Ok(home)
}

/// The run, how each tenant ended last, and how many bytes are whole lines; nothing where it is the journal of another set.
fn read(text: &str, wanted: &str) -> Option<(String, Vec<Applied>, usize)> {
    let whole = text.rfind('\n').map_or(0, |at| at + 1);
    let mut lines = text.get(..whole)?.lines().map(serde_json::from_str::<Line>);
    let Some(Ok(Line::Run { run, digest, .. })) = lines.next() else { return None };
    if digest != wanted {
        return None;
    }
    let mut ended: Vec<Applied> = Vec::new();
    for line in lines.map_while(Result::ok) {
        match line {
            Line::End { result, .. } => {
                ended.retain(|one| one.tenant != result.tenant);
                ended.push(result);
            }
            // Begun again: how it ended before says nothing any more.
            Line::Begin { tenant, .. } => ended.retain(|one| one.tenant != tenant),
            Line::Run { .. } | Line::Resume { .. } => {}
        }
    }
    Some((run, ended, whole))
}

#[cfg(test)]
mod tests {
    use super::{super::Status, *};

    fn end(tenant: &str, status: Status) -> Line {
        let result = Applied {
            tenant: tenant.into(),
            tenant_id: None,
            ring: None,
            status,
            run: None,
            done: 1,
            failed: 0,
            stale: 0,
            unknown: 0,
            not_attempted: 0,
            exit_code: Some(0),
            error: None,
        };
        Line::End { timestamp: Timestamp::UNIX_EPOCH, result }
    }

    #[test]
    fn what_ended_is_known_after_a_crash_at_any_byte() {
        let dir = tempfile::tempdir().unwrap();
        let timestamp = Timestamp::UNIX_EPOCH;
        let begin = |tenant: &str| Line::Begin { timestamp, tenant: tenant.into() };
        let first = Line::Run { timestamp, run: "r".into(), digest: "d".into(), tenants: vec!["a".into(), "b".into()] };
        let mut journal = FleetJournal::create(dir.path(), "r", &first).unwrap();
        for line in [begin("a"), end("a", Status::Done), begin("b"), end("b", Status::Incomplete), begin("b")] {
            journal.write(&line).unwrap();
        }
        let path = dir.path().join(".mfaplan/fleet/r.jsonl");
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        for cut in lines[0]..=text.len() {
            fs::write(&path, &text[..cut]).unwrap();
            let opened = FleetJournal::resume(dir.path(), "d").unwrap();
            let ended: Vec<_> = opened.ended.iter().map(|one| one.tenant.as_str()).collect();
            let expected: &[&str] = match lines.iter().filter(|end| **end <= cut).count() {
                1 | 2 => &[],
                5 => &["a", "b"],
                _ => &["a"],
            };
            assert_eq!(ended, expected, "cut at {cut}");
            let kept = fs::read_to_string(&path).unwrap();
            assert!(kept.ends_with('\n') && text.starts_with(&kept));
        }
        assert!(FleetJournal::resume(dir.path(), "other").is_err());
    }
}
