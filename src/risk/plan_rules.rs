//! Rules over the tenant and the plan.

use std::cmp::Reverse;

use rayon::prelude::*;

use super::{ChangeFindings, Context, NotEvaluated, PlanFinding, catalogue::registry, plan_case::PlanCase, rule::Rule};
use crate::diff::{Decision, Transition};

/// Rules that speak of what the others did, in the order in which they must run.
const LAST: [&str; 2] = ["MFA091", "MFA094"];

/// Runs every plan rule. `decisions[i]` is about `transitions[i]`.
///
/// Returns the findings (worst first, then by rule, block and user) and everything that was not evaluated, that of the
/// changes included, by rule.
#[must_use]
pub fn assess_plan(
    context: &Context<'_>,
    transitions: &[Transition],
    decisions: &[Decision],
    changes: &ChangeFindings,
) -> (Vec<PlanFinding>, Vec<NotEvaluated>) {
    let accepts = context.config.accepts.len();
    let case = |index: usize, rule: &'static Rule| PlanCase {
        context,
        transitions,
        decisions,
        not_evaluated: Vec::new(),
        used_accepts: vec![false; accepts],
        findings: Vec::new(),
        rule: (index, rule),
    };
    let (late, early): (Vec<_>, Vec<_>) = registry()
        .iter()
        .copied()
        .enumerate()
        .filter(|(index, _)| context.is_enabled(*index))
        .partition(|(_, rule)| LAST.contains(&rule.id));
    // On all cores: what one rule says depends on no other's word, but for the last ones.
    let cases: Vec<PlanCase<'_>> = early
        .into_par_iter()
        .filter_map(|(index, rule)| {
            let check = rule.check.of_plan()?;
            let mut case = case(index, rule);
            check(&mut case);
            Some(case)
        })
        .collect();
    let mut used_accepts = changes.used_accepts.clone();
    used_accepts.resize(accepts, false);
    let (mut findings, mut not_evaluated) = (Vec::new(), changes.not_evaluated.clone());
    for case in cases {
        findings.extend(case.findings);
        not_evaluated.extend(case.not_evaluated);
        used_accepts.iter_mut().zip(case.used_accepts).for_each(|(mine, theirs)| *mine |= theirs);
    }
    for (index, rule) in LAST.iter().filter_map(|id| late.iter().find(|(_, rule)| rule.id == *id)) {
        if let Some(check) = rule.check.of_plan() {
            let mut case = PlanCase { not_evaluated, used_accepts, findings, ..case(*index, rule) };
            check(&mut case);
            (not_evaluated, used_accepts, findings) = (case.not_evaluated, case.used_accepts, case.findings);
        }
    }
    findings.sort_by(|a, b| {
        let place = |one: &PlanFinding| one.declared_by.as_ref().map(|place| (place.file.clone(), place.line));
        let user = |one: &PlanFinding| one.user.as_ref().map(|user| (user.user_principal_name.clone(), user.id));
        Reverse(a.finding.severity)
            .cmp(&Reverse(b.finding.severity))
            .then_with(|| a.finding.rule.cmp(&b.finding.rule))
            .then_with(|| place(a).cmp(&place(b)))
            .then_with(|| user(a).cmp(&user(b)))
    });
    not_evaluated.sort_by(|a, b| (&a.rule, &a.fact).cmp(&(&b.rule, &b.fact)));
    (findings, not_evaluated)
}
