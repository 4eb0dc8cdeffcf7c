//! The plan as a document: model, summary, digest, guardrails.

mod model;

pub use model::*;
