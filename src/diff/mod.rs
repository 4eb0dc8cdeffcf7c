//! Desired × observed → transitions. Pure comparison; no risk, no decision.

mod model;

pub use model::*;
