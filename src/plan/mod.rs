//! The plan as a document: model, summary, digest, guardrails; and the builder that makes one.

pub mod digest;
mod expressions;
pub mod file;
mod guardrails;
mod impact;
mod model;

pub use expressions::{plan as plan_value, tenant as tenant_value};
pub use guardrails::{WAIVABLE, validate_waiver};
pub use impact::impact;
pub use model::*;
