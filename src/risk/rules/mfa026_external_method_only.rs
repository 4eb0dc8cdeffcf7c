//! MFA026 external-method-only: only an external method is registered.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA026",
    name: "external-method-only",
    title: "Only an external method is registered",
    grades: &[High, Medium],
    facts: &[Fact::Registration, Fact::ConditionalAccess],
    traits: Traits::REGISTER,
    remediation: "Register a second method, a passkey or Authenticator.",
    doc: RuleDoc {
        meaning: "The only registered method that counts for MFA is an external one. Medium; high where the user is lowered and what covers them then is an authentication strength, which an external method cannot meet.",
        why: "The method depends on a third party's service, and neither authentication strengths nor registration of further methods accept it.",
        evidence: "The methods.",
        action: "",
        sources: &["Manage an external authentication method in Microsoft Entra ID"],
    },
    check: Check::Change(On::RAISE.or(On::LOWER), check),
};

fn check(case: &Case<'_>) -> Verdict {
    match methods::external_only(case.user) {
        None => return Verdict::Blind(Fact::Registration),
        Some(false) => return Verdict::Clear,
        Some(true) => {}
    }
    let under_strength = case.on.meets(On::LOWER) && !case.context.policies.strengths(case.user).is_empty();
    let hit = if under_strength {
        Hit::new(
            High,
            "Only an external method is registered, and it cannot meet the authentication strength that covers this user.",
        )
    } else {
        Hit::new(Medium, "Only an external method is registered.")
    };
    hit.with_some("methods", case.methods()).into()
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
                    "raised",
                    |w| w.user().methods = Some(["externalAuthMethod".into(), "email".into()].into()),
                    Fires(Medium),
                ),
                (
                    "lowered under a strength",
                    |w| {
                        w.user().methods = Some(["externalAuthMethod".into()].into());
                        w.policies = Some(vec![strength(policy("P"), "fido2")]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "lowered under plain MFA",
                    |w| {
                        w.user().methods = Some(["externalAuthMethod".into()].into());
                        w.policies = Some(vec![policy("P")]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(Medium),
                ),
                (
                    "with a passkey",
                    |w| w.user().methods = Some(["externalAuthMethod".into(), "passKeySynced".into()].into()),
                    Silent,
                ),
                ("nothing at all is another rule", |w| w.user().methods = Some([].into()), Silent),
                ("unknown", |w| w.user().methods = None, Blind),
            ],
        );
    }
}
