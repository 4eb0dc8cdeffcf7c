//! Desired × observed → transitions. Pure comparison; no risk, no decision.

mod model;
mod transitions;

pub use model::*;
pub use transitions::transitions;
