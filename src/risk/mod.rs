//! Risks: rules over transitions and over the plan.

mod finding;

pub use finding::{Accepted, Evidence, Finding, FindingUser, NotEvaluated, Place, PlanFinding};
