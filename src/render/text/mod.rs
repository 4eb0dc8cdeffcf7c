//! The view for a terminal: risk first, one line a user, folded where nothing is at stake.
//!
//! Order: header, what stops the plan and the way out, findings of the tenant, possible workloads, changes by declaring
//! block and transition, risks by rule, the matrix, the summary line, digest and next command. Users at high or critical
//! risk are never cut; long groups of others end in a count.

mod blocked;
mod findings;
mod footer;
mod groups;
mod header;
mod page;
mod workloads;

use std::{io, io::BufWriter, io::Write};

use super::Options;
use crate::plan::Plan;
pub(super) use page::Page;

/// Writes the view.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(64 * 1024, out);
    let mut page = Page::new(&mut buffered, options);
    header::write(plan, &mut page)?;
    blocked::refusals(plan, &mut page)?;
    blocked::write(plan, &mut page)?;
    findings::of_plan(plan, &mut page)?;
    workloads::write(plan, &mut page)?;
    groups::write(plan, &mut page)?;
    findings::by_rule(plan, &mut page)?;
    super::replay::text_section(plan, &mut page)?;
    footer::write(plan, options, &mut page)?;
    buffered.flush()
}

#[cfg(test)]
mod tests;
