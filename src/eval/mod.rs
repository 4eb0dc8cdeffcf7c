//! Expressions: compiled once from the syntax tree, evaluated as often as needed.

mod expr;
mod scope;
mod value;

pub use expr::{EvalError, Expr};
pub use scope::{Scope, UserFacts, UserField};
pub use value::Value;
