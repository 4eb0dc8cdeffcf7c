//! `--notices DIR`

use std::{fs, path::Path};

use crate::{
    cli::{Context, Failure, empty, save},
    config::Config,
    plan::Plan,
    readiness::Notices,
    render::notices,
};

/// Writes all files. The directory is the operator's list of what is still to be sent, so nothing is added to one that holds
/// something already.
pub(super) fn write(
    dir: &Path,
    config: &Config,
    plan: &Plan,
    notices: &Notices,
    context: &mut Context,
) -> Result<(), Failure> {
    if config.notices.is_empty() {
        return Err(Failure::new("the configuration has no `notice` block, so there is nothing to write")
            .hint("docs/readiness.md shows one"));
    }
    empty::make(dir)?;
    let mut letters = 0_u64;
    for file in notices::files(plan, notices) {
        let path = file.path.split('/').fold(dir.to_owned(), |path, part| path.join(part));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .map_err(|error| Failure::new(format!("{} cannot be made: {error}", parent.display())))?;
        }
        letters += u64::from(file.path.ends_with(".eml"));
        save::new(&path, &file.bytes)?;
    }
    context.note(&format!("{letters} letters written to {}; nothing is sent", dir.display()))?;
    for (count, why) in [
        (notices.without_wave, "to be raised have no wave that is still to open, so no day can be told to them"),
        (notices.without_address, "are guests without a mail address"),
    ] {
        if count > 0 {
            context.note(&format!("no letter for {count} users: they {why}"))?;
        }
    }
    Ok(())
}
