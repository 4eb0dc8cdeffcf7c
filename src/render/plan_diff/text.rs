//! For a terminal.

use std::{io, io::Write};

use super::{SHOWN, fold, headline, is_grave, parts, totals, verdict};
use crate::{
    plan::{
        Change,
        compare::{ChangedUser, ClaimGroup, PlanDiff},
    },
    render::{Options, escape, style::Label, text::Page, words},
    severity::Severity,
};

/// Writes the difference for a terminal.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(diff: &PlanDiff<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let mut page = Page::new(&mut out, options);
    page.prose("", &verdict(diff), Some(Label::Heading))?;
    let (old, new) = diff.digests;
    page.line(&format!("Digest {old}"))?;
    if old != new {
        page.line(&format!("    →  {new}"))?;
    }
    terms(diff, &mut page)?;
    numbers(diff, &mut page)?;
    for group in &diff.claims {
        claims(group, &mut page)?;
    }
    side("Added", ('+', Label::Good), &diff.added, &mut page)?;
    side("Removed", ('-', Label::Hold), &diff.removed, &mut page)?;
    changed(&diff.changed, &mut page)?;
    out.flush()
}

/// What holds for the whole plan.
fn terms(diff: &PlanDiff<'_>, page: &mut Page<'_>) -> io::Result<()> {
    for one in &diff.refused {
        let sign = page.paint(Label::Stop, "refused now:");
        page.prose(&format!("{sign} "), &format!("{}: {}", one.rule, one.reason), None)?;
        page.prose("  Fix: ", &one.remedy, None)?;
    }
    for one in &diff.no_longer_refused {
        page.prose("no longer refused: ", &format!("{}: {}", one.rule, one.reason), None)?;
    }
    for term in &diff.terms {
        page.prose("", term, None)?;
    }
    for reason in &diff.findings {
        page.prose("tenant: ", &reason.to_string(), None)?;
    }
    Ok(())
}

/// The numbers of both sides; nothing where nothing differs, as they would be the plan's own.
fn numbers(diff: &PlanDiff<'_>, page: &mut Page<'_>) -> io::Result<()> {
    if diff.is_empty() {
        return Ok(());
    }
    page.blank()?;
    page.line(&page.paint(Label::Quiet, &format!("{:28}{:>10}{:>10}", "", "old", "new")))?;
    for (name, old, new) in totals(diff) {
        let row = format!("{name:28}{:>10}{:>10}", words::number(old), words::number(new));
        let row = if old == new { page.paint(Label::Quiet, &row) } else { row };
        page.line(&row)?;
    }
    Ok(())
}

/// Users whose claim differs: what happened, what it means, who.
fn claims(group: &ClaimGroup<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let severity = group.severity();
    let sign = page.paint(Label::Severity(severity), &format!("{severity}:"));
    page.blank()?;
    page.prose(&format!("{sign} "), &headline(group), None)?;
    page.prose("  ", group.meaning(), Some(Label::Quiet))?;
    page.prose("  Fix: ", group.remediation(), None)?;
    // Whoever loses protection is named, however many they are.
    let grave = severity >= Severity::High;
    let (shown, cut) = fold(&group.users, |_| grave, if page.verbose { usize::MAX } else { NAMED });
    for (user, state) in shown {
        page.line(&format!("    {} ({})", escape::text(&user.user_principal_name), escape::text(state.as_str())))?;
    }
    more(cut, page)
}

/// So many users of a claim are named where nothing got worse.
const NAMED: usize = 10;

fn more(cut: usize, page: &mut Page<'_>) -> io::Result<()> {
    if cut == 0 {
        return Ok(());
    }
    page.line(&format!("  … and {} more (--verbose lists them)", words::number(cut as u64)))
}

const fn limit(page: &Page<'_>) -> usize {
    if page.verbose { usize::MAX } else { SHOWN }
}

fn side(title: &str, (sign, label): (char, Label), changes: &[&Change], page: &mut Page<'_>) -> io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    page.heading(title)?;
    let (shown, cut) = fold(changes, |change| is_grave(change), limit(page));
    let sign = page.paint(label, &sign.to_string());
    for change in shown {
        let [name, parts @ ..] = &parts(change)[..] else { continue };
        page.beside(&format!("  {sign} {name}"), "  ", parts)?;
    }
    more(cut, page)
}

fn changed(users: &[ChangedUser<'_>], page: &mut Page<'_>) -> io::Result<()> {
    if users.is_empty() {
        return Ok(());
    }
    page.heading("Changed")?;
    let (shown, cut) = fold(users, |one| is_grave(one.new), limit(page));
    for one in shown {
        let reasons: Vec<_> = one.reasons.iter().map(ToString::to_string).collect();
        both(one, page)?;
        page.prose("      ", &reasons.join("; "), Some(Label::Quiet))?;
    }
    more(cut, page)
}

/// The old line and the new one, with what differs marked.
fn both(one: &ChangedUser<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let (old, new) = (parts(one.old), parts(one.new));
    for (sign, label, shown, other) in [('-', Label::Hold, &old, &new), ('+', Label::Good, &new, &old)] {
        let mark = |part: &String| if other.contains(part) { part.clone() } else { page.paint(label, part) };
        let [name, parts @ ..] = &shown.iter().map(mark).collect::<Vec<_>>()[..] else { continue };
        let sign = page.paint(label, &sign.to_string());
        page.beside(&format!("  {sign} {name}"), "  ", parts)?;
    }
    Ok(())
}
