//! Writing result files: whole or not at all.

use std::{
    io::{BufWriter, Write},
    path::Path,
};

use crate::plan::{self, Plan};

use super::Failure;

/// Saves a plan, with its checksum.
pub(super) fn plan(plan: &Plan, path: &Path) -> Result<(), Failure> {
    atomically(path, |out| plan::file::write(plan, out))
}

/// Replaces a file by what `write` writes. A file that is there stays untouched until the new one is complete and on
/// disk, so that an interrupted command never leaves half a plan.
pub(super) fn atomically(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{} cannot be written: {error}", path.display()));
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let file = tempfile::Builder::new().prefix(".mfaplan-").tempfile_in(dir).map_err(failed)?;
    let mut out = BufWriter::with_capacity(1 << 16, file);
    write(&mut out).map_err(failed)?;
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    file.as_file().sync_all().map_err(failed)?;
    readable(file.as_file()).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Temporary files are private; a result has the usual mode.
#[cfg(unix)]
fn readable(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
