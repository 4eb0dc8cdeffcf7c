//! Expressions: compiled once from the syntax tree, evaluated as often as needed.
//!
//! [`Expr::compile`] resolves every name it can and reports every one it cannot; [`Expr::eval`] is then a walk over a
//! small tree without look-ups by text. A `where` runs once per user, so `user.department` is a field number, not a map
//! access. Results are Terraform's, with one addition: see [`Nulls`].

pub use scope::{Scope, UserFacts, UserField};
pub use value::Value;

mod scope;
mod value;
