//! Findings by rule: a reviewer of 3,000 users decides on ten causes, not on 3,000 users.

use std::collections::{BTreeMap, HashMap};

use crate::{
    plan::{Change, Plan},
    risk::{Accepted, Finding, PlanFinding},
    severity::Severity,
};

/// All findings of one rule at one severity.
#[derive(Clone, Debug)]
pub(crate) struct Cause<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// The rule's name.
    pub name: &'a str,
    /// How bad.
    pub severity: Severity,
    /// Findings of changes, in the order of the plan.
    pub changes: Vec<(&'a Change, &'a Finding)>,
    /// Findings of the tenant, of blocks and of users without a change.
    pub others: Vec<&'a PlanFinding>,
}

impl<'a> Cause<'a> {
    /// How many findings.
    #[must_use]
    pub(crate) fn count(&self) -> u64 {
        (self.changes.len() + self.others.len()) as u64
    }

    /// The first finding: they all share their remediation, and mostly their message.
    #[must_use]
    pub(crate) fn example(&self) -> Option<&'a Finding> {
        self.changes.first().map(|(_, finding)| *finding).or_else(|| self.others.first().map(|one| &one.finding))
    }

    /// The message, where all have the same.
    #[must_use]
    pub(crate) fn common_message(&self) -> Option<&'a str> {
        let first = &*self.example()?.message;
        let mut all = self.changes.iter().map(|(_, finding)| &*finding.message);
        let mut rest = self.others.iter().map(|one| &*one.finding.message);
        (all.all(|message| message == first) && rest.all(|message| message == first)).then_some(first)
    }
}

/// Which findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that count.
    Unaccepted,
    /// Those an `accept` block waives.
    Accepted,
}

/// The findings by rule and severity; worst first, then by rule.
#[must_use]
pub(crate) fn causes(plan: &Plan, which: Which) -> Vec<Cause<'_>> {
    causes_of(plan, |finding, _| finding.accepted.is_some() == (which == Which::Accepted))
}

/// Those findings that `wanted` picks, by rule and severity; worst first, then by rule. It is given the change a finding
/// belongs to, if it belongs to one.
#[must_use]
pub(crate) fn causes_of(plan: &Plan, wanted: impl Fn(&Finding, Option<&Change>) -> bool) -> Vec<Cause<'_>> {
    let mut by_rule: HashMap<(Severity, &str), Cause<'_>> = HashMap::new();
    for change in &plan.changes {
        for finding in change.findings.iter().filter(|one| wanted(one, Some(change))) {
            of_rule(&mut by_rule, finding).changes.push((change, finding));
        }
    }
    for one in plan.findings.iter().filter(|one| wanted(&one.finding, None)) {
        of_rule(&mut by_rule, &one.finding).others.push(one);
    }
    let mut causes: Vec<_> = by_rule.into_values().collect();
    causes.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.rule.cmp(b.rule)));
    causes
}

fn of_rule<'m, 'a>(map: &'m mut HashMap<(Severity, &'a str), Cause<'a>>, finding: &'a Finding) -> &'m mut Cause<'a> {
    map.entry((finding.severity, &finding.rule)).or_insert_with(|| Cause {
        rule: &finding.rule,
        name: &finding.name,
        severity: finding.severity,
        changes: Vec::new(),
        others: Vec::new(),
    })
}

/// Findings of one rule that one `accept` block waives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waived<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// The waiver.
    pub accepted: &'a Accepted,
    /// How many findings.
    pub count: u64,
}

/// What was accepted, by rule and `accept` block.
#[must_use]
pub(crate) fn waived(plan: &Plan) -> Vec<Waived<'_>> {
    let mut waived: BTreeMap<(&str, &str), Waived<'_>> = BTreeMap::new();
    let of_changes = plan.changes.iter().flat_map(|change| &change.findings);
    for finding in of_changes.chain(plan.findings.iter().map(|one| &one.finding)) {
        if let Some(accepted) = finding.accepted.as_deref() {
            let new = Waived { rule: &finding.rule, accepted, count: 0 };
            waived.entry((&finding.rule, &accepted.address)).or_insert(new).count += 1;
        }
    }
    waived.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn every_finding_is_in_exactly_one_cause() {
        let plan = sample();
        let total = |which| causes(&plan, which).iter().map(Cause::count).sum::<u64>();
        let summary = plan.summary;
        let counted: u64 =
            Severity::WORST_FIRST.into_iter().map(|one| crate::render::words::of(&summary.findings, one)).sum();
        assert_eq!((total(Which::Unaccepted), total(Which::Accepted)), (counted, summary.accepted));
        let order: Vec<_> = causes(&plan, Which::Unaccepted).iter().map(|one| (one.severity, one.rule)).collect();
        assert_eq!(order[0], (Severity::Critical, "MFA005"));
        assert!(order.is_sorted_by(|a, b| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1)));
    }
}
