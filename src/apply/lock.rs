//! One apply at a time per configuration directory: `.mfaplan/lock`.
//!
//! The lock itself is the operating system's (it is gone when its process is); the content says who holds it. Where the
//! system's lock does not reach, on network file systems, the content decides. A lock file can be removed under a run, so
//! the directory around it is locked as well where that is possible, and the run looks whether its lock file is still
//! there before each write.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::own_files::{self, Identity};

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    /// The process.
    pub pid: u32,
    /// The machine.
    pub host: String,
    /// When the lock was taken.
    pub started_at: Timestamp,
    /// When the process itself began, in the system's own count: process ids are used again, the pair is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_start: Option<u64>,
    /// What it does.
    pub command: String,
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { pid, host, started_at, process_start: _, command } = self;
        write!(
            f,
            "process {pid} on {} (`{}`) since {}",
            host.escape_debug(),
            command.escape_debug(),
            started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        )
    }
}

/// What a machine says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// There is no such process.
    Dead,
    /// There is one, begun then.
    Alive(u64),
    /// The machine does not tell.
    Untold,
}

/// The machine this runs on.
pub(crate) trait Machine {
    /// Its name.
    fn host(&self) -> String;
    /// This process.
    fn pid(&self) -> u32;
    /// Is this process alive?
    fn liveness(&self, pid: u32) -> Liveness;
}

/// The machine as the operating system shows it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThisMachine;

impl Machine for ThisMachine {
    fn host(&self) -> String {
        ["/proc/sys/kernel/hostname", "/etc/hostname"]
            .iter()
            .find_map(|path| fs::read_to_string(path).ok())
            .map(|name| name.trim().to_owned())
            .filter(|name| !name.is_empty())
            // Elsewhere all locks count as this machine's, and the system's lock tells who is alive.
            .unwrap_or_else(|| "localhost".to_owned())
    }

    fn pid(&self) -> u32 {
        std::process::id()
    }

    fn liveness(&self, pid: u32) -> Liveness {
        if !Path::new("/proc/self/stat").exists() {
            return Liveness::Untold;
        }
        match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Liveness::Dead,
            Err(_) => Liveness::Untold,
            // Fields 3 and 22, counted behind the name: that is in parentheses and may hold anything. One that has ended
            // and that nobody has asked about yet (a container whose first process asks about none) writes nothing any more.
            Ok(stat) if stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X'])) => {
                Liveness::Dead
            }
            Ok(stat) => stat
                .rsplit_once(')')
                .and_then(|(_, rest)| rest.split_ascii_whitespace().nth(19))
                .and_then(|start| start.parse().ok())
                .map_or(Liveness::Untold, Liveness::Alive),
        }
    }
}

/// Why the lock cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    /// Somebody is at it.
    #[error("another run is at work in this directory: {}", .holder.as_ref().map_or_else(|| "holder unknown".to_owned(), ToString::to_string))]
    Held {
        /// Who, as far as the file says.
        holder: Option<Holder>,
        /// The lock file.
        path: PathBuf,
    },
    /// Taken on another machine, and never given back.
    #[error("the lock {} is held by {holder}, which cannot be looked at from here", .path.display())]
    OtherHost {
        /// Who.
        holder: Holder,
        /// The lock file.
        path: PathBuf,
    },
    /// The file system refused.
    #[error("cannot lock {}: {source}", .path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl LockError {
    /// What to do about it.
    #[must_use]
    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Self::Held { .. } => vec!["wait until it has ended, or stop it with Ctrl-C there".to_owned()],
            Self::OtherHost { path, holder } => vec![format!(
                "if nothing runs on {} any more, remove the lock: rm {}",
                holder.host.escape_debug(),
                path.display()
            )],
            Self::Io { .. } => Vec::new(),
        }
    }
}

/// The lock, held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    /// The directory, locked too; held open until the lock is given back.
    directory: Option<File>,
    identity: Identity,
    /// What is worth saying about how it was taken.
    pub note: Option<String>,
}

impl Lock {
    /// Takes the lock of this configuration directory.
    ///
    /// # Errors
    /// When another run holds it, or a machine that cannot be asked.
    pub(crate) fn acquire(
        configuration: &Path,
        command: &str,
        now: Timestamp,
        machine: &impl Machine,
    ) -> Result<Self, LockError> {
        Self::acquire_below(configuration, &[], command, now, machine)
    }

    /// Takes the lock of a directory below [`own_files::DIRECTORY`]: what is kept there has its own.
    ///
    /// # Errors
    /// As [`Self::acquire`].
    pub(crate) fn acquire_below(
        configuration: &Path,
        below: &[&str],
        command: &str,
        now: Timestamp,
        machine: &impl Machine,
    ) -> Result<Self, LockError> {
        let mut dir = configuration.join(own_files::DIRECTORY);
        let path = below.iter().fold(dir.clone(), |path, part| path.join(part)).join("lock");
        let io = |source: io::Error| LockError::Io { path: path.clone(), source };
        own_files::no_link(&[&dir]).map_err(io)?;
        for part in below {
            dir.push(part);
            own_files::no_link(&[&dir]).map_err(io)?;
        }
        fs::create_dir_all(&dir).map_err(io)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = own_files::open(&mut options, &path).map_err(io)?;
        let directory = open_directory(&dir).map_err(io)?;
        for locked in [file.try_lock(), directory.as_ref().map_or(Ok(()), File::try_lock)] {
            match locked {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(LockError::Held { holder: read(&mut file).ok().flatten(), path });
                }
                // No locks on this file system: the content has to do.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
        }
        let mut note = None;
        if let Some(holder) = read(&mut file).map_err(io)? {
            if holder.host != machine.host() {
                return Err(LockError::OtherHost { holder, path });
            }
            let alive = match (machine.liveness(holder.pid), holder.process_start) {
                (Liveness::Alive(start), Some(held)) => start == held,
                (Liveness::Alive(_), None) => true,
                // The system's lock was free, so its holder is gone.
                (Liveness::Dead | Liveness::Untold, _) => false,
            };
            if alive {
                return Err(LockError::Held { holder: Some(holder), path });
            }
            note = Some(format!("took over the lock of {holder}, which has ended without giving it back"));
        }
        let pid = machine.pid();
        let process_start = match machine.liveness(pid) {
            Liveness::Alive(start) => Some(start),
            Liveness::Dead | Liveness::Untold => None,
        };
        let holder = Holder { pid, host: machine.host(), started_at: now, process_start, command: command.to_owned() };
        write(&mut file, &holder).map_err(io)?;
        let identity = Identity::of(&file, &path).map_err(io)?;
        Ok(Self { file, directory, identity, note })
    }

    /// By which a run tells whether it still holds the lock.
    #[must_use]
    pub(crate) fn identity(&self) -> Identity {
        self.identity.clone()
    }
}

/// The directory as something that can be locked. Elsewhere than on Unix it cannot be opened, nor need it: there a file
/// that is locked cannot be removed.
#[cfg(unix)]
fn open_directory(dir: &Path) -> io::Result<Option<File>> {
    own_files::open(OpenOptions::new().read(true), dir).map(Some)
}

#[cfg(not(unix))]
fn open_directory(_: &Path) -> io::Result<Option<File>> {
    Ok(None)
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Emptied, not removed: another process may have opened the file already and would hold a lock on a name that
        // is gone. Should emptying fail, the next run finds a dead process and takes over.
        let _ = self.file.set_len(0);
        // Said, and not left to closing: a program that is just being started holds copies of both until it runs.
        let _ = self.file.unlock();
        if let Some(directory) = &self.directory {
            let _ = directory.unlock();
        }
    }
}

/// The holder in the file; none where it is empty or torn (its writer died, for the system's lock is free).
fn read(file: &mut File) -> io::Result<Option<Holder>> {
    let mut text = String::new();
    file.rewind()?;
    match file.take(64 * 1024).read_to_string(&mut text) {
        Ok(_) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error),
    }
}

fn write(file: &mut File, holder: &Holder) -> io::Result<()> {
    let text = serde_json::to_string(holder)?;
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        host: &'static str,
        pid: u32,
        processes: Vec<(u32, u64)>,
    }

    impl Machine for Fake {
        fn host(&self) -> String {
            self.host.to_owned()
        }
        fn pid(&self) -> u32 {
            self.pid
        }
        fn liveness(&self, pid: u32) -> Liveness {
            self.processes.iter().find(|one| one.0 == pid).map_or(Liveness::Dead, |one| Liveness::Alive(one.1))
        }
    }

    fn here(pid: u32, processes: &[(u32, u64)]) -> Fake {
        Fake { host: "build-7", pid, processes: processes.to_vec() }
    }

    fn now() -> Timestamp {
        "2026-11-24T21:30:00Z".parse().unwrap()
    }

    /// A lock file as a killed process leaves it.
    fn left_behind(dir: &Path, holder: &Holder) {
        fs::create_dir_all(dir.join(".mfaplan")).unwrap();
        fs::write(dir.join(".mfaplan/lock"), serde_json::to_string(holder).unwrap()).unwrap();
    }

    fn holder(pid: u32, host: &str, process_start: u64) -> Holder {
        let process_start = Some(process_start);
        Holder { pid, host: host.to_owned(), started_at: now(), process_start, command: "apply".to_owned() }
    }

    #[test]
    fn the_second_run_is_told_who_holds_the_lock_until_it_is_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::acquire(dir.path(), "apply", now(), &here(10, &[(10, 5)])).unwrap();
        assert_eq!(first.note, None);
        let error = Lock::acquire(dir.path(), "rollback", now(), &here(11, &[(10, 5)])).unwrap_err();
        let told =
            "another run is at work in this directory: process 10 on build-7 (`apply`) since 2026-11-24T21:30:00Z";
        assert_eq!(error.to_string(), told);
        drop(first);
        assert_eq!(Lock::acquire(dir.path(), "rollback", now(), &here(11, &[])).unwrap().note, None);
    }

    #[test]
    fn a_dead_process_is_taken_over_even_where_its_number_is_used_again() {
        for processes in [vec![], vec![(10, 99)]] {
            let dir = tempfile::tempdir().unwrap();
            left_behind(dir.path(), &holder(10, "build-7", 5));
            let lock = Lock::acquire(dir.path(), "apply", now(), &here(11, &processes)).unwrap();
            assert!(lock.note.as_ref().unwrap().starts_with("took over the lock of process 10 on build-7"));
        }
        let dir = tempfile::tempdir().unwrap();
        left_behind(dir.path(), &holder(10, "build-7", 5));
        let alive = Lock::acquire(dir.path(), "apply", now(), &here(11, &[(10, 5)]));
        assert!(matches!(alive, Err(LockError::Held { .. })), "alive: the system's lock did not reach it");
    }

    #[test]
    fn another_host_is_an_error_that_says_how_to_remove_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        left_behind(dir.path(), &holder(10, "laptop", 5));
        let error = Lock::acquire(dir.path(), "apply", now(), &here(11, &[])).unwrap_err();
        assert!(error.to_string().contains("process 10 on laptop"), "{error}");
        assert!(error.hints()[0].ends_with(&format!("rm {}", dir.path().join(".mfaplan/lock").display())));
    }

    #[test]
    fn a_torn_lock_file_does_not_stand_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(".mfaplan")).unwrap();
        fs::write(dir.path().join(".mfaplan/lock"), b"{\"pid\":1\xff").unwrap();
        assert!(Lock::acquire(dir.path(), "apply", now(), &here(11, &[])).is_ok());
    }

    #[test]
    fn a_lock_file_that_is_removed_lets_nobody_in_and_is_missed() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::acquire(dir.path(), "apply", now(), &here(10, &[(10, 5)])).unwrap();
        assert!(first.identity().check().is_ok());
        fs::remove_file(dir.path().join(".mfaplan/lock")).unwrap();
        assert!(first.identity().check().unwrap_err().to_string().contains("was removed or replaced"));
        if cfg!(unix) {
            let second = Lock::acquire(dir.path(), "apply", now(), &here(11, &[(10, 5)]));
            assert!(matches!(second, Err(LockError::Held { .. })), "{second:?}");
        }
        // The new file under the old name is not the one that was locked.
        fs::write(dir.path().join(".mfaplan/lock"), "").unwrap();
        assert_eq!(first.identity().check().is_err(), cfg!(unix));
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_opened_through_a_link() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        fs::write(&elsewhere, "precious").unwrap();
        let one = dir.path().join("one");
        fs::create_dir_all(one.join(".mfaplan")).unwrap();
        symlink(&elsewhere, one.join(".mfaplan/lock")).unwrap();
        let error = Lock::acquire(&one, "apply", now(), &here(11, &[])).unwrap_err().to_string();
        assert!(error.contains("lock is a link"), "{error}");
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
        let (two, other) = (dir.path().join("two"), dir.path().join("other"));
        fs::create_dir(&two).unwrap();
        fs::create_dir(&other).unwrap();
        symlink(&other, two.join(".mfaplan")).unwrap();
        let error = Lock::acquire(&two, "apply", now(), &here(11, &[])).unwrap_err().to_string();
        assert!(error.contains(".mfaplan is a link"), "{error}");
        assert_eq!(fs::read_dir(&other).unwrap().count(), 0);
    }

    #[test]
    fn this_machine_knows_its_own_process() {
        let machine = ThisMachine;
        assert!(!machine.host().is_empty());
        assert_ne!(machine.liveness(machine.pid()), Liveness::Dead);
    }
}
