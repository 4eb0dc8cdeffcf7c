//! Desired × observed → transitions. Pure comparison; no risk. What happens to a transition is decided in the plan, which
//! [`Decision`] carries from there to every view.

mod decision;
mod model;
mod transitions;

pub use decision::Decision;
pub(crate) use decision::DecisionKind;
pub use model::*;
pub use transitions::transitions;
