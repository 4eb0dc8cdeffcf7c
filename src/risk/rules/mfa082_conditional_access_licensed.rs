//! MFA082 conditional-access-licensed: the tenant has Conditional Access.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA082",
    name: "conditional-access-licensed",
    title: "The tenant has Conditional Access",
    grades: &[Medium],
    facts: &[Fact::Licenses],
    traits: Traits::NONE,
    remediation: "Require MFA by Conditional Access instead.",
    doc: RuleDoc {
        meaning: "The tenant holds Microsoft Entra ID P1 or P2 and the plan raises somebody.",
        why: "Conditional Access is the way Microsoft recommends there; per-user MFA knows no conditions and no exceptions.",
        evidence: "The plan, and how many users are raised.",
        action: "",
        sources: &["Convert users from per-user MFA to Conditional Access"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let raised = case.raised().count() as u64;
    if raised == 0 {
        return;
    }
    let Some(plans) = case.context.tenant.plans_for_conditional_access() else {
        return case.blind(raised, Fact::Licenses);
    };
    let plans: Vec<_> = plans.map(|one| one.as_str()).collect();
    if !plans.is_empty() {
        case.fire(
            Hit::new(
                Medium,
                "The tenant is licensed for Conditional Access, which is the recommended way to require MFA.",
            )
            .with("service_plans", plans)
            .with("raised", raised),
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
                ("P1", |w| w.service_plans = Some(vec!["AAD_PREMIUM".into()]), Fires(Medium)),
                ("P2", |w| w.service_plans = Some(vec!["AAD_PREMIUM_P2".into()]), Fires(Medium)),
                ("neither", |w| w.service_plans = Some(vec!["EXCHANGE_S_STANDARD".into()]), Silent),
                (
                    "nothing is raised",
                    |w| {
                        w.service_plans = Some(vec!["AAD_PREMIUM".into()]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                ("unknown", |w| w.service_plans = None, Blind),
            ],
        );
    }
}
