//! Rules over the tenant and the plan.

use std::cmp::Reverse;

use super::{
    ChangeFindings, Context, NotEvaluated, PlanFinding, catalogue::registry, plan_case::PlanCase, rule::Check,
};
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
    let Some(first) = registry().first() else { return Default::default() };
    let mut used_accepts = changes.used_accepts.clone();
    used_accepts.resize(context.config.accepts.len(), false);
    let mut case = PlanCase {
        context,
        transitions,
        decisions,
        not_evaluated: changes.not_evaluated.clone(),
        used_accepts,
        findings: Vec::new(),
        rule: (0, first),
    };
    let position = |id: &str| LAST.iter().position(|last| *last == id);
    let enabled = || registry().iter().enumerate().filter(|(index, _)| context.is_enabled(*index));
    let early = enabled().filter(|(_, rule)| position(rule.id).is_none());
    let late = LAST.iter().filter_map(|id| enabled().find(|(_, rule)| rule.id == *id));
    for (index, rule) in early.chain(late) {
        if let Check::Plan(check) = rule.check {
            case.rule = (index, rule);
            check(&mut case);
        }
    }
    let PlanCase { mut findings, mut not_evaluated, .. } = case;
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
