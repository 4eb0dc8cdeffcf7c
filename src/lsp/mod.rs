//! The language server: what the command line says, said while typing.
//!
//! ```text
//! editor ⇄ server ─┬─ workspace   open files over the disk, the snapshot, names of the directory
//!                  ├─ diagnostics  config::load_over, and resolving against the snapshot
//!                  ├─ complete     place ─► schema, functions, names, users and groups
//!                  ├─ hover        schema, functions, rules
//!                  ├─ definition   var, local, rollout, rule
//!                  └─ fmt::format
//! ```
//!
//! It reads the configuration directory and the snapshot that the configuration names, writes nothing, and never reaches
//! a tenant. One thread: a configuration loads in milliseconds, and answers come in the order of the questions.

mod complete;
mod context;
mod definition;
mod diagnostics;
mod hover;
mod outline;
mod server;
mod text;
mod workspace;

pub(crate) use server::{ServeOptions, serve};

#[cfg(test)]
mod tests;
