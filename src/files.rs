//! Files that name people: plans, snapshots, journals, events, reports. The only place that creates them.
//!
//! They are made readable and writable by their owner alone, whatever the umask. An existing file with a stricter mode
//! keeps it, one with a looser mode loses what it gave others. Windows has no such mode: a file there gets the access
//! list of its directory.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::Path,
};

/// Whose mode a replaced file gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The owner's alone.
    Private,
    /// That of the file before; a source file is the operator's, who chose it.
    Kept,
}

/// The directory of the program's own files.
pub(crate) const DIRECTORY: &str = ".mfaplan";

/// Fails where one of these paths is a link. What is not there yet is none.
///
/// # Errors
/// Naming the link.
pub(crate) fn no_link(paths: &[&Path]) -> io::Result<()> {
    for path in paths {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => {
                let what = format!("{} is a link, and nothing below {DIRECTORY} is opened through one", path.display());
                return Err(io::Error::other(what));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Options that make a new file private. What is opened for is the caller's.
#[cfg(unix)]
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    options
}

/// Options that make a new file, which is as private as its directory.
#[cfg(not(unix))]
pub(crate) fn private() -> OpenOptions {
    OpenOptions::new()
}

/// Makes a file that was not there.
///
/// # Errors
/// When it is there, or cannot be made.
pub(crate) fn new(path: &Path) -> io::Result<File> {
    private().write(true).create_new(true).open(path)
}

/// Opens a file to be written, and creates it where there is none. One that is there stays what it is until [`empty`].
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    private().write(true).create(true).truncate(false).open(path)
}

/// Empties a file that was [`open`]ed and makes it private.
///
/// # Errors
/// When it cannot be made private.
pub(crate) fn empty(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    // A pipe or a terminal (`/dev/stderr`) is nobody's file: its mode is not ours.
    if metadata.is_file() {
        restrict(file, &metadata, Access::Private)?;
        file.set_len(0)?;
    }
    Ok(())
}

/// Replaces a file by what `write` writes. A file that is there stays untouched until the new one is complete and on
/// disk, so that an interrupted command never leaves half a plan.
///
/// # Errors
/// Those of `write` and of the file system; then the file before is untouched.
pub(crate) fn replace(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // A source file may be a link into another directory, which stays one.
    let followed = (access == Access::Kept).then(|| fs::canonicalize(path).ok()).flatten();
    let path = followed.as_deref().unwrap_or(path);
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let file = tempfile::Builder::new().prefix(".mfaplan-").tempfile_in(dir)?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    if let Ok(before) = fs::metadata(path) {
        restrict(file.as_file(), &before, access)?;
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(unix)]
const PRIVATE: u32 = 0o600;

/// Gives `file` the mode of `before`, cut to what is private where that is asked for.
#[cfg(unix)]
fn restrict(file: &File, before: &fs::Metadata, access: Access) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = before.permissions().mode() & 0o7777;
    let mode = match access {
        Access::Private => mode & PRIVATE,
        Access::Kept => mode,
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn restrict(_: &File, _: &fs::Metadata, _: Access) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn files_are_private_and_a_stricter_mode_is_kept() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        for (before, private, kept) in [
            (None, 0o600, 0o600),
            (Some(0o644), 0o600, 0o644),
            (Some(0o600), 0o600, 0o600),
            (Some(0o200), 0o200, 0o200),
            (Some(0o666), 0o600, 0o666),
        ] {
            let made = |name: &str| {
                let path = dir.path().join(name);
                let _ = fs::remove_file(&path);
                if let Some(before) = before {
                    fs::write(&path, "old").unwrap();
                    fs::set_permissions(&path, fs::Permissions::from_mode(before)).unwrap();
                }
                path
            };
            let created = made("created");
            let mut file = open(&created).unwrap();
            empty(&file).unwrap();
            file.write_all(b"new").unwrap();
            assert_eq!(mode(&created), private, "created over {before:?}");
            for (access, wanted) in [(Access::Private, private), (Access::Kept, kept)] {
                let replaced = made("replaced");
                replace(&replaced, access, |out| out.write_all(b"new")).unwrap();
                assert_eq!(mode(&replaced), wanted, "{access:?} over {before:?}");
            }
        }
    }

    #[test]
    fn a_file_that_cannot_be_finished_leaves_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plan.mfaplan");
        fs::write(&path, "old").unwrap();
        let failed = replace(&path, Access::Private, |out| {
            out.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing else is left behind");
    }

    /// Who creates a file elsewhere has to say here why it names nobody.
    #[test]
    fn no_other_place_creates_files() {
        const ELSEWHERE: &[(&str, &str)] = &[
            ("src/apply/journal/store.rs", "opens a journal that is there"),
            ("src/apply/lock.rs", "the lock names a process"),
            ("src/cli/commands/init.rs", "a configuration is a source file"),
            ("src/config/golden.rs", "a test"),
            ("src/config/reference.rs", "a test that rewrites a page"),
            ("src/eval/conformance.rs", "a test that rewrites a page"),
            ("src/render/html/browser.rs", "a test"),
        ];
        fn look(dir: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let name = path.display().to_string();
                if path.is_dir() {
                    look(&path, found);
                } else if !name.contains("test") && name != "src/files.rs" {
                    let text = fs::read_to_string(&path).unwrap();
                    let code = text.split("\nmod tests {").next().unwrap_or_default();
                    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
                    let creates =
                        ["File::create", "OpenOptions::new", "fs::write("].iter().any(|one| code.contains(one));
                    if creates && !ELSEWHERE.iter().any(|(known, _)| *known == name) {
                        found.push(name);
                    }
                }
            }
        }
        let mut found = Vec::new();
        look(Path::new("src"), &mut found);
        assert!(found.is_empty(), "use crate::files::{{private, create, replace}}: {found:?}");
    }
}
