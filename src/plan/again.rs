//! What was decided earlier, judged again by the guardrails and the policy at hand: a saved plan before it is applied, a
//! run before it is gone on with. A policy that was tightened since must not be passed by.

use std::collections::BTreeSet;

use crate::{
    config::{Config, Layer},
    diff::Action,
    severity::Severity,
    tenant::Text,
};

use super::{
    Refusal, Summary, Waiver,
    digest::{Document, Weight},
    guardrails::{self, Judged, refusal, waiver},
};

/// Why these writes would be refused now; empty where they would not.
///
/// `enabled_users` are those of the tenant, of which `max_change_percent` speaks. Of a way back nothing is withheld for
/// its risks, as when it was planned.
#[must_use]
pub(crate) fn refused_now(document: &Document, config: &Config, enabled_users: u64, way_back: bool) -> Vec<Refusal> {
    let guardrails = &config.guardrails;
    let mut refused = Vec::new();
    let mut waivers: Vec<Waiver> = Vec::new();
    for (guardrail, bound) in &document.waivers {
        let bound = bound.as_str().map_or_else(|| bound.to_string(), str::to_owned);
        match waiver(guardrails, guardrail, &bound, "given when the plan was made") {
            Ok(waiver) => waivers.push(waiver),
            Err(why) => refused.push(refusal(guardrail, why, "plan again, without the waiver".to_owned())),
        }
    }
    let mut summary = Summary::default();
    for change in &document.changes {
        match Action::between(change.before, change.after) {
            Some(Action::Enable) => summary.enable += 1,
            Some(Action::Enforce) => summary.enforce += 1,
            Some(Action::Relax) => summary.relax += 1,
            Some(Action::Disable) => summary.disable += 1,
            None => {}
        }
    }
    refused.extend(guardrails::refusals(&Judged {
        guardrails,
        waivers: &waivers,
        summary: &summary,
        enabled_users,
        findings: &[],
        checks: &[],
        rollback: way_back,
    }));
    if !way_back {
        let all = || document.findings.iter().chain(document.changes.iter().flat_map(|one| &one.findings));
        for rule in all().filter(|one| one.accepted).map(|one| &one.rule).collect::<BTreeSet<_>>() {
            let Some(why) = not_accepted_now(config, rule) else { continue };
            let why = format!("{rule} was accepted, and {why}");
            refused.push(refusal(rule, why, "plan again: the change is withheld while nobody accepts it".to_owned()));
        }
        let weighty = all().filter(|one| !one.accepted && severity_now(config, one) >= Some(guardrails.block_at));
        for rule in weighty.map(|one| &one.rule).collect::<BTreeSet<_>>() {
            let why = format!("{rule} withholds changes now that it did not withhold when the plan was made");
            refused.push(refusal(rule, why, "plan again".to_owned()));
        }
    }
    refused
}

/// Why no `accept` block at hand may accept a rule; none where one may. The policy's own is its word; the configuration's
/// does not count for a rule that the policy lets nobody accept, and neither does past its last day.
fn not_accepted_now(config: &Config, rule: &Text) -> Option<String> {
    let forbidden = config.guardrails.not_acceptable.contains(rule);
    let mut blocks = config.accepts.iter().filter(|one| one.rule == *rule).peekable();
    if blocks.peek().is_none() {
        return Some("no `accept` block does so any more".to_owned());
    }
    let mut counting = blocks.filter(|one| !forbidden || one.declared.layer == Layer::Policy).peekable();
    if counting.peek().is_none() {
        return Some("the policy lists it in `not_acceptable`".to_owned());
    }
    let alive = counting.any(|one| one.expired_from > config.instant);
    (!alive).then(|| "its `accept` block has expired since".to_owned())
}

/// How bad a finding is by the `risk` blocks at hand; none where its rule is switched off.
fn severity_now(config: &Config, finding: &Weight) -> Option<Severity> {
    match config.risks.iter().find(|one| one.rule == finding.rule) {
        Some(set) if !set.enabled => None,
        Some(set) => Some(set.severity.unwrap_or(finding.severity)),
        None => Some(finding.severity),
    }
}
