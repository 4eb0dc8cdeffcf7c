//! The configuration: HCL text → raw blocks with spans → [`Config`], which is valid by type.

mod model;

pub use model::*;
