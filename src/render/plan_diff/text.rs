//! For a terminal.

use std::{io, io::Write};

use similar::{ChangeTag, TextDiff};

use super::{SHOWN, fold, headline, is_grave, line, totals, verdict};
use crate::{
    plan::compare::{ChangedUser, ClaimGroup, PlanDiff},
    render::{
        Options, escape,
        style::{Label, Painter},
        words,
    },
};

/// Writes the difference for a terminal.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(diff: &PlanDiff<'_>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let painter = Painter::new(options.color);
    let limit = if options.verbose { usize::MAX } else { SHOWN };
    let mut out = io::BufWriter::new(out);
    writeln!(out, "{}", painter.paint(Label::Heading, &verdict(diff)))?;
    if diff.digests.0 == diff.digests.1 {
        writeln!(out, "Digest {}", diff.digests.0)?;
    } else {
        writeln!(out, "Digest {}\n    →  {}", diff.digests.0, diff.digests.1)?;
    }
    for one in &diff.refused {
        let sign = painter.paint(Label::Stop, "refused now:");
        writeln!(out, "{sign} {}", escape::text(&format!("{}: {} Fix: {}", one.rule, one.reason, one.remedy)))?;
    }
    for one in &diff.no_longer_refused {
        writeln!(out, "no longer refused: {}", escape::text(&format!("{}: {}", one.rule, one.reason)))?;
    }
    for term in &diff.terms {
        writeln!(out, "{}", escape::text(term))?;
    }
    for reason in &diff.findings {
        writeln!(out, "tenant: {}", escape::text(&reason.to_string()))?;
    }
    numbers(diff, painter, &mut out)?;
    for group in &diff.claims {
        claims(group, painter, options.verbose, &mut out)?;
    }
    let sides = [("Added", '+', Label::Good, &diff.added), ("Removed", '-', Label::Hold, &diff.removed)];
    for (title, sign, label, changes) in sides {
        if changes.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", painter.paint(Label::Heading, title))?;
        let (shown, cut) = fold(changes, |change| is_grave(change), limit);
        for change in shown {
            writeln!(out, "  {} {}", painter.paint(label, &sign.to_string()), line(change))?;
        }
        more(cut, &mut out)?;
    }
    if !diff.changed.is_empty() {
        writeln!(out, "\n{}", painter.paint(Label::Heading, "Changed"))?;
        let (shown, cut) = fold(&diff.changed, |one| is_grave(one.new), limit);
        for one in shown {
            changed(one, painter, &mut out)?;
        }
        more(cut, &mut out)?;
    }
    out.flush()
}

/// The numbers of both sides; nothing where nothing differs, as they would be the plan's own.
fn numbers(diff: &PlanDiff<'_>, painter: Painter, out: &mut dyn Write) -> io::Result<()> {
    if diff.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", painter.paint(Label::Quiet, &format!("{:28}{:>10}{:>10}", "", "old", "new")))?;
    for (name, old, new) in totals(diff) {
        let row = format!("{name:28}{:>10}{:>10}", words::number(old), words::number(new));
        let row = if old == new { painter.paint(Label::Quiet, &row) } else { row };
        writeln!(out, "{row}")?;
    }
    Ok(())
}

/// Users whose claim differs: what happened, what it means, who.
fn claims(group: &ClaimGroup<'_>, painter: Painter, verbose: bool, out: &mut dyn Write) -> io::Result<()> {
    let severity = group.severity();
    let sign = painter.paint(Label::Severity(severity), &format!("{severity}:"));
    writeln!(out, "\n{sign} {}", escape::text(&headline(group)))?;
    writeln!(out, "  {}", painter.paint(Label::Quiet, group.meaning()))?;
    if !group.remediation().is_empty() {
        writeln!(out, "  {}", painter.paint(Label::Quiet, &format!("Fix: {}", group.remediation())))?;
    }
    // Whoever loses protection is named, however many they are.
    let grave = severity >= crate::severity::Severity::High;
    let (shown, cut) = fold(&group.users, |_| grave, if verbose { usize::MAX } else { NAMED });
    for (user, state) in shown {
        writeln!(out, "    {} ({})", escape::text(&user.user_principal_name), escape::text(state.as_str()))?;
    }
    more(cut, out)
}

/// So many users of a claim are named where nothing got worse.
const NAMED: usize = 10;

fn more(cut: usize, out: &mut dyn Write) -> io::Result<()> {
    if cut == 0 { Ok(()) } else { writeln!(out, "  … and {} more (--verbose lists them)", words::number(cut as u64)) }
}

/// The old line and the new one, with the words that differ marked, and the reasons.
fn changed(one: &ChangedUser<'_>, painter: Painter, out: &mut dyn Write) -> io::Result<()> {
    let (old, new) = (line(one.old), line(one.new));
    let words = TextDiff::from_words(&*old, &*new);
    for (sign, tag, label) in [('-', ChangeTag::Delete, Label::Hold), ('+', ChangeTag::Insert, Label::Good)] {
        let mut shown = String::new();
        for change in words.iter_all_changes() {
            if change.tag() == ChangeTag::Equal {
                shown.push_str(change.value());
            } else if change.tag() == tag {
                shown.push_str(&painter.paint(label, change.value()));
            }
        }
        writeln!(out, "  {} {shown}", painter.paint(label, &sign.to_string()))?;
    }
    let reasons: Vec<_> = one.reasons.iter().map(ToString::to_string).collect();
    writeln!(out, "      {}", painter.paint(Label::Quiet, &escape::text(&reasons.join("; "))))
}
