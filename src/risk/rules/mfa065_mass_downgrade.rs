//! MFA065 mass-downgrade: many users are lowered.

use crate::risk::names::{Names, users};
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA065",
    name: "mass-downgrade",
    title: "Many users are lowered",
    grades: &[High],
    facts: &[],
    traits: Traits::NONE,
    remediation: "Lower in waves, only those whom Conditional Access covers.",
    doc: RuleDoc {
        meaning: "The changes that will be performed lower more than 10 users, or more than 5 % of the managed users and more than 3.",
        why: "A filter that went wrong looks like this.",
        evidence: "How many of how many, and the first names.",
        action: "`guardrails { max_downgrades }` sets a bound that refuses the plan.",
        sources: &["Convert users from per-user MFA to Conditional Access"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let tenant = case.context.tenant;
    let lowered = Names::of(case.applied().filter(|one| !one.action.raises()).map(|one| tenant.user(one.user)));
    let managed = case.managed().count() as u64;
    let count = lowered.count();
    if count > 10 || count > 3 && count * 20 > managed {
        case.fire(
            Hit::new(High, format!("{} of {managed} managed are lowered.", users(count)))
                .with("lowered", count)
                .with("managed", managed)
                .with("first", lowered.first()),
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
                (
                    "eleven of many",
                    |w| {
                        w.staff(400);
                        w.change_all(11, Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "four of forty",
                    |w| {
                        w.staff(40);
                        w.change_all(4, Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "three of ten",
                    |w| {
                        w.staff(10);
                        w.change_all(3, Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "ten of many",
                    |w| {
                        w.staff(400);
                        w.change_all(10, Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "raised",
                    |w| {
                        w.staff(40);
                        w.change_all(30, Disabled, Enforced);
                    },
                    Silent,
                ),
            ],
        );
    }
}
