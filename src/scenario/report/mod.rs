//! Results for people, programs and CI systems.

pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod junit;
