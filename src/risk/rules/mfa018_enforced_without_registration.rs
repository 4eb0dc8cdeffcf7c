//! MFA018 enforced-without-registration: enforced before registration.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA018",
    name: "enforced-without-registration",
    title: "Enforced before registration",
    grades: &[High],
    facts: &[Fact::Registration],
    traits: Traits::PERSONAL.or(Traits::REGISTER),
    remediation: "Use `staged`, or issue a Temporary Access Pass so the user can register first.",
    doc: RuleDoc {
        meaning: "The user has no registered method and the change ends in enforced.",
        why: "Legacy clients stop at once, and the user can only register from where they can still sign in.",
        evidence: "That nothing is registered.",
        action: "",
        sources: &[
            "How to: Enable per-user multifactor authentication (Microsoft Entra ID)",
            "userRegistrationDetails resource type (Microsoft Graph)",
        ],
    },
    check: Check::Change(On::ENFORCE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.registered {
        None => Verdict::Blind(Fact::Registration),
        Some(true) => Verdict::Clear,
        Some(false) => Hit::new(High, "This user has registered no method and would be enforced at once.")
            .with("registered", false)
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
                ("not registered", |w| w.user().registered = Some(false), Fires(High)),
                ("registered", |_| {}, Silent),
                (
                    "only enabled",
                    |w| {
                        w.user().registered = Some(false);
                        w.change(Disabled, Enabled);
                    },
                    Silent,
                ),
                (
                    "unknown",
                    |w| {
                        w.user().registered = None;
                        w.user().methods = None;
                    },
                    Blind,
                ),
            ],
        );
    }
}
