//! Writing result files: whole or not at all, and private.

use std::{io::Write, path::Path};

use crate::{
    files::{self, Access},
    plan::{self, Plan},
};

use super::{Context, Failure};

/// What spreadsheets want at the start of a CSV file, to read it as UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Saves a plan, with its checksum.
pub(super) fn plan(plan: &Plan, path: &Path, context: &Context) -> Result<(), Failure> {
    atomically(path, context, |out| plan::file::write(plan, out))
}

/// Replaces a file by what `write` writes, readable by its owner alone. A file that this command reads stays.
pub(super) fn atomically(
    path: &Path,
    context: &Context,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    context.inputs.refuse(path)?;
    replace(path, Access::Private, write)
}

/// Writes a file that was not there, readable by its owner alone.
pub(super) fn new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    files::private()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))
}

/// Replaces a source file, which keeps its mode.
pub(super) fn source(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, Access::Kept, |out| out.write_all(text.as_bytes()))
}

fn replace(
    path: &Path,
    access: Access,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    files::replace(path, access, write)
        .map_err(|error| Failure::new(format!("{} cannot be written: {error}", path.display())))
}
