//! The difference of two plans, for a terminal, a comment, a page and a program.

mod html;
mod json;
mod markdown;
mod text;

use std::{fmt::Write as _, io, io::Write};

use super::{Options, escape, words};
use crate::{
    plan::{
        Change, PlanBlock, StateCounts, Summary,
        compare::{ClaimGroup, ClaimShift, PlanDiff},
    },
    severity::Severity,
};

/// How a difference is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DiffFormat {
    /// For a terminal.
    Text,
    /// For a comment.
    Markdown,
    /// A page of its own.
    Html,
    /// For a program.
    Json,
}

/// Writes a difference.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(diff: &PlanDiff<'_>, format: DiffFormat, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    match format {
        DiffFormat::Text => text::write(diff, options, out),
        DiffFormat::Markdown => markdown::write(diff, options, out),
        DiffFormat::Html => html::write(diff, options, out),
        DiffFormat::Json => json::write(diff, out),
    }
}

/// `3 users added, 1 removed, 2 changed; 4 claimed differently.`
fn verdict(diff: &PlanDiff<'_>) -> String {
    if diff.is_empty() {
        return "No difference: both plans do the same.".to_owned();
    }
    let added = words::count(words::len(&diff.added), "user");
    let (removed, changed) = (diff.removed.len() as u64, diff.changed.len() as u64);
    let claimed = diff.claims.iter().map(|group| words::len(&group.users)).sum::<u64>();
    let claims = if claimed == 0 { String::new() } else { format!("; {} claimed differently", words::number(claimed)) };
    format!("{added} added, {} removed, {} changed{claims}.", words::number(removed), words::number(changed))
}

/// `2 users no longer protected by service_account.scanners (workloads.mfa.hcl:3), and claimed by no block now`
fn headline(group: &ClaimGroup<'_>) -> String {
    let block = |block: Option<&PlanBlock>| {
        block.map_or_else(
            || "no block".to_owned(),
            |PlanBlock { place, .. }| format!("{} ({}:{})", place.address, place.file, place.line),
        )
    };
    let users = words::count(words::len(&group.users), "user");
    let (old, new) = (block(group.old), block(group.new));
    let mut line = match group.shift {
        ClaimShift::Unprotected => format!("{users} no longer protected by {old}, and claimed by {new} now"),
        ClaimShift::Unmanaged => format!("{users} no longer claimed by {old}, and by no other block"),
        ClaimShift::Protected => format!("{users} protected by {new} now, claimed by {old} before"),
        ClaimShift::OtherBlock => format!("{users} claimed by {new} instead of {old}"),
        ClaimShift::Managed => format!("{users} claimed by {new} now, by no block before"),
    };
    if group.changing > 0 {
        let _ = write!(line, "; {} of them will be changed", words::number(group.changing));
    }
    line
}

/// The numbers of both sides, by name: how the users are divided, and whatever else differs.
fn totals(diff: &PlanDiff<'_>) -> Vec<(&'static str, u64, u64)> {
    let [old, new] = [diff.summaries.0, diff.summaries.1].map(numbers);
    let both = old.into_iter().zip(new).map(|((name, old), (_, new))| (name, old, new));
    both.enumerate().filter(|(at, (_, old, new))| *at < DIVISION || old != new).map(|(_, row)| row).collect()
}

/// The first so many of [`numbers`] say how the users are divided.
const DIVISION: usize = 4;

/// The numbers of a plan, by name.
fn numbers(summary: &Summary) -> [(&'static str, u64); 18] {
    let Summary {
        users,
        managed,
        unmanaged,
        protected,
        unchanged,
        enable,
        enforce,
        relax,
        disable,
        hold,
        block,
        before: _, // Both plans are of one tenant; what differs is where they lead.
        after: StateCounts { disabled, enabled, enforced, unknown },
        findings,
        accepted,
    } = *summary;
    let grave = findings.critical + findings.high;
    [
        ("users", users),
        ("managed", managed),
        ("unmanaged", unmanaged),
        ("protected", protected),
        ("unchanged", unchanged),
        ("to enforce", enforce),
        ("to enable", enable),
        ("to relax", relax),
        ("to disable", disable),
        ("on hold", hold),
        ("blocked", block),
        ("enforced afterwards", enforced),
        ("enabled afterwards", enabled),
        ("disabled afterwards", disabled),
        ("unknown afterwards", unknown),
        ("critical and high findings", grave),
        ("other findings", findings.medium + findings.low + findings.info),
        ("accepted findings", accepted),
    ]
}

/// A change in words: the user, what becomes of them, then each finding. Two plans are compared by these.
fn parts(change: &Change) -> Vec<String> {
    let mut parts = vec![
        escape::text(&change.user.user_principal_name).into_owned(),
        words::transition(change),
        change.decision.as_str().to_owned(),
    ];
    parts.extend(change.findings.iter().map(|finding| {
        let accepted = if finding.accepted.is_some() { " accepted" } else { "" };
        escape::text(&format!("{} {}{accepted}", finding.rule, finding.severity)).into_owned()
    }));
    parts
}

/// So many users of each kind are listed; `--verbose` lists all. Those that get worse are never cut.
const SHOWN: usize = 40;

/// What is withheld or at risk now needs eyes.
fn is_grave(change: &Change) -> bool {
    change.decision.is_block() || change.worst() >= Some(Severity::High)
}

/// All grave ones and the first of the others; how many are left out.
fn fold<T>(all: &[T], grave: impl Fn(&T) -> bool, limit: usize) -> (Vec<&T>, usize) {
    let mut room = limit;
    let shown: Vec<_> = all
        .iter()
        .filter(|one| {
            grave(one) || {
                let fits = room > 0;
                room = room.saturating_sub(1);
                fits
            }
        })
        .collect();
    let cut = all.len() - shown.len();
    (shown, cut)
}

#[cfg(test)]
mod tests;
