//! A comment on a pull request: everything a reviewer needs to decide, in a bounded number of bytes.
//!
//! What must be there (verdict, digest, matrix, refusals, one line for every cause and group) is laid out first; the
//! room that is left goes to names: those who will be written before those who will not, and every cause and group its
//! share. What does not fit is counted, at its place and at the end. No list, table or `<details>` is ever cut in the
//! middle.

mod budget;
mod lists;
mod sections;

use std::{io, io::Write};

use super::Options;
use crate::plan::Plan;
use budget::Section;
use lists::Detail;

/// The hidden first line by which a workflow finds its earlier comment: the same for every plan of a tenant.
#[must_use]
pub(crate) fn marker(plan: &Plan) -> String {
    super::mark(plan.tenant.id)
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
    let replay = super::replay::markdown_section(plan);
    let fixed = [&head, &tail, &causes, &accepted, &facts, &replay].map(|part| part.len()).iter().sum::<usize>();
    let room = options.markdown_budget.saturating_sub(fixed + NOTE);
    // The most detail with which all heads fit and leave half of the room for names; with the least they nearly always do.
    let fits = |sections: &[Section<'_>], room: usize| sections.iter().map(Section::fixed).sum::<usize>() <= room;
    let detailed = Detail::ALL.into_iter().map(|detail| lists::sections(plan, detail));
    let mut sections = detailed
        .clone()
        .find(|sections| fits(sections, room / 2))
        .or_else(|| detailed.clone().find(|sections| fits(sections, room)))
        .unwrap_or_else(|| lists::sections(plan, Detail::Bare));
    let heads: usize = sections.iter().map(Section::fixed).sum();
    let cut = budget::share(&mut sections, room.saturating_sub(heads));
    let mut lists = String::new();
    let mut left_out = 0;
    for section in &sections {
        // More heads than a page has room for: hundreds of blocks. They are counted.
        if heads > room && lists.len() + section.fixed() > room {
            left_out += 1;
        } else {
            section.write(&mut lists);
        }
    }
    for part in [head, replay, lists, causes, accepted, facts, budget::note(cut + left_out), tail] {
        out.write_all(part.as_bytes())?;
    }
    out.flush()
}

/// Room for the sentence that says what is not shown.
const NOTE: usize = 300;

#[cfg(test)]
mod tests;
