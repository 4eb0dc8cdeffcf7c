//! MFA029 disabled-account: the account cannot sign in.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA029",
    name: "disabled-account",
    title: "The account cannot sign in",
    grades: &[Info],
    facts: &[Fact::Directory],
    traits: Traits::NONE,
    remediation: "Leave the account out.",
    doc: RuleDoc {
        meaning: "The account is disabled (`accountEnabled` is false).",
        why: "The change has no effect until somebody enables the account.",
        evidence: "That it is disabled.",
        action: "",
        sources: &["user resource type (Microsoft Graph)"],
    },
    check: Check::Change(On::ALL, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.user.account_enabled {
        None => Verdict::Blind(Fact::Directory),
        Some(true) => Verdict::Clear,
        Some(false) => Hit::new(Info, "This account is disabled: the change has no effect for now.")
            .with("account_enabled", false)
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
                ("disabled", |w| w.user().account_enabled = Some(false), Fires(Info)),
                (
                    "disabled and lowered",
                    |w| {
                        w.user().account_enabled = Some(false);
                        w.change(Enforced, Disabled);
                    },
                    Fires(Info),
                ),
                ("enabled", |_| {}, Silent),
                ("unknown", |w| w.user().account_enabled = None, Blind),
            ],
        );
    }
}
