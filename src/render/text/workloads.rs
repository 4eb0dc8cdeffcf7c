//! Accounts that may be workloads: named before the changes, with what lifts their hold.

use std::io;

use super::{
    super::{escape, style::Label, words},
    blocked::{accepted_until, block},
    groups::user_width,
    page::{Page, pad},
};
use crate::plan::{Change, Plan};

/// Of more than this, those that do not wait are counted; `--verbose` lists them.
const LISTED: usize = 20;

pub(super) fn write(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let changes = words::possible_workloads(plan);
    if changes.is_empty() {
        return Ok(());
    }
    page.heading(&escape::text(&format!("{}.", words::workloads_title(&changes))))?;
    let width = user_width(changes.iter().copied());
    let held: Vec<&Change> = changes.iter().copied().filter(|change| words::waits_for_behaviour(change)).collect();
    let shown = if page.verbose { changes.len() } else { LISTED.max(held.len()).min(changes.len()) };
    for change in &changes[..shown] {
        line(change, width, page)?;
    }
    if shown < changes.len() {
        let left = words::number((changes.len() - shown) as u64);
        page.line(&page.paint(Label::Quiet, &format!("  … and {left} more (--verbose lists them)")))?;
    }
    if held.is_empty() { Ok(()) } else { lifted_by(plan, &held, page) }
}

fn line(change: &Change, width: usize, page: &mut Page<'_>) -> io::Result<()> {
    let waits = words::waits_for_behaviour(change);
    let symbol = if waits {
        page.paint(Label::Hold, "~")
    } else {
        page.paint(Label::Action(change.action), &change.action.symbol().to_string())
    };
    let name = pad(&escape::text(&change.user.user_principal_name), width);
    let waits = if waits { "waits" } else { "" };
    page.beside(&format!("  {symbol} {name}"), "  ", &[words::transition(change), waits.to_owned()])?;
    let evidence = words::suspicion(change).map(words::evidence).unwrap_or_default();
    page.prose("      ", &evidence, Some(Label::Quiet))
}

/// The ways to lift the hold, the blocks ready to be pasted.
fn lifted_by(plan: &Plan, held: &[&Change], page: &mut Page<'_>) -> io::Result<()> {
    let [records, workload, person] = words::KNOWN_BEHAVIOUR;
    page.line("  Any of these lifts the hold:")?;
    page.prose("    - ", records, None)?;
    page.prose("    - ", &format!("{workload}:"), None)?;
    let open = format!("service_account \"{}\" {{", words::label(&held[0].user.user_principal_name));
    block(&open, held, &[("owner", "…"), ("reason", "a workload")], page)?;
    page.prose("    - ", &format!("{person}:"), None)?;
    let expires = accepted_until(plan);
    block("accept \"MFA009\" {", held, &[("reason", "…"), ("expires", &expires)], page)
}
