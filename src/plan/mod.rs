//! The plan as a document: model, summary, digest, guardrails; and the builder that makes one.

mod build;
pub mod compare;
pub mod digest;
mod expressions;
pub mod file;
mod guardrails;
mod impact;
mod model;
mod rollback;

pub use build::{BuildError, BuildInput, Built, build, change_value, place};
pub use expressions::{plan as plan_value, tenant as tenant_value};
pub use guardrails::{WAIVABLE, validate_waiver};
pub use impact::impact;
pub use model::*;
pub use rollback::{RollbackInput, build_rollback};
