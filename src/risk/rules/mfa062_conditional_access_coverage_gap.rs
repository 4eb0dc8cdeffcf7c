//! MFA062 conditional-access-coverage-gap: Conditional Access nearly covers the user.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA062",
    name: "conditional-access-coverage-gap",
    title: "Conditional Access nearly covers the user",
    grades: &[High],
    facts: &[Fact::ConditionalAccess],
    traits: Traits::NONE,
    remediation: "Close the gap the evidence names, then lower the user.",
    doc: RuleDoc {
        meaning: "A Conditional Access policy mentions MFA and the user, but is report-only or disabled, excludes them, can be satisfied without MFA, or covers only some resources, clients or conditions; and no other policy covers them fully.",
        why: "Policies that look like cover are what makes lowering feel safe.",
        evidence: "Each policy with its reasons, and who asked for MFA at how many of the user's sign-ins, where the log says; how many sign-ins by clients that can do MFA nothing else asks at.",
        action: "",
        sources: &["Convert users from per-user MFA to Conditional Access", "Building a Conditional Access policy"],
    },
    check: Check::Change(On::DISABLE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    if !case.context.policies.are_known() {
        return Verdict::Blind(Fact::ConditionalAccess);
    }
    match case.coverage_gaps() {
        Some(gaps) => {
            Hit::new(High, "Conditional Access mentions this user, but does not require MFA for every sign-in.")
                .with("conditional_access", gaps)
                .with_some("asked_by", case.asked_by())
                .with_some("uncovered_sign_ins", case.uncovered())
                .into()
        }
        None => Verdict::Clear,
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::PolicyState;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "report-only",
                    |w| {
                        let mut p = policy("P");
                        p.state = PolicyState::EnabledForReportingButNotEnforced;
                        w.policies = Some(vec![p]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "excluded by name",
                    |w| {
                        let id = w.user().id;
                        w.policies = Some(vec![excluding(policy("P"), id)]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "another covers them",
                    |w| {
                        let id = w.user().id;
                        w.policies = Some(vec![excluding(policy("P"), id), policy("Q")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                ("no policy mentions them", |w| w.change(Enforced, Disabled), Silent),
                (
                    "a policy without MFA",
                    |w| {
                        let mut p = policy("P");
                        p.grant_controls = None;
                        w.policies = Some(vec![p]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "unknown",
                    |w| {
                        w.policies = None;
                        w.change(Enforced, Disabled);
                    },
                    Blind,
                ),
            ],
        );
    }

    #[test]
    fn tells_who_asked_and_for_how_many() {
        let mut world = World::new();
        world.asked_but_not_covered();
        let outcome = world.run();
        let finding = outcome.finding(RULE.id);
        assert_eq!(finding.severity, High, "what was asked yesterday covers nobody tomorrow");
        assert_eq!(
            finding.message,
            "Conditional Access mentions this user, but does not require MFA for every sign-in."
        );
        let asked = finding.evidence.iter().find(|one| one.fact == "asked_by");
        assert_eq!(asked.unwrap().value, asked_by());
    }

    /// The records name a policy that is not in force any more; the one that is asks only where there is risk.
    #[test]
    fn counts_what_partial_cover_leaves_open() {
        let mut world = World::new();
        world.asked_at(&policy("Of last month"));
        let mut partial = policy("P");
        partial.conditions.sign_in_risk_levels = vec!["high".into()];
        world.policies = Some(vec![partial]);
        world.change(Enforced, Disabled);
        let outcome = world.run();
        let evidence = &outcome.finding(RULE.id).evidence;
        let uncovered = evidence.iter().find(|one| one.fact == "uncovered_sign_ins");
        assert_eq!(uncovered.unwrap().value, 13_190, "IMAP4 cannot do MFA");
    }

    /// The same, and browsers are blocked: these sign-ins end, and are not left open.
    #[test]
    fn what_another_policy_blocks_is_not_left_open() {
        for (excluded, open) in [(false, 0), (true, 13_190)] {
            let mut world = World::new();
            world.asked_at(&policy("Of last month"));
            let mut partial = policy("P");
            partial.conditions.sign_in_risk_levels = vec!["high".into()];
            let mut blocking = if excluded { excluding(policy("B"), world.user().id) } else { policy("B") };
            blocking.conditions.client_app_types = vec!["browser".into()];
            blocking.grant_controls.as_mut().unwrap().built_in_controls = vec!["block".into()];
            world.policies = Some(vec![partial, blocking]);
            world.change(Enforced, Disabled);
            let outcome = world.run();
            let evidence = &outcome.finding(RULE.id).evidence;
            let uncovered = evidence.iter().find(|one| one.fact == "uncovered_sign_ins");
            assert_eq!(uncovered.unwrap().value, open);
        }
    }
}
