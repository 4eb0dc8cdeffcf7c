//! Programs that are started, found and started so that no file of the configuration runs: by absolute entries of `PATH`
//! only, never in the current directory, and with a directory of the system to work in, as Microsoft's SDKs do.
//!
//! The configuration directory often comes out of a pull request. A program found in it, or a module that a program looks
//! for where it was started (`python -m` does), would run with the operator's rights.

use std::path::{Path, PathBuf};

use tokio::process::Command;

/// Where a program is looked for, and how it is called there.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    path: Option<String>,
    system_root: Option<String>,
}

impl SearchPath {
    /// As the environment says, which `lookup` reads.
    pub(super) fn from_env(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        Self { path: lookup("PATH"), system_root: lookup("SystemRoot") }
    }

    /// A command that starts `name`; nothing where no absolute entry of `PATH` has it.
    pub(super) fn command(&self, name: &str) -> Option<Command> {
        let names =
            if cfg!(windows) { vec![format!("{name}.cmd"), format!("{name}.exe")] } else { vec![name.to_owned()] };
        let path = self.path.as_deref()?;
        let found = std::env::split_paths(path)
            .filter(|entry| entry.is_absolute())
            .find_map(|entry| names.iter().map(|name| entry.join(name)).find(|file| is_program(file)))?;
        let mut command = if cfg!(windows) {
            // A batch file is no program of its own: the system's command processor runs it.
            let mut command = Command::new(self.system().join("System32").join("cmd.exe"));
            command.arg("/C").arg(found);
            command
        } else {
            Command::new(found)
        };
        command.current_dir(if cfg!(windows) { self.system() } else { PathBuf::from("/") });
        Some(command)
    }

    fn system(&self) -> PathBuf {
        let root = self.system_root.as_deref().map(PathBuf::from).filter(|root| root.is_absolute());
        root.unwrap_or_else(|| PathBuf::from(r"C:\Windows"))
    }
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn program(dir: &Path, mode: u32) {
        fs::create_dir_all(dir).unwrap();
        fs::write(dir.join("az"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(dir.join("az"), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_program_is_found_through_absolute_entries_only_and_starts_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("first"), dir.path().join("second"));
        program(&first, 0o644);
        program(&second, 0o755);
        let search = |path: String| SearchPath { path: Some(path), system_root: None }.command("az");
        let found = search(format!(".::relative:{}:{}", first.display(), second.display())).unwrap();
        assert_eq!(found.as_std().get_program(), second.join("az"), "the first is no program");
        assert_eq!(found.as_std().get_current_dir(), Some(Path::new("/")));
        assert!(search(format!(".::bin:{}", first.display())).is_none());
        assert!(SearchPath::default().command("az").is_none(), "nor in the current directory");
    }
}
