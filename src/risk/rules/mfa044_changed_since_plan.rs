//! MFA044 changed-since-plan: the state changed since the plan was made.

use crate::risk::rule::prelude::*;

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
        evidence: "The state of the plan and the state found: in the closing table, in `error` of the report, of the journal and of the events, with the rule's id as `code`.",
        action: "",
        sources: &[],
    },
    check: Check::Apply,
};

#[cfg(test)]
mod tests {
    use crate::risk::{RuleKind, rule};

    /// Apply puts it into the report, the journal and the events, as the code of what went wrong.
    #[test]
    fn apply_raises_it_by_its_id() {
        let found = rule(crate::apply::report::CHANGED).unwrap();
        assert_eq!((found.id, found.kind()), (super::RULE.id, RuleKind::Apply));
    }
}
