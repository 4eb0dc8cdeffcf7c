//! MFA045 unknown-state: the tenant gave a state that cannot be read.

use crate::risk::rule::prelude::*;
use crate::tenant::ObservedState;

pub(super) static RULE: Rule = Rule {
    id: "MFA045",
    name: "unknown-state",
    title: "The tenant gave a state that cannot be read",
    grades: &[High],
    facts: &[Fact::MfaState],
    traits: Traits::NONE,
    remediation: "Look the user up in the portal; read the tenant again, or update mfaplan.",
    doc: RuleDoc {
        meaning: "The per-user MFA state is missing, null, or a value this version does not know. The change is always withheld; the finding can be neither accepted nor re-graded.",
        why: "A write over a state nobody understood cannot be undone.",
        evidence: "The raw value.",
        action: "",
        sources: &["strongAuthenticationRequirements resource type (Microsoft Graph)"],
    },
    check: Check::Change(On::ALL, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match &case.transition.before {
        ObservedState::Known(_) => Verdict::Clear,
        ObservedState::Unknown(raw) => {
            let hit = Hit::new(High, "The state of this user is not known: the change is withheld.")
                .with("per_user_mfa_state", raw.as_ref().map_or(serde_json::Value::Null, |raw| raw.as_str().into()));
            match case.context.tenant.unread.iter().find(|one| one.user == case.user.id) {
                // Nobody else waits for an answer that one user's request did not get; the reason stands here.
                Some(unread) => hit.with("not_read", unread.reason.as_str()).into(),
                None => hit.into(),
            }
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
                ("null", |w| w.unknown_state(None), Fires(High)),
                ("a new value", |w| w.unknown_state(Some("suspended")), Fires(High)),
                ("known", |_| {}, Silent),
            ],
        );
    }
}
