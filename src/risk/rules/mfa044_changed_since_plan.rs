//! MFA044 changed-since-plan: the state changed since the plan was made.

use crate::risk::rule::prelude::*;
use crate::{
    risk::{Evidence, Finding},
    tenant::ObservedState,
};

pub(super) static RULE: Rule = Rule {
    id: "MFA044",
    name: "changed-since-plan",
    title: "The state changed since the plan was made",
    grades: &[High],
    facts: &[],
    traits: Traits::NONE,
    remediation: "Plan again, and look at what changed.",
    doc: RuleDoc {
        meaning: "Immediately before the write, apply read a state that is neither the plan's `before` nor its goal. The user is stale: skipped and reported, never overwritten. The finding can be neither accepted nor re-graded.",
        why: "Somebody or something else changed the user meanwhile; the review was of another situation.",
        evidence: "The state of the plan and the state found.",
        action: "",
        sources: &[],
    },
    check: Check::Apply,
};

/// The finding of a user whose state is no longer what was planned for. Raised by apply.
#[must_use]
#[cfg_attr(not(test), expect(dead_code, reason = "apply does not raise it yet"))]
pub(crate) fn changed_since_plan(planned: &ObservedState, observed: &ObservedState) -> Finding {
    Finding {
        rule: RULE.id.into(),
        name: RULE.name.into(),
        severity: Severity::High,
        message: "The state of this user changed since the plan was made: the change is stale and was not written."
            .into(),
        evidence: vec![
            Evidence { fact: "planned_before".into(), value: planned.as_str().into() },
            Evidence { fact: "observed".into(), value: observed.as_str().into() },
        ],
        remediation: RULE.remediation.into(),
        accepted: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_both_states() {
        let finding = changed_since_plan(&MfaState::Disabled.into(), &ObservedState::Unknown(None));
        assert_eq!((&*finding.rule, finding.severity), ("MFA044", High));
        assert_eq!(finding.evidence[1].value, "unknown");
    }
}
