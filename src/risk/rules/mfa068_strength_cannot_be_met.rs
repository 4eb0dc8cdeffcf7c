//! MFA068 strength-cannot-be-met: the authentication strength cannot be met.

use crate::facts::strengths;
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA068",
    name: "strength-cannot-be-met",
    title: "The authentication strength cannot be met",
    grades: &[High],
    facts: &[Fact::ConditionalAccess, Fact::Registration],
    traits: Traits::REGISTER,
    remediation: "Have the user register a method that the strength allows, then lower them.",
    doc: RuleDoc {
        meaning: "The user is lowered, what covers them is an authentication strength, and none of its combinations holds a method they have registered.",
        why: "The policy then asks for something the user cannot do: they are locked out.",
        evidence: "The policies with their strengths, and the methods.",
        action: "",
        sources: &[
            "Conditional Access authentication strengths",
            "authenticationStrengthPolicy resource type (Microsoft Graph)",
        ],
    },
    check: Check::Change(On::LOWER, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let mut blind = None;
    let mut unmet = Vec::new();
    let federated = case.context.domain(case.user).ok().map(|domain| domain.is_some_and(|kind| kind.federated));
    for (policy, strength) in case.context.policies.strengths(case.user) {
        match strengths::can_meet(case.user, federated, strength, case.context.instant) {
            Some(true) => {}
            Some(false) => unmet.push(format!("{policy}: {}", strength.display_name)),
            None if case.user.methods.is_some() && methods::unknown(case.user).next().is_none() => {
                blind = Some(Fact::ConditionalAccess);
            }
            None => blind = Some(Fact::Registration),
        }
    }
    match (unmet.is_empty(), blind) {
        (true, Some(fact)) => Verdict::Blind(fact),
        (true, None) => Verdict::Clear,
        (false, _) => Hit::new(
            High,
            "This user has registered no method that meets the authentication strength which covers them.",
        )
        .with("policies", unmet)
        .with_some("methods", case.methods())
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
                    "a push against passkeys",
                    |w| {
                        w.user().methods = Some(["microsoftAuthenticatorPush".into()].into());
                        w.policies = Some(vec![strength(policy("P"), "fido2")]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "plain MFA covers too: both must be met",
                    |w| {
                        w.user().methods = Some(["microsoftAuthenticatorPush".into()].into());
                        w.policies = Some(vec![policy("Q"), strength(policy("P"), "fido2")]);
                        w.change(Enforced, Disabled);
                    },
                    Fires(High),
                ),
                (
                    "a synced passkey",
                    |w| {
                        w.user().methods = Some(["passKeySynced".into()].into());
                        w.policies = Some(vec![strength(policy("P"), "fido2")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "no strength",
                    |w| {
                        w.policies = Some(vec![policy("P")]);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                (
                    "methods unknown",
                    |w| {
                        w.user().methods = None;
                        w.policies = Some(vec![strength(policy("P"), "fido2")]);
                        w.change(Enforced, Disabled);
                    },
                    Blind,
                ),
            ],
        );
    }
}
