//! Risks: rules over transitions and over the plan.
//!
//! A rule is one file in `rules/`: its metadata, its check and its documentation. [`registry`] lists them all; the
//! catalogue page, `mfaplan rules` and `mfaplan explain` are generated from it. A rule that lacks a fact says so
//! ([`NotEvaluated`]); unknown is never taken for safe.

mod asked;
mod case;
mod catalogue;
mod changes;
mod context;
pub(crate) mod controls;
mod finding;
mod names;
mod own;
mod plan_case;
mod plan_rules;
mod rule;
mod rules;
pub(crate) mod sources;
#[cfg(test)]
mod testing;
#[cfg(test)]
pub(crate) mod testing_policies;
#[cfg(test)]
mod testing_sign_ins;
#[cfg(test)]
mod tests;
mod waivers;

pub(crate) use catalogue::{is_own, rule, traits, waivable};
pub use catalogue::{known_rules, registry};
pub(crate) use changes::ChangeFindings;
pub use changes::assess_changes;
pub use context::Context;
pub(crate) use finding::{Accepted, Evidence, Finding, FindingUser, NotEvaluated, Place, PlanFinding};
pub use plan_rules::assess_plan;
pub use rule::RuleKind;
pub(crate) use rule::{Rule, RuleDoc, Traits};
