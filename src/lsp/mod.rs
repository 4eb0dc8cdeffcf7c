//! The language server: what the command line says, said while typing.
//!
//! ```text
//! editor ⇄ server ─┬─ workspace   open files over the disk, the snapshot, names of the directory
//!                  ├─ diagnostics  config::load_over, and resolving against the snapshot
//!                  ├─ complete     place ─► schema, functions, names, attributes, users and groups
//!                  ├─ hover        schema, functions, rules
//!                  ├─ modules     inputs and outputs at a call ─► the module's own files
//!                  ├─ references   var, local, rollout, rule, check ─► definition, renaming
//!                  ├─ fixes, lens  better words, what a plan says of a block
//!                  ├─ structure    folding, links, kinds of words
//!                  └─ fmt::format
//! ```
//!
//! It reads the configuration directory and the snapshot that the configuration names, writes nothing, and never reaches
//! a tenant. One thread: a configuration loads in milliseconds, and answers come in the order of the questions.

mod answers;
mod attributes;
mod capabilities;
mod complete;
mod context;
mod diagnostics;
mod fixes;
mod hover;
mod lens;
mod mentions;
#[cfg(test)]
mod module_tests;
mod modules;
mod outline;
mod references;
mod server;
mod signature;
mod stdio;
mod structure;
mod text;
mod workspace;

pub(crate) use server::{ServeError, ServeOptions, serve};
pub(crate) use stdio::serve_stdio;

#[cfg(test)]
mod capabilities_tests;

#[cfg(test)]
mod tests;
