//! Directories for results: nothing is added to one that holds something already.

use std::{fs, path::Path};

use super::Failure;

/// Is it absent, or empty?
pub(super) fn check(dir: &Path) -> Result<(), Failure> {
    match fs::read_dir(dir) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(Failure::new(format!("{} is not empty", dir.display()))
                .hint("name a directory that does not exist yet, or an empty one")),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::new(format!("{} cannot be read: {error}", dir.display()))),
    }
}

/// Makes the directory, or finds it empty.
pub(super) fn make(dir: &Path) -> Result<(), Failure> {
    check(dir)?;
    fs::create_dir_all(dir).map_err(|error| Failure::new(format!("{} cannot be made: {error}", dir.display())))
}
