//! What stops the plan or a user's change, and the way out of it.

use std::{collections::BTreeMap, io};

use jiff::SignedDuration;

use super::{
    super::{escape, style::Label, words},
    groups::user_width,
    page::{Page, pad},
};
use crate::{
    plan::{Change, Plan},
    risk::Finding,
    severity::Severity,
};

/// Evidence is shown for so many users of one cause; `--verbose` shows it for all.
const DETAILED: usize = 20;

pub(super) fn refusals(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    if plan.refused.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let title = page.paint(Label::Stop, "REFUSED: this plan cannot be applied.");
    page.line(&title)?;
    for refusal in &plan.refused {
        let sign = page.paint(Label::Stop, "!");
        page.prose(&format!("  {sign} "), &format!("{}: {}", refusal.rule, refusal.reason), None)?;
        page.prose("    Fix: ", &refusal.remedy, None)?;
    }
    Ok(())
}

/// A blocked change and what blocks it.
type Withheld<'a> = (&'a Change, Option<&'a Finding>);

/// Blocked changes by the finding that blocks them.
pub(super) fn write(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let mut by_cause: BTreeMap<(std::cmp::Reverse<Severity>, &str), Vec<Withheld<'_>>> = BTreeMap::new();
    for change in plan.changes.iter().filter(|change| change.decision.is_block()) {
        let cause = cause(change);
        let key = cause.map_or((Severity::High, ""), |one| (one.severity, &*one.rule));
        by_cause.entry((std::cmp::Reverse(key.0), key.1)).or_default().push((change, cause));
    }
    if by_cause.is_empty() {
        return Ok(());
    }
    page.blank()?;
    let one = plan.summary.block == 1;
    let title = format!(
        "BLOCKED: {} withheld; the others go on.",
        if one { "1 change is".to_owned() } else { format!("{} changes are", words::number(plan.summary.block)) }
    );
    let title = page.paint(Label::Stop, &title);
    page.line(&title)?;
    for users in by_cause.values() {
        cause_section(plan, users, page)?;
    }
    Ok(())
}

/// The finding under which a change is listed: of those that block, one that nobody can accept comes before the worst.
fn cause(change: &Change) -> Option<&Finding> {
    change.blocking().find(|one| !words::is_acceptable(&one.rule)).or_else(|| change.blocking().next())
}

fn cause_section(plan: &Plan, users: &[Withheld<'_>], page: &mut Page<'_>) -> io::Result<()> {
    let Some((_, Some(first))) = users.first() else {
        return list(users, page, None);
    };
    let heading = format!("  {}: {}", page.rule(first), words::count(words::len(users), "user"));
    page.line(&heading)?;
    let common = users.iter().all(|(_, finding)| finding.is_some_and(|one| one.message == first.message));
    if common {
        page.prose("    ", &first.message, None)?;
    }
    list(users, page, (!common).then_some(()))?;
    page.prose("    Fix: ", &first.remediation, None)?;
    let all: Vec<&Change> = users.iter().map(|(change, _)| *change).collect();
    let workloads: Vec<&Change> = all.iter().copied().filter(|change| words::is_suspected_workload(change)).collect();
    if !workloads.is_empty() {
        page.prose(
            "    ",
            "Or declare the workload, and take it out of `users` where an `mfa` block lists it by name:",
            None,
        )?;
        let reason = format!("a workload ({} {})", first.rule, first.name);
        let open = format!("service_account \"{}\" {{", words::label(&workloads[0].user.user_principal_name));
        block(&open, &workloads, &[("owner", "…"), ("reason", &reason)], page)?;
    }
    if words::is_acceptable(&first.rule) {
        page.line("    Or accept the risk, with your reason and date:")?;
        let expires = accepted_until(plan);
        block(&format!("accept \"{}\" {{", first.rule), &all, &[("reason", "…"), ("expires", &expires)], page)?;
    }
    Ok(())
}

/// Until when a proposed waiver lasts: a quarter.
pub(super) fn accepted_until(plan: &Plan) -> String {
    let later = plan.as_of.checked_add(SignedDuration::from_hours(24 * 90)).unwrap_or(plan.as_of);
    later.strftime("%Y-%m-%d").to_string()
}

/// A block of a configuration, as it would be written there: it parses as printed, and is about exactly these users.
pub(super) fn block(open: &str, users: &[&Change], arguments: &[(&str, &str)], page: &mut Page<'_>) -> io::Result<()> {
    page.line(&format!("      {}", escape::text(open)))?;
    page.line("        users = [")?;
    for (at, change) in users.iter().enumerate() {
        if at == DETAILED && !page.verbose {
            let left = words::number((users.len() - at) as u64);
            page.line(&format!("          # and {left} more: --verbose lists them"))?;
            break;
        }
        page.line(&format!("          {},", words::hcl_string(&change.user.user_principal_name)))?;
    }
    page.line("        ]")?;
    let width = arguments.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in arguments {
        page.line(&format!("        {name:<width$} = {}", words::hcl_string(value)))?;
    }
    page.line("      }")
}

fn list(users: &[Withheld<'_>], page: &mut Page<'_>, messages: Option<()>) -> io::Result<()> {
    let width = user_width(users.iter().map(|(change, _)| *change));
    for (at, (change, finding)) in users.iter().enumerate() {
        let sign = page.paint(Label::Stop, "!");
        let name = pad(&escape::text(&change.user.user_principal_name), width);
        let also: Vec<_> = change
            .findings
            .iter()
            .filter(|one| one.accepted.is_none() && one.severity >= Severity::High)
            .filter(|one| finding.is_none_or(|cause| cause.rule != one.rule))
            .map(|one| &*one.rule)
            .collect();
        let mut parts = vec![words::transition(change)];
        if !also.is_empty() {
            parts.push(format!("also {}", escape::text(&also.join(", "))));
        }
        page.beside(&format!("    {sign} {name}"), "  ", &parts)?;
        let Some(finding) = finding.filter(|_| at < DETAILED || page.verbose) else { continue };
        if messages.is_some() {
            page.prose("        ", &finding.message, None)?;
        }
        page.prose("        ", &words::evidence(finding), Some(Label::Quiet))?;
        if let Some(hold) = change.decision.hold() {
            page.prose("        ", &format!("would also wait {}", words::hold(hold)), Some(Label::Hold))?;
        }
    }
    Ok(())
}
