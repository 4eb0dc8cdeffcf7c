//! Results for people, programs and CI systems.

pub mod human;
pub mod json;
pub mod junit;
