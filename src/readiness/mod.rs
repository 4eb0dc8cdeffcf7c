//! Who of the users to be raised is ready for MFA, and whom to call first.
//!
//! Facts and a plan in, a value out: nothing is read or written here, and nothing is decided that the plan has decided.

mod class;
mod notices;
mod report;
#[cfg(test)]
mod tests;
mod waves;

pub use class::Class;
pub(crate) use class::ending;
pub(crate) use notices::Letter;
pub(crate) use notices::{Notices, notices};
pub use report::{By, Input, Report, report};
pub(crate) use report::{Cohort, Person, Totals};
pub(crate) use waves::{Bounds, Proposal, TeamBy, propose};
