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
    guardrails::{self, Judged, refusal},
    validate_waiver,
};

/// Why these writes would be refused now; empty where they would not.
///
/// `enabled_users` are those of the tenant, of which `max_change_percent` speaks. Of a way back nothing is withheld for
/// its risks, as when it was planned.
#[must_use]
pub(crate) fn refused_now(document: &Document, config: &Config, enabled_users: u64, way_back: bool) -> Vec<Refusal> {
    let guardrails = &config.guardrails;
    let mut refused = Vec::new();
    let waivers: Vec<Waiver> = document
        .waivers
        .iter()
        .map(|(guardrail, bound)| Waiver {
            guardrail: guardrail.clone(),
            bound: bound.as_str().map_or_else(|| bound.to_string(), str::to_owned).into(),
            reason: "given when the plan was made".into(),
        })
        .collect();
    for waiver in &waivers {
        if let Err(why) = validate_waiver(guardrails, waiver) {
            refused.push(refusal(&waiver.guardrail, why, "plan again, without the waiver".to_owned()));
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
        let unacceptable = all().filter(|one| one.accepted && !may_be_accepted(config, &one.rule));
        for rule in unacceptable.map(|one| &one.rule).collect::<BTreeSet<_>>() {
            let why = format!("{rule} was accepted, and the policy lists it in `not_acceptable`");
            refused.push(refusal(rule, why, "plan again: the change is withheld until its finding is gone".to_owned()));
        }
        let weighty = all().filter(|one| !one.accepted && severity_now(config, one) >= Some(guardrails.block_at));
        for rule in weighty.map(|one| &one.rule).collect::<BTreeSet<_>>() {
            let why = format!("{rule} withholds changes now that it did not withhold when the plan was made");
            refused.push(refusal(rule, why, "plan again".to_owned()));
        }
    }
    refused
}

/// The policy's own `accept` is its word; the configuration's does not count for a rule that may not be accepted.
fn may_be_accepted(config: &Config, rule: &Text) -> bool {
    !config.guardrails.not_acceptable.contains(rule)
        || config.accepts.iter().any(|one| one.rule == *rule && one.declared.layer == Layer::Policy)
}

/// How bad a finding is by the `risk` blocks at hand; none where its rule is switched off.
fn severity_now(config: &Config, finding: &Weight) -> Option<Severity> {
    match config.risks.iter().find(|one| one.rule == finding.rule) {
        Some(set) if !set.enabled => None,
        Some(set) => Some(set.severity.unwrap_or(finding.severity)),
        None => Some(finding.severity),
    }
}
