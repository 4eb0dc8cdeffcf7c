//! Configuration × observed tenant → who must be in which state, and which block says so.

mod explain;
mod gate;
mod model;
mod resolve;
pub(crate) mod role_names;
mod rollout;
mod select;
#[cfg(test)]
mod tests;

pub(crate) use explain::{Claimants, claimants, selected};
pub(crate) use gate::{GateFacts, judge_gates};
pub use model::*;
pub use resolve::resolve;
pub(crate) use rollout::share;
