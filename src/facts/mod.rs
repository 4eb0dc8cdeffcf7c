//! What can be derived from an observed tenant alone, before anything is declared or changed: what kind of account a
//! user is, the service account signal, Conditional Access coverage, and `user` in expressions.

mod kind;

pub use kind::UserKind;
