//! What can be derived from an observed tenant alone, before anything is declared or changed: what kind of account a
//! user is, the service account signal, Conditional Access coverage, and `user` in expressions.

mod asked;
pub(crate) mod coverage;
pub(crate) mod deadlines;
mod kind;
pub(crate) mod methods;
mod named;
mod names;
mod population;
pub(crate) mod recognise;
pub(crate) mod signal;
pub(crate) mod strengths;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use asked::Askers;
pub use coverage::CompiledPolicies;
pub(crate) use coverage::{Asks, Coverage, LegacyClients};
pub(crate) use kind::UserKind;
pub(crate) use kind::kind;
pub use named::tenant_value;
pub(crate) use names::NameMatcher;
pub(crate) use population::Population;
pub(crate) use signal::{Signal, SignalModel};
pub use view::{Facts, UserView};
