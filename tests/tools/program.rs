//! Running the program in a directory of its own, with an empty environment and a fixed instant.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub(crate) const MFAPLAN: &str = env!("CARGO_BIN_EXE_mfaplan");

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

/// A directory that goes away with the test.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// With these files in it.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let place = Self::empty();
        for (name, text) in files {
            place.write(name, text);
        }
        place
    }

    /// A copy of a directory of the repository, two levels deep.
    pub(crate) fn copy_of(directory: &str) -> Self {
        let place = Self::empty();
        let from = repository(directory);
        for entry in fs::read_dir(&from).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                let below = fs::read_dir(entry.path()).unwrap().map(Result::unwrap);
                for file in below.filter(|one| one.path().is_file()) {
                    let name = file.path().strip_prefix(&from).unwrap().to_owned();
                    place.write(&name.to_string_lossy(), &fs::read_to_string(file.path()).unwrap());
                }
            } else {
                place.write(&entry.file_name().to_string_lossy(), &fs::read_to_string(entry.path()).unwrap());
            }
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// The program, ready to run here.
    pub(crate) fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(MFAPLAN);
        command.args(line).current_dir(self.path()).env_clear().env("HOME", self.path());
        command
    }

    pub(crate) fn run(&self, line: &[&str]) -> Said {
        self.pipe(line, "")
    }

    /// Runs with this on standard input.
    pub(crate) fn pipe(&self, line: &[&str], input: &str) -> Said {
        let mut command = self.command(line);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that fails early does not read: that is no failure of the test.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Said {
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap(),
        }
    }
}

pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
