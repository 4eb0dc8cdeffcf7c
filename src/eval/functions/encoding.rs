//! Later.

pub(super) static FUNCTIONS: &[super::Function] = &[];
