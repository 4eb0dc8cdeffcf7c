//! MFA081 already-covered-by-conditional-access: raised users are covered by Conditional Access already.

use crate::risk::asked::Asked;
use crate::risk::names::{Names, users};
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA081",
    name: "already-covered-by-conditional-access",
    title: "Raised users are covered by Conditional Access already",
    grades: &[High],
    facts: &[Fact::ConditionalAccess],
    traits: Traits::NONE,
    remediation: "Leave those users out: Conditional Access requires MFA of them.",
    doc: RuleDoc {
        meaning: "At least one raised user is fully covered by an enabled Conditional Access policy. One finding for the plan.",
        why: "Microsoft advises against both at once: users are asked in ways that neither policy explains, and session settings stop working.",
        evidence: "How many users, the first names, the policies, and who asked for MFA at how many of their sign-ins, where the log says.",
        action: "",
        sources: &[
            "How to: Enable per-user multifactor authentication (Microsoft Entra ID)",
            "Convert users from per-user MFA to Conditional Access",
        ],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let policies = &case.context.policies;
    let raised = case.raised().count() as u64;
    if !policies.are_known() {
        if raised > 0 {
            case.blind(raised, Fact::ConditionalAccess);
        }
        return;
    }
    let mut covered = Names::default();
    let mut asked = Asked::default();
    let mut undecided = 0;
    let mut counts = vec![0_u64; policies.len()];
    for user in case.raised() {
        match policies.covers(user) {
            Some(true) => {
                covered.add(user);
                asked.add(user.sign_ins.as_deref());
                policies.each_covering(user, |position| counts[position] += 1);
            }
            Some(false) => {}
            None => undecided += 1,
        }
    }
    if undecided > 0 {
        case.blind(undecided, Fact::Groups);
    }
    if covered.is_empty() {
        return;
    }
    let by_policy: Vec<String> = (0..)
        .zip(&counts)
        .filter(|(_, count)| **count > 0)
        .filter_map(|(position, count)| Some(format!("{}: {}", policies.name(position)?, users(*count))))
        .take(10)
        .collect();
    let message = format!("{} of {raised} raised are covered by Conditional Access already.", users(covered.count()));
    case.fire(
        Hit::new(High, message)
            .with("covered", covered.count())
            .with("raised", raised)
            .with("policies", by_policy)
            .with("first", covered.first())
            .with_some("asked_by", asked.evidence(case.context.tenant)),
    );
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
                ("covered", |w| w.policies = Some(vec![policy("MFA for all")]), Fires(High)),
                (
                    "excluded",
                    |w| {
                        let id = w.user().id;
                        w.policies = Some(vec![excluding(policy("P"), id)]);
                    },
                    Silent,
                ),
                (
                    "lowered",
                    |w| {
                        w.policies = Some(vec![policy("P")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "groups unknown",
                    |w| {
                        let mut p = policy("P");
                        p.conditions.users.exclude_groups = vec!["3c3c1f0e-6a53-4c4b-9d58-2d3fdc0c0f11".into()];
                        w.policies = Some(vec![p]);
                        w.user().member_of = None;
                    },
                    Blind,
                ),
                ("policies unknown", |w| w.policies = None, Blind),
            ],
        );
    }

    #[test]
    fn tells_who_asked_and_for_how_many() {
        let mut world = World::new();
        let policy = policy("MFA for all");
        world.asked_at(&policy);
        world.policies = Some(vec![policy]);
        let outcome = world.run();
        let finding = outcome.finding(RULE.id);
        assert_eq!(finding.severity, High);
        assert_eq!(finding.message, "1 user of 1 raised are covered by Conditional Access already.");
        let asked = finding.evidence.iter().find(|one| one.fact == "asked_by");
        assert_eq!(asked.unwrap().value, asked_by());
    }
}
