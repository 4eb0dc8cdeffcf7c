//! MFA040 enabled-becomes-enforced: enabled will become enforced.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA040",
    name: "enabled-becomes-enforced",
    title: "Enabled will become enforced",
    grades: &[Medium],
    facts: &[Fact::Registration],
    traits: Traits::NONE,
    remediation: "Prefer to declare `enforced`, or make sure that enforced is what you want.",
    doc: RuleDoc {
        meaning: "The user has already registered: the service promotes them from enabled to enforced. The rules for enforced are run for them too.",
        why: "What was meant as the gentle step is the strict one for this user. Microsoft's pages disagree whether a user who is enabled again is promoted at once or at the next sign-in.",
        evidence: "That the user has registered.",
        action: "",
        sources: &["strongAuthenticationRequirements resource type (Microsoft Graph)"],
    },
    check: Check::Change(On::ENABLE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.registered {
        None => Verdict::Blind(Fact::Registration),
        Some(false) => Verdict::Clear,
        Some(true) => Hit::new(Medium, "This user has already registered: the service promotes them to enforced, at once or at their next sign-in (Microsoft's pages disagree).")
            .with("registered", true)
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
                ("registered", |w| w.change(Disabled, Enabled), Fires(Medium)),
                (
                    "not registered",
                    |w| {
                        w.user().registered = Some(false);
                        w.change(Disabled, Enabled);
                    },
                    Silent,
                ),
                ("enforced anyway", |_| {}, Silent),
                (
                    "unknown",
                    |w| {
                        w.user().registered = None;
                        w.user().methods = None;
                        w.change(Disabled, Enabled);
                    },
                    Blind,
                ),
            ],
        );
    }
}
