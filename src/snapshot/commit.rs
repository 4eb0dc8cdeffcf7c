//! Rewrites the file with other states: atomically, and byte for byte the same everywhere else.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use tempfile::NamedTempFile;

use crate::tenant::UserId;

use super::states::{Slot, States, Version};

/// A change of one user's state: their slot before, and the text that replaces it.
pub(super) type Change = (UserId, Slot, String);

/// How a rewrite ended.
pub(super) enum Outcome {
    /// The file holds the changes, and this is what is known of it.
    Done(Option<States>),
    /// Somebody else changed the file in the meantime: nothing was written.
    Overtaken,
    /// Nothing was written.
    Failed(io::Error),
    /// The file was replaced, but it is not certain that this survives a power cut.
    Uncertain(io::Error),
}

/// The changed text, whole and on the disk, but not yet in the file's place.
pub(super) struct Prepared {
    target: PathBuf,
    temporary: NamedTempFile,
}

impl Prepared {
    /// Puts the text in the file's place, unless somebody else has changed the file since `states` was read.
    pub(super) fn install(self, states: &States, changes: &[Change]) -> Outcome {
        let Self { target, temporary } = self;
        // From here to the rename there is no way to keep out those who do not ask for the lock; what they did before is
        // noticed.
        match fs::metadata(&target) {
            Ok(metadata) if states.version.differs(&metadata) => return Outcome::Overtaken,
            Ok(_) => {}
            Err(error) => return Outcome::Failed(error),
        }
        let written = temporary.as_file().metadata();
        let file = match temporary.persist(&target) {
            Ok(file) => file,
            Err(error) => return Outcome::Failed(error.error),
        };
        if let Err(error) = sync_directory(&target) {
            return Outcome::Uncertain(error);
        }
        let known = match (written, file.metadata()) {
            (Ok(before), Ok(after))
                if before.len() == after.len() && before.modified().ok() == after.modified().ok() =>
            {
                Some(states.changed(changes, Version::of(&after, SystemTime::now())))
            }
            _ => None,
        };
        Outcome::Done(known)
    }
}

/// Waits for the lock of an open file, held until it is closed. False where the file at `path` is another by then: whoever
/// held the lock has put a new one in its place.
///
/// Elsewhere than on Unix a file that is locked can be neither read nor replaced by others, ourselves included; there the
/// comparison of versions before the rename has to do.
#[cfg(unix)]
pub(super) fn lock(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match file.lock() {
        Ok(()) => {}
        // A file system without locks.
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        Err(error) => return Err(error),
    }
    let (ours, there) = (file.metadata()?, fs::metadata(path)?);
    Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
pub(super) fn lock(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Writes the text of `source` with `changes` (sorted by place) beside the file at `path`.
///
/// The new text is written beside the file, flushed to the disk and then renamed over it, so that at any instant,
/// whatever is killed, the file is the old one or the new one and whole. Everything but the changed values is copied as
/// it stands: unknown keys, their order, white space and the end of the last line need no care because they are never
/// parsed. A symbolic link stays one; what it points to is replaced.
pub(super) fn prepare(path: &Path, mut source: &File, changes: &[Change]) -> io::Result<Prepared> {
    let target = fs::canonicalize(path)?;
    let metadata = source.metadata()?;
    // Renaming needs the right to write the directory only. A file that its owner made read-only stays as it is.
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
    }
    let mut temporary = beside(&target)?;
    source.seek(SeekFrom::Start(0))?;
    let mut at = 0;
    for (_, slot, text) in changes {
        copy(source, &mut temporary, slot.place.start - at)?;
        temporary.as_file_mut().write_all(text.as_bytes())?;
        at = slot.place.end;
        source.seek(SeekFrom::Start(at))?;
    }
    copy(source, &mut temporary, metadata.len() - at)?;
    keep_owner(temporary.as_file(), &metadata);
    temporary.as_file().set_permissions(metadata.permissions())?;
    temporary.as_file().sync_all()?;
    Ok(Prepared { target, temporary })
}

/// Keeps the file, and with it the lock, until the new one is in its place.
#[cfg(unix)]
pub(super) const fn until_replaced(source: File) -> Option<File> {
    Some(source)
}

/// Closes the file: Windows renames nothing over one that is open.
#[cfg(not(unix))]
pub(super) fn until_replaced(source: File) -> Option<File> {
    drop(source);
    None
}

/// A temporary file in the same directory, hence on the same file system, as a rename requires.
pub(super) fn beside(target: &Path) -> io::Result<NamedTempFile> {
    let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new().prefix(".mfaplan-").suffix(".tmp").tempfile_in(directory)
}

fn copy(source: &File, to: &mut NamedTempFile, length: u64) -> io::Result<()> {
    let copied = io::copy(&mut source.take(length), to.as_file_mut())?;
    if copied == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Where the program runs as another user than the file's owner (root, mostly), the file keeps its owner. Where that is
/// not allowed the file has been writable by other means, and goes on to be.
#[cfg(unix)]
fn keep_owner(file: &File, before: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let ours = file.metadata().ok().map(|metadata| (metadata.uid(), metadata.gid()));
    if ours != Some((before.uid(), before.gid())) {
        let _ = fchown(file, Some(before.uid()), Some(before.gid()));
    }
}

#[cfg(not(unix))]
fn keep_owner(_: &File, _: &fs::Metadata) {}

/// A rename is on the disk once the directory is.
#[cfg(unix)]
pub(super) fn sync_directory(file: &Path) -> io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}
