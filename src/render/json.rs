//! `--json`: the plan document of `docs/plan-format.md`, on one line.

use std::{io, io::Write};

use super::Options;
use crate::plan::{Plan, file};

/// Writes the document.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    file::write_json(plan, out)
}
