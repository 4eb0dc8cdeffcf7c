//! The catalogue: every built-in rule.

use super::{
    rule::{Rule, Traits},
    rules,
};
use crate::config::KnownRule;

/// Every built-in rule, by id.
#[must_use]
pub fn registry() -> &'static [&'static Rule] {
    rules::ALL
}

/// Whether a rule is the configuration's own: no built-in one has this id.
pub(crate) fn is_own(id: &str) -> bool {
    !registry().iter().any(|rule| rule.id == id)
}

/// The rule with this id or name, without case.
#[must_use]
pub(crate) fn rule(id: &str) -> Option<&'static Rule> {
    registry().iter().copied().find(|rule| rule.id.eq_ignore_ascii_case(id) || rule.name.eq_ignore_ascii_case(id))
}

/// What a finding of this rule says of the account; nothing where the rule is the configuration's own, or of another
/// version.
#[must_use]
pub(crate) fn traits(id: &str) -> Traits {
    registry().iter().find(|rule| rule.id == id).map_or(Traits::NONE, |rule| rule.traits)
}

/// Id, name and worst severity of every rule, for the configuration.
#[must_use]
pub fn known_rules() -> Vec<KnownRule<'static>> {
    registry().iter().map(|rule| (rule.id, rule.name, rule.severity())).collect()
}

/// May this rule be accepted, re-graded or switched off? Not those without which a write could go wrong unseen: an
/// unknown state, and a state that changed since the plan.
#[must_use]
pub(crate) fn waivable(id: &str) -> bool {
    !matches!(id, "MFA044" | "MFA045")
}
