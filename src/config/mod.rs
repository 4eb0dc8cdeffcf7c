//! The configuration: HCL text → raw blocks with spans → [`Config`], which is valid by type.
//!
//! [`load`] goes through these steps, and each reports all it finds before the next begins:
//! files ([`mod@files`]) → tokens (`scan`) → trees (`parse`) → names checked against the [`schema`] (`raw`) →
//! `variables` → `locals` → arguments compiled and read (`args`, `selector`, `blocks`) → the policy directory laid over
//! it (`policy`).

mod args;
mod blocks;
mod bounds;
mod build;
mod call;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod csv_tests;
pub(crate) mod date;
pub(crate) mod files;
pub(crate) mod fleet;
#[cfg(test)]
mod golden;
mod load;
mod locals;
mod model;
#[cfg(test)]
mod module_tests;
mod modules;
#[cfg(test)]
mod null_tests;
mod origin;
mod outline;
pub(crate) mod parse;
mod policy;
#[cfg(test)]
mod policy_tests;
pub(crate) mod raw;
mod reads;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod samples;
pub(crate) mod scan;
pub(crate) mod schema;
mod selector;
#[cfg(test)]
mod shared_structure_tests;
#[cfg(test)]
mod tests;
mod tighten;
mod variables;
mod version;
mod waivable;
mod who;
pub(crate) mod window;

pub(crate) use args::late_names;
pub(crate) use blocks::sign_in_files;
pub use files::Overlay;
pub(crate) use load::KnownRule;
pub use load::{LoadFailure, LoadInput, load, load_over};
pub use model::*;
pub(crate) use modules::normalised;
pub use origin::Origin;
pub(crate) use parse::syntax_errors;
pub use variables::Assignment;
pub(crate) use variables::{ENVIRONMENT_PREFIX, FOREIGN_PREFIX};
pub(crate) use waivable::Waivable;
pub use who::*;
