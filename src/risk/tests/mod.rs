//! Tests over the whole registry.

mod engine;
mod labelled;
mod properties;
mod registry;
