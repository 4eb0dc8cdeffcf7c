//! MFA040 enabled-becomes-enforced: enabled will become enforced at once.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA040",
    name: "enabled-becomes-enforced",
    title: "Enabled will become enforced at once",
    grades: &[Medium],
    facts: &[Fact::Registration],
    remediation: "Declare `enforced`, or make sure that enforced is what you want.",
    doc: RuleDoc {
        meaning: "The user has already registered: the service promotes him from enabled to enforced at once. The rules for enforced are run for him too.",
        why: "What was meant as the gentle step is the strict one for him.",
        evidence: "That he has registered.",
        action: "",
        sources: &["strongAuthenticationRequirements resource type (Microsoft Graph)"],
    },
    check: Check::Change(On::ENABLE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.registered {
        None => Verdict::Blind(Fact::Registration),
        Some(false) => Verdict::Clear,
        Some(true) => {
            Hit::new(Medium, "This user has already registered: the service promotes him to enforced at once.")
                .with("registered", true)
                .into()
        }
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
