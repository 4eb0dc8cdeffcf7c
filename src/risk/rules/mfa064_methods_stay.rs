//! MFA064 methods-stay: registered methods stay.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA064",
    name: "methods-stay",
    title: "Registered methods stay",
    grades: &[Info],
    facts: &[Fact::Registration],
    traits: Traits::NONE,
    remediation: "Remove the methods, or require them by Conditional Access.",
    doc: RuleDoc {
        meaning: "The user is lowered to disabled and has registered methods.",
        why: "Disabling does not remove them: they go on working for Conditional Access and for password reset.",
        evidence: "The methods.",
        action: "",
        sources: &["How to: Enable per-user multifactor authentication (Microsoft Entra ID)"],
    },
    check: Check::Change(On::DISABLE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.registered {
        None => Verdict::Blind(Fact::Registration),
        Some(false) => Verdict::Clear,
        Some(true) => Hit::new(Info, "The registered methods of this user stay registered.")
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
                ("registered", |w| w.change(Enforced, Disabled), Fires(Info)),
                (
                    "nothing registered",
                    |w| {
                        w.user().registered = Some(false);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                ("relaxed", |w| w.change(Enforced, Enabled), Silent),
                (
                    "unknown",
                    |w| {
                        w.user().registered = None;
                        w.user().methods = None;
                        w.change(Enforced, Disabled);
                    },
                    Blind,
                ),
            ],
        );
    }
}
