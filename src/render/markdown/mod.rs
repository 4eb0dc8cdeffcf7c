//! A comment on a pull request: everything a reviewer needs to decide, in a bounded number of bytes.
//!
//! What must be there (verdict, digest, matrix, refusals, one line for every cause and group) is laid out first; the
//! room that is left goes to names, the worst first. What does not fit is counted, at its place and at the end. No list,
//! table or `<details>` is ever cut in the middle.

mod budget;
mod lists;
mod sections;

use std::{io, io::Write};

use super::Options;
use crate::{plan::Plan, plan::file::tenant_id_text};
use budget::Budget;

/// The hidden first line by which a workflow finds its earlier comment: the same for every plan of a tenant.
#[must_use]
pub(crate) fn marker(plan: &Plan) -> String {
    format!("<!-- mfaplan:plan:{} -->", tenant_id_text(plan.tenant.id))
}

/// Writes the comment: at most `options.markdown_budget` bytes, but never less than its frame (about 4,000 bytes).
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let head = sections::head(plan);
    let tail = sections::tail(plan);
    // One line a cause and a group is worth more than the names under them: at most a third of the page.
    let third = options.markdown_budget / 3;
    let causes = sections::causes(plan, third / 2);
    let accepted = sections::accepted(plan, third / 4);
    let facts = sections::facts(plan, third / 4);
    let fixed = [&head, &tail, &causes, &accepted, &facts].map(|part| part.len()).iter().sum::<usize>();
    let mut budget = Budget::new(options.markdown_budget.saturating_sub(fixed + NOTE));
    let lists = lists::write(plan, &mut budget);
    for part in [head, lists, causes, accepted, facts, budget.note(), tail] {
        out.write_all(part.as_bytes())?;
    }
    out.flush()
}

/// Room for the sentence that says what is not shown.
const NOTE: usize = 300;

#[cfg(test)]
mod tests;
