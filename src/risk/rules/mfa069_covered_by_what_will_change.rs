//! MFA069 covered-by-what-will-change: what covers will change.

use crate::facts::Asks;
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA069",
    name: "covered-by-what-will-change",
    title: "What covers will change",
    grades: &[Medium],
    facts: &[Fact::ConditionalAccess, Fact::SecurityDefaults],
    traits: Traits::NONE,
    remediation: "Cover the user by a policy of your own that requires MFA, then lower them.",
    doc: RuleDoc {
        meaning: "The user is lowered, and the only policy that covers them is one that Microsoft manages; or the only policy that asks for a second factor does so by a custom control, which retires early in 2027.",
        why: "Microsoft changes its own policies, and a retired control asks for nothing.",
        evidence: "The policies.",
        action: "",
        sources: &["Microsoft-managed Conditional Access policies", "Custom controls (preview)"],
    },
    check: Check::Change(On::LOWER, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let policies = &case.context.policies;
    if case.context.tenant.security_defaults_enabled == Some(true) {
        return Verdict::Clear;
    }
    if !policies.are_known() {
        return Verdict::Blind(Fact::ConditionalAccess);
    }
    if let Some(managed) = policies.only_managed(case.user) {
        return Hit::new(Medium, "Only a Microsoft-managed policy covers this user, and Microsoft may change it.")
            .with("policies", serde_json::json!(managed))
            .into();
    }
    let third_party = policies.third_party(case.user);
    if third_party.is_empty() || policies.asks(case.user) != Asks::Never {
        return Verdict::Clear;
    }
    let message = format!(
        "The only policy that asks this user for a second factor does so by a custom control, and custom controls retire \
         early in {}.",
        deadlines::CUSTOM_CONTROLS_END.from.year()
    );
    Hit::new(Medium, message)
        .with("policies", serde_json::json!(third_party))
        .with("deadline", deadlines::CUSTOM_CONTROLS_END.from.to_string())
        .into()
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;

    fn third_party() -> crate::tenant::Policy {
        let mut one = policy("Third party");
        let grant = one.grant_controls.get_or_insert_default();
        grant.built_in_controls.clear();
        grant.custom_authentication_factors = vec!["RequireThirdPartyMfa".into()];
        one
    }

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "managed by Microsoft",
                    |w| {
                        w.policies = Some(vec![policy("Microsoft-managed: Multifactor authentication for all users")]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(Medium),
                ),
                (
                    "managed by Microsoft, and an own one",
                    |w| {
                        w.policies = Some(vec![policy("Microsoft-managed: MFA"), policy("Own")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "a custom control",
                    |w| {
                        w.policies = Some(vec![third_party()]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(Medium),
                ),
                (
                    "a custom control, and a policy that covers",
                    |w| {
                        w.policies = Some(vec![third_party(), policy("Own")]);
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
}
