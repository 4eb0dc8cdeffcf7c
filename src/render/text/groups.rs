//! Changes by declaring block and transition, one line a user.

use std::{collections::HashMap, io};

use super::{
    super::{
        escape,
        groups::{Group, groups},
        protected,
        style::Label,
        words,
    },
    page::{Page, columns, pad},
};
use crate::{
    plan::{Change, Plan},
    risk::Finding,
    severity::Severity,
};

/// Groups up to this size are shown whole.
const WHOLE: usize = 20;
/// Of longer ones so many users without a high risk.
const SAMPLE: usize = 10;
/// So many users of a group are shown with their evidence.
const DETAILED: usize = 20;
/// Names longer than this push their line out instead of all lines.
const WIDEST_NAME: usize = 40;

/// The width of the column of names.
pub(super) fn user_width<'a>(changes: impl Iterator<Item = &'a Change>) -> usize {
    changes.map(|one| columns(&one.user.user_principal_name)).filter(|w| *w <= WIDEST_NAME).max().unwrap_or(0)
}

pub(super) fn write(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let mut block = None;
    for one in groups(plan) {
        if block.replace(one.block) != Some(one.block) {
            let title = one.block.map_or_else(
                || "Restored by this rollback".to_owned(),
                |place| format!("{} ({}:{})", place.address, place.file, place.line),
            );
            page.heading(&escape::text(&title))?;
            let declaring = one.block.and_then(|place| protected::declaring(plan, &place.address));
            if let Some(block) = declaring.filter(|_| page.verbose) {
                page.prose("  ", &protected::says(block), Some(Label::Quiet))?;
            }
        }
        group(&one, page)?;
    }
    Ok(())
}

fn group(group: &Group<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let Group { block: _, held, hold, changes, twin: _ } = group;
    let (held, Some(first)) = (*held, changes.first()) else { return Ok(()) };
    let title = format!("{}: {}", words::transition(first), words::count(words::len(changes), "user"));
    match hold {
        Some(hold) if held => {
            page.prose("  ", &format!("{title}, waiting {}", words::hold(hold)), Some(Label::Hold))?
        }
        Some(hold) => page.prose("  ", &format!("{title}, staying there {}", words::hold(hold)), None)?,
        None => page.prose("  ", &title, None)?,
    }
    let (modern, legacy) = words::impact(&first.impact);
    page.prose("    ", &format!("modern sign-in {modern}; legacy {legacy}"), Some(Label::Quiet))?;
    let limit = if page.verbose || changes.len() <= WHOLE { usize::MAX } else { SAMPLE };
    let width = user_width(changes.iter().copied());
    let (mut shown, mut cut) = (0, 0_u64);
    let mut explained = HashMap::new();
    for (at, change) in changes.iter().enumerate() {
        let risky = change.worst().is_some_and(|severity| severity >= Severity::High);
        if !risky && shown >= limit {
            cut += 1;
            continue;
        }
        shown += usize::from(!risky);
        user(change, width, held, page)?;
        if page.verbose || (risky && at < DETAILED) {
            details(change, &mut explained, page)?;
        }
    }
    if cut > 0 {
        let line = format!("    … and {} more without a high risk (--verbose lists them)", words::number(cut));
        let line = page.paint(Label::Quiet, &line);
        page.line(&line)?;
    }
    Ok(())
}

fn user(change: &Change, width: usize, held: bool, page: &mut Page<'_>) -> io::Result<()> {
    let symbol = change.action.symbol().to_string();
    let symbol = if held { page.paint(Label::Hold, "~") } else { page.paint(Label::Action(change.action), &symbol) };
    let name = pad(&escape::text(&change.user.user_principal_name), width);
    // Findings are sorted, worst first.
    let worst = change.findings.iter().find(|one| one.accepted.is_none());
    let worst = match worst {
        Some(finding) => {
            let more = change.findings.iter().filter(|one| one.accepted.is_none()).count() - 1;
            let more = if more == 0 { String::new() } else { format!(" +{more}") };
            let severity = page.paint(Label::Severity(finding.severity), finding.severity.as_str());
            format!("{severity} {}{more}", escape::text(&finding.rule))
        }
        None if change.findings.is_empty() => String::new(),
        None => page.paint(Label::Quiet, "accepted"),
    };
    page.beside(&format!("    {symbol} {name}"), "  ", &[words::transition(change), worst])
}

/// The findings behind a user's line. What a rule says and what helps is said once a group; then the evidence is enough.
fn details<'a>(change: &'a Change, explained: &mut HashMap<&'a str, &'a str>, page: &mut Page<'_>) -> io::Result<()> {
    let least = if page.verbose { Severity::Info } else { Severity::High };
    let shown = |one: &&Finding| one.severity >= least && (page.verbose || one.accepted.is_none());
    for finding in change.findings.iter().filter(shown).collect::<Vec<_>>() {
        let evidence = words::evidence(finding);
        let known = explained.insert(&finding.rule, &finding.message) == Some(&finding.message);
        let waived = finding.accepted.as_deref().map_or_else(String::new, |accepted| {
            escape::text(&format!(", accepted until {} by {}", accepted.expires, accepted.address)).into_owned()
        });
        if known {
            let severity = page.paint(Label::Severity(finding.severity), finding.severity.as_str());
            let lead = format!("        {severity} {}{waived}", escape::text(&finding.rule));
            page.prose(
                &format!("{lead} "),
                if evidence.is_empty() { "as above" } else { &evidence },
                Some(Label::Quiet),
            )?;
            continue;
        }
        let line = format!("        {}{waived}", page.rule(finding));
        page.line(&line)?;
        page.prose("          ", &finding.message, None)?;
        page.prose("          ", &evidence, Some(Label::Quiet))?;
        page.prose("          Fix: ", &finding.remediation, None)?;
    }
    Ok(())
}
