//! The Markdown of a pull-request comment, with the room of a step summary.

use std::{io, io::Write};

use super::{Options, STEP_SUMMARY, markdown};
use crate::plan::Plan;

/// Writes the summary: at most [`STEP_SUMMARY`] bytes.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    markdown::write(plan, &Options { markdown_budget: STEP_SUMMARY, ..options.clone() }, out)
}
