//! MFA022 registered-but-not-capable: registered, but cannot complete MFA.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA022",
    name: "registered-but-not-capable",
    title: "Registered, but cannot complete MFA",
    grades: &[High],
    facts: &[Fact::Registration],
    traits: Traits::PERSONAL,
    remediation: "Allow the method in the authentication methods policy, or have the user register another one.",
    doc: RuleDoc {
        meaning: "The report says registered (`isMfaRegistered`) and not capable (`isMfaCapable`): the policy does not allow what they have registered.",
        why: "The user believes to be prepared and is locked out all the same.",
        evidence: "The methods.",
        action: "",
        sources: &["userRegistrationDetails resource type (Microsoft Graph)"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match (case.user.registered, case.user.mfa_capable) {
        (Some(true), Some(false)) => {
            Hit::new(High, "This user has registered, but the methods policy does not allow what they registered.")
                .with("registered", true)
                .with("mfa_capable", false)
                .with_some("methods", case.methods())
                .into()
        }
        (Some(false), _) | (_, Some(true)) => Verdict::Clear,
        (None, _) | (_, None) => Verdict::Blind(Fact::Registration),
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
                ("not capable", |w| w.user().mfa_capable = Some(false), Fires(High)),
                ("capable", |_| {}, Silent),
                (
                    "not registered either",
                    |w| {
                        w.user().registered = Some(false);
                        w.user().mfa_capable = Some(false);
                    },
                    Silent,
                ),
                ("unknown", |w| w.user().mfa_capable = None, Blind),
            ],
        );
    }
}
