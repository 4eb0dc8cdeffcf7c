//! The plan as a document: model, summary, digest, guardrails.

pub mod compare;
pub mod file;
mod model;

pub use model::*;
