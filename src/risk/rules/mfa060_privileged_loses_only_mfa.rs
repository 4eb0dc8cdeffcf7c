//! MFA060 privileged-loses-only-mfa: an administrator loses the only MFA requirement.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA060",
    name: "privileged-loses-only-mfa",
    title: "An administrator loses the only MFA requirement",
    grades: &[Critical],
    facts: &[Fact::Roles, Fact::ConditionalAccess, Fact::SecurityDefaults],
    traits: Traits::NONE,
    remediation: "Cover the user by a Conditional Access policy that requires MFA of everything, then lower the user.",
    doc: RuleDoc {
        meaning: "A privileged user is lowered, security defaults are not known to be on, and no Conditional Access policy is known to cover them fully. Policies that cannot be read count as no policies.",
        why: "An administrator with nothing but a password is how tenants are lost.",
        evidence: "The role, every policy that mentions the user and does not cover them, and who asked for MFA at how many of their sign-ins, where the log says; how many sign-ins by clients that can do MFA nothing else asks at.",
        action: "",
        sources: &["Convert users from per-user MFA to Conditional Access"],
    },
    check: Check::Change(On::LOWER, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.privileged {
        None => Verdict::Blind(Fact::Roles),
        Some(false) => Verdict::Clear,
        Some(true) if case.context.tenant.security_defaults_enabled == Some(true) || case.coverage().is_full() => {
            Verdict::Clear
        }
        Some(true) => Hit::new(Critical, case.loss("privileged account"))
            .with_some("role", case.role())
            .with_some("conditional_access", case.coverage_gaps())
            .with_some("asked_by", case.asked_by())
            .with_some("uncovered_sign_ins", case.uncovered())
            .with_some("unknown", case.missing_for_coverage())
            .into(),
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
                    "nothing covers them",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.change(Enforced, Disabled);
                    },
                    Fires(Critical),
                ),
                (
                    "relaxed",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.change(Enforced, Enabled);
                    },
                    Fires(Critical),
                ),
                (
                    "policies unknown is not safe",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.policies = None;
                        w.change(Enforced, Disabled);
                    },
                    Fires(Critical),
                ),
                (
                    "partly covered",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        let mut p = policy("P");
                        p.conditions.sign_in_risk_levels = vec!["high".into()];
                        w.policies = Some(vec![p]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(Critical),
                ),
                (
                    "covered",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.policies = Some(vec![policy("MFA for all")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "security defaults",
                    |w| {
                        w.user().directory_roles = Some([global_admin()].into());
                        w.security_defaults = Some(true);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                ("not privileged", |w| w.change(Enforced, Disabled), Silent),
                (
                    "roles unknown",
                    |w| {
                        w.user().directory_roles = None;
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
        world.user().directory_roles = Some([global_admin()].into());
        world.asked_but_not_covered();
        let outcome = world.run();
        let finding = outcome.finding(RULE.id);
        assert_eq!(finding.severity, Critical, "what was asked yesterday covers nobody tomorrow");
        assert_eq!(finding.message, "This change removes the only MFA requirement on a privileged account.");
        let asked = finding.evidence.iter().find(|one| one.fact == "asked_by");
        assert_eq!(asked.unwrap().value, asked_by());
    }
}
