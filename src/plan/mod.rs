//! The plan as a document: model, summary, digest, guardrails; and the builder that makes one.

mod again;
mod build;
pub mod compare;
pub mod digest;
pub(crate) mod exceptions;
mod expressions;
pub(crate) mod file;
mod guardrails;
mod impact;
mod model;
pub(crate) mod reviewed;
mod rollback;
mod roster;
mod target;
#[cfg(test)]
mod tests;

pub use crate::facts::tenant_value;
pub(crate) use again::refused_now;
pub use build::{BuildError, BuildInput, Built, TargetProblem, build};
pub(crate) use build::{bucket, enabled_users, estimated_seconds, execution_now, place, recounted, withheld_by};
pub use compare::compare;
pub(crate) use expressions::plan as plan_value;
pub use guardrails::waiver;
pub(crate) use impact::{World, impact};
pub use model::*;
pub(crate) use rollback::{RollbackInput, build_rollback};
