//! MFA030 app-passwords-allowed: the tenant allows app passwords.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA030",
    name: "app-passwords-allowed",
    title: "The tenant allows app passwords",
    grades: &[Medium],
    facts: &[Fact::MfaServicePolicy],
    traits: Traits::NONE,
    remediation: "Turn app passwords off in the per-user MFA service settings, and have existing ones deleted: they go on working.",
    doc: RuleDoc {
        meaning: "App passwords are allowed and the plan raises somebody.",
        why: "A user may answer a blocked legacy client with an app password, which is a password that MFA never sees. Existing app passwords go on working after new ones are switched off.",
        evidence: "The setting, and how many users are raised.",
        action: "",
        sources: &["Enforce Microsoft Entra multifactor authentication with legacy applications using app passwords"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let raised = case.raised().count() as u64;
    if raised == 0 {
        return;
    }
    match case.context.tenant.mfa_service_policy.as_ref().and_then(|policy| policy.allow_app_passwords) {
        None => case.blind(raised, Fact::MfaServicePolicy),
        Some(false) => {}
        Some(true) => case.fire(
            Hit::new(Medium, "The tenant allows app passwords: users can get around MFA for legacy clients.")
                .with("allow_app_passwords", true)
                .with("raised", raised),
        ),
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
                ("allowed", |w| w.service_policy().allow_app_passwords = Some(true), Fires(Medium)),
                ("not allowed", |_| {}, Silent),
                (
                    "nothing is raised",
                    |w| {
                        w.service_policy().allow_app_passwords = Some(true);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                ("unknown", |w| w.service_policy().allow_app_passwords = None, Blind),
            ],
        );
    }
}
