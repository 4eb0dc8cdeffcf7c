//! Findings that are not of one change, and the list of all by rule.

use std::io;

use super::{
    super::{
        causes::{Waived, Which, causes, waived},
        escape,
        style::Label,
        words,
    },
    page::{Page, pad},
};
use crate::{
    plan::Plan,
    risk::{Accepted, PlanFinding},
    severity::Severity,
};

/// So many findings of the tenant are shown in full.
const SHOWN: usize = 30;

/// Unaccepted findings of the tenant, of blocks and of users without a change; failed checks.
pub(super) fn of_plan(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let least = if page.verbose { Severity::Info } else { Severity::Medium };
    let shown: Vec<_> =
        plan.findings.iter().filter(|one| one.finding.accepted.is_none() && one.finding.severity >= least).collect();
    let failed: Vec<_> = plan.checks.iter().filter(|check| !check.passed).collect();
    if shown.is_empty() && failed.is_empty() {
        return Ok(());
    }
    page.heading("Tenant and configuration")?;
    let limit = if page.verbose { usize::MAX } else { SHOWN };
    for (at, one) in shown.iter().enumerate() {
        if at < limit || one.finding.severity >= Severity::High {
            finding(one, page)?;
        }
    }
    let cut = shown.iter().skip(limit).filter(|one| one.finding.severity < Severity::High).count();
    if cut > 0 {
        page.line(&format!("  … and {} more (--verbose)", words::number(cut as u64)))?;
    }
    for check in failed {
        let prefix = format!("  {} ", page.paint(Label::Hold, "check"));
        page.prose(&prefix, &format!("{} failed: {}", check.name, check.message), None)?;
    }
    Ok(())
}

fn finding(one: &PlanFinding, page: &mut Page<'_>) -> io::Result<()> {
    let place = one.declared_by.as_ref().map_or_else(String::new, |place| {
        escape::text(&format!("({}, {}:{})", place.address, place.file, place.line)).into_owned()
    });
    let user = one.user.as_ref().map_or_else(String::new, |user| escape::text(&user.user_principal_name).into_owned());
    page.beside(&format!("  {}", page.rule(&one.finding)), " ", &[user, place])?;
    page.prose("    ", &one.finding.message, None)?;
    let evidence = if page.verbose {
        words::evidence(&one.finding)
    } else {
        // Which rules are blind stands in the page's head, and spelled out behind --verbose.
        let mut short = one.finding.clone();
        short.evidence.retain(|evidence| evidence.fact != "not_evaluated");
        words::evidence(&short)
    };
    page.prose("    ", &evidence, Some(Label::Quiet))?;
    page.prose("    Fix: ", &one.finding.remediation, None)
}

/// Every rule that found something, with counts; then what was accepted, by waiver.
pub(super) fn by_rule(plan: &Plan, page: &mut Page<'_>) -> io::Result<()> {
    let counted = causes(plan, Which::Unaccepted);
    if !counted.is_empty() {
        page.heading("Risks by rule")?;
        let width = counted.iter().map(|one| one.name.chars().count()).max().unwrap_or(0).min(44);
        for cause in &counted {
            let severity = page.paint(Label::Severity(cause.severity), &pad(cause.severity.as_str(), 8));
            let name = pad(&escape::text(cause.name), width);
            let number = words::number(cause.count());
            page.line(&format!("  {severity}  {}  {name}  {number:>7}", escape::text(cause.rule)))?;
        }
    }
    let waived = waived(plan);
    if !waived.is_empty() {
        page.heading("Accepted risks")?;
    }
    for Waived { rule, accepted: Accepted { address, reason, expires, approved_by }, count } in waived {
        let by = approved_by.as_deref().map_or_else(String::new, |by| format!(", approved by {by}"));
        let text = format!("{}, until {expires}{by}: {reason} ({address})", words::count(count, "finding"));
        page.prose(&format!("  {}  ", escape::text(rule)), &text, None)?;
    }
    Ok(())
}
