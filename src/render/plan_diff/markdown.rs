//! A comment: whole lines, those that matter first, in a bounded number of bytes.

use std::{fmt::Write as _, io, io::Write};

use super::{headline, is_grave, totals, verdict};
use crate::{
    plan::{
        Change, Refusal,
        compare::{ChangedUser, ClaimGroup, PlanDiff, Reason},
    },
    render::{Options, escape, words},
};

/// What has a line in a comment. Lines are made only of what is shown.
enum Entry<'a> {
    Refused(&'a Refusal),
    NoLongerRefused(&'a Refusal),
    Term(&'a str),
    Tenant(&'a Reason),
    /// `added` or `removed`.
    Change(&'static str, &'a Change),
    Changed(&'a ChangedUser<'a>),
}

impl Entry<'_> {
    fn is_grave(&self) -> bool {
        match self {
            Self::Refused(_) | Self::NoLongerRefused(_) | Self::Term(_) | Self::Tenant(_) => true,
            Self::Change(_, change) => is_grave(change),
            Self::Changed(one) => is_grave(one.new),
        }
    }

    fn line(&self) -> String {
        let user = |change: &Change| escape::markdown_code(&change.user.user_principal_name);
        match self {
            Self::Refused(one) => {
                let text = format!("{}: {} Fix: {}", one.rule, one.reason, one.remedy);
                format!("- **Refused now**: {}\n", escape::markdown(&text))
            }
            Self::NoLongerRefused(one) => format!("- No longer refused: {}\n", escape::markdown(&one.rule)),
            Self::Term(term) => format!("- {}\n", escape::markdown(term)),
            Self::Tenant(reason) => format!("- Tenant: {}\n", escape::markdown(&reason.to_string())),
            Self::Change(word, change) => {
                let rest = format!("{}, {}", words::transition(change), change.decision.as_str());
                let risk = change.worst().map_or_else(String::new, |severity| format!(", {severity} risk"));
                format!("- {word}: {} {rest}{risk}\n", user(change))
            }
            Self::Changed(one) => {
                let reasons: Vec<_> = one.reasons.iter().map(ToString::to_string).collect();
                format!("- changed: {} {}\n", user(one.new), escape::markdown(&reasons.join("; ")))
            }
        }
    }
}

/// A comment of at most the budget: the numbers and one line a changed claim, then the grave lines, then a count.
///
/// # Errors
/// Those of the writer.
pub(super) fn write<'a>(diff: &'a PlanDiff<'a>, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let mut page = format!("<!-- mfaplan:diff -->\n## What changes: {}\n\n", verdict(diff));
    let _ = writeln!(page, "Digest: `{}` → `{}`\n", diff.digests.0, diff.digests.1);
    page.push_str(&numbers(diff));
    page.push_str(&claims(&diff.claims, options.markdown_budget / 3));
    let changes = |word, list: &'a [&'a Change]| list.iter().map(move |one| Entry::Change(word, one));
    let mut entries: Vec<_> = diff.refused.iter().map(|one| Entry::Refused(one)).collect();
    entries.extend(diff.no_longer_refused.iter().map(|one| Entry::NoLongerRefused(one)));
    entries.extend(diff.terms.iter().map(|term| Entry::Term(term)));
    entries.extend(diff.findings.iter().map(Entry::Tenant));
    entries.extend(changes("added", &diff.added));
    entries.extend(changes("removed", &diff.removed));
    entries.extend(diff.changed.iter().map(Entry::Changed));
    entries.sort_by_cached_key(|entry| !entry.is_grave());
    let mut shown = 0;
    for entry in &entries {
        let line = entry.line();
        // Room for the closing count.
        if page.len() + line.len() + 80 > options.markdown_budget {
            break;
        }
        page.push_str(&line);
        shown += 1;
    }
    if shown < entries.len() {
        let _ = writeln!(page, "\n… and {} more.", words::number((entries.len() - shown) as u64));
    }
    out.write_all(page.as_bytes())
}

/// The numbers of both sides.
fn numbers(diff: &PlanDiff<'_>) -> String {
    if diff.is_empty() {
        return String::new();
    }
    let mut table = "| | old | new |\n|---|--:|--:|\n".to_owned();
    for (name, old, new) in totals(diff) {
        let bold = if old == new { "" } else { "**" };
        let _ = writeln!(table, "| {name} | {} | {bold}{}{bold} |", words::number(old), words::number(new));
    }
    table.push('\n');
    table
}

/// A line for every group of users whose claim differs; names share what is left of `room`.
fn claims(groups: &[ClaimGroup<'_>], room: usize) -> String {
    let heads: Vec<_> = groups.iter().map(claim).collect();
    let each = room.saturating_sub(heads.iter().map(String::len).sum()) / groups.len().max(1);
    let mut page = String::new();
    let mut left_out = 0_u64;
    for (group, head) in groups.iter().zip(heads) {
        // Hundreds of blocks, renamed all at once: counted, worst first.
        if page.len() + head.len() > room {
            left_out += 1;
            continue;
        }
        page.push_str(&head);
        let mut names = String::new();
        let mut shown = 0;
        for (user, state) in &group.users {
            let name = format!("{} ({})", escape::markdown_code(&user.user_principal_name), state.as_str());
            if names.len() + name.len() > each {
                break;
            }
            names.push_str(if shown == 0 { "  " } else { ", " });
            names.push_str(&name);
            shown += 1;
        }
        let left = group.users.len() - shown;
        let _ = match (shown, left) {
            (0, _) => Ok(()),
            (_, 0) => writeln!(page, "{names}"),
            _ => writeln!(page, "{names} and {} more", words::number(left as u64)),
        };
    }
    if left_out > 0 {
        let _ = writeln!(page, "- … and {} more changed claims", words::number(left_out));
    }
    if !page.is_empty() {
        page.push('\n');
    }
    page
}

/// What happened, and what it means.
fn claim(group: &ClaimGroup<'_>) -> String {
    let fix = match group.remediation() {
        "" => String::new(),
        fix => format!(" *Fix*: {fix}"),
    };
    format!("- **{}**: {}. {}{fix}\n", group.severity(), escape::markdown(&headline(group)), group.meaning())
}
