//! MFA060 privileged-loses-only-mfa: an administrator loses his only MFA.

use crate::facts::Coverage;
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA060",
    name: "privileged-loses-only-mfa",
    title: "An administrator loses his only MFA",
    grades: &[Critical],
    facts: &[Fact::Roles, Fact::ConditionalAccess, Fact::SecurityDefaults],
    remediation: "Cover the user by a Conditional Access policy that requires MFA of everything, then lower him.",
    doc: RuleDoc {
        meaning: "A privileged user is lowered, security defaults are not known to be on, and no Conditional Access policy is known to cover him fully. Policies that cannot be read count as no policies.",
        why: "An administrator with nothing but a password is how tenants are lost.",
        evidence: "The role, and every policy that mentions him and does not cover him.",
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
        Some(true) => {
            let message = if matches!(case.coverage(), Coverage::Unknown { .. }) {
                "This privileged user loses per-user MFA, and nothing shows that Conditional Access covers him."
            } else {
                "This privileged user loses the only MFA he has."
            };
            Hit::new(Critical, message)
                .with_some("role", case.role())
                .with_some("conditional_access", case.coverage_gaps())
                .with_some("unknown", unknown(case.coverage()))
                .into()
        }
    }
}

fn unknown(coverage: &Coverage) -> Option<&'static str> {
    if let Coverage::Unknown { fact, .. } = coverage { Some(fact.as_str()) } else { None }
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
                    "nothing covers him",
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
}
