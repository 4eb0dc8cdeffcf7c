//! Configuration × observed tenant → who must be in which state, and which block says so.

mod model;

pub use model::*;
