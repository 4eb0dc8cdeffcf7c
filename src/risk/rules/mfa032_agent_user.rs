//! MFA032 agent-user: this is the account of an agent.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA032",
    name: "agent-user",
    title: "This is the account of an agent",
    grades: &[Critical],
    facts: &[],
    traits: Traits::NO_PERSON,
    remediation: "Leave the account out; protect the agent by Conditional Access for agents.",
    doc: RuleDoc {
        meaning: "The account is a Microsoft Entra agent user: its type is `agentUser`, or it names an agent identity as its parent.",
        why: "An agent has neither a password nor a second factor: MFA can only stop it.",
        evidence: "That the account is an agent's.",
        action: "",
        sources: &["Agent users in Microsoft Entra Agent ID"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    if case.user.is_agent {
        Hit::new(Critical, "This is the account of an agent: it has no password and no factor, and MFA stops it.")
            .with("agent", true)
            .into()
    } else {
        Verdict::Clear
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
                ("an agent", |w| w.user().is_agent = true, Fires(Critical)),
                ("a person", |_| {}, Silent),
                (
                    "lowered",
                    |w| {
                        w.user().is_agent = true;
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
            ],
        );
    }
}
