//! MFA080 security-defaults-on: security defaults are on.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA080",
    name: "security-defaults-on",
    title: "Security defaults are on",
    grades: &[High],
    facts: &[Fact::SecurityDefaults],
    traits: Traits::NONE,
    remediation: "Keep security defaults, or turn them off before using per-user MFA.",
    doc: RuleDoc {
        meaning: "Security defaults are on and the plan raises somebody.",
        why: "Security defaults already ask everybody for MFA and block legacy authentication; Microsoft advises against mixing them with per-user MFA.",
        evidence: "The setting, and how many users are raised.",
        action: "",
        sources: &["Security defaults in Microsoft Entra ID"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let raised = case.raised().count() as u64;
    if raised == 0 {
        return;
    }
    match case.context.tenant.security_defaults_enabled {
        None => case.blind(raised, Fact::SecurityDefaults),
        Some(false) => {}
        Some(true) => case.fire(
            Hit::new(High, "Security defaults are on: they require MFA already and do not mix with per-user MFA.")
                .with("security_defaults_enabled", true)
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
                ("on", |w| w.security_defaults = Some(true), Fires(High)),
                ("off", |_| {}, Silent),
                (
                    "nothing is raised",
                    |w| {
                        w.security_defaults = Some(true);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                ("unknown", |w| w.security_defaults = None, Blind),
            ],
        );
    }
}
