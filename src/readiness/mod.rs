//! Who of the users to be raised is ready for MFA, and whom to call first.
//!
//! Facts and a plan in, a value out: nothing is read or written here, and nothing is decided that the plan has decided.

mod class;
mod report;
#[cfg(test)]
mod tests;

pub use class::Class;
pub use report::{By, Input, Report, report};
pub(crate) use report::{Cohort, Person, Totals};
