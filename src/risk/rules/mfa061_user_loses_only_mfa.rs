//! MFA061 user-loses-only-mfa: a user loses the only MFA requirement.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA061",
    name: "user-loses-only-mfa",
    title: "A user loses the only MFA requirement",
    grades: &[High],
    facts: &[Fact::ConditionalAccess, Fact::SecurityDefaults, Fact::Roles],
    traits: Traits::NONE,
    remediation: "Cover the user by a Conditional Access policy that requires MFA of everything, then lower the user.",
    doc: RuleDoc {
        meaning: "A user who is not known to be privileged is lowered to disabled, security defaults are not known to be on, and no Conditional Access policy is known to cover them fully. Policies that cannot be read count as no policies.",
        why: "From then on the password alone opens the account.",
        evidence: "Every policy that mentions the user and does not cover them, and who asked for MFA at how many of their sign-ins, where the log says; how many sign-ins by clients that can do MFA nothing else asks at.",
        action: "",
        sources: &["Convert users from per-user MFA to Conditional Access"],
    },
    check: Check::Change(On::DISABLE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    if case.privileged == Some(true)
        || case.context.tenant.security_defaults_enabled == Some(true)
        || case.coverage().is_full()
    {
        return Verdict::Clear;
    }
    let hit = Hit::new(High, case.loss("account"))
        .with_some("conditional_access", case.coverage_gaps())
        .with_some("asked_by", case.asked_by())
        .with_some("uncovered_sign_ins", case.uncovered())
        .with_some("unknown", case.missing_for_coverage());
    match case.privileged {
        None => Verdict::AtLeast(hit, Fact::Roles),
        Some(_) => hit.into(),
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
                ("nothing covers them", |w| w.change(Enforced, Disabled), Fires(High)),
                ("from enabled too", |w| w.change(Enabled, Disabled), Fires(High)),
                (
                    "policies unknown is not safe",
                    |w| {
                        w.policies = None;
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "roles unknown",
                    |w| {
                        w.user().directory_roles = None;
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
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
                    "covered",
                    |w| {
                        w.policies = Some(vec![policy("MFA for all")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "security defaults",
                    |w| {
                        w.security_defaults = Some(true);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "privileged is another rule",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                ("relaxed", |w| w.change(Enforced, Enabled), Silent),
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
        assert_eq!(finding.message, "This change removes the only MFA requirement on an account.");
        let asked = finding.evidence.iter().find(|one| one.fact == "asked_by");
        assert_eq!(asked.unwrap().value, asked_by());
    }
}
