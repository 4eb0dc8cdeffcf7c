//! MFA092 evidence-stale: the facts are old.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA092",
    name: "evidence-stale",
    title: "The facts are old",
    grades: &[Low],
    facts: &[],
    traits: Traits::NONE,
    remediation: "Take a new snapshot.",
    doc: RuleDoc {
        meaning: "The snapshot, or its registration report, is older than 7 days at the plan's instant.",
        why: "People register, leave and change clients meanwhile.",
        evidence: "The date and the age in days.",
        action: "",
        sources: &[],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let tenant = case.context.tenant;
    let oldest = tenant.registration_captured_at.map_or(tenant.captured_at, |report| report.min(tenant.captured_at));
    let seconds = case.context.instant.as_second() - oldest.as_second();
    if seconds > 7 * 86_400 {
        let days = recognise::days_between(oldest, case.context.instant);
        case.fire(
            Hit::new(Low, format!("The facts of this plan are {days} days old."))
                .with("captured_at", tenant.captured_at.to_string())
                .with_some("registration_captured_at", tenant.registration_captured_at.map(|at| at.to_string()))
                .with("days", days),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                ("eight days", |w| w.captured_at = days_ago(8), Fires(Low)),
                ("an old report", |w| w.registration_captured_at = Some(days_ago(8)), Fires(Low)),
                ("seven days", |w| w.captured_at = days_ago(7), Silent),
            ],
        );
    }
}
