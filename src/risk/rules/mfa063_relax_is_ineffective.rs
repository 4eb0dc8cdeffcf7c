//! MFA063 relax-is-ineffective: relaxing does not do what it says.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA063",
    name: "relax-is-ineffective",
    title: "Relaxing does not do what it says",
    grades: &[Medium],
    facts: &[Fact::Registration],
    traits: Traits::NONE,
    remediation: "Prefer to declare `enforced`, or `disabled`.",
    doc: RuleDoc {
        meaning: "The user goes from enforced to enabled. If they have registered, the service promotes them back (Microsoft's pages disagree whether at once); if not, password-only legacy sign-in returns.",
        why: "Neither is a state to stay in.",
        evidence: "Whether the user has registered.",
        action: "",
        sources: &["strongAuthenticationRequirements resource type (Microsoft Graph)"],
    },
    check: Check::Change(On::RELAX, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let hit = match case.registered {
        Some(true) => Hit::new(Medium, "This user has registered: the service promotes them back to enforced."),
        Some(false) => Hit::new(Medium, "This user has not registered: password-only legacy sign-in returns."),
        None => Hit::new(
            Medium,
            "Either the service promotes this user back, or password-only legacy sign-in returns: their registration is unknown.",
        ),
    };
    hit.with("registered", case.registered).into()
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
                ("registered", |w| w.change(Enforced, Enabled), Fires(Medium)),
                (
                    "not registered",
                    |w| {
                        w.user().registered = Some(false);
                        w.change(Enforced, Enabled);
                    },
                    Fires(Medium),
                ),
                (
                    "unknown",
                    |w| {
                        w.user().registered = None;
                        w.user().methods = None;
                        w.change(Enforced, Enabled);
                    },
                    Fires(Medium),
                ),
                ("disabled", |w| w.change(Enforced, Disabled), Silent),
            ],
        );
    }
}
