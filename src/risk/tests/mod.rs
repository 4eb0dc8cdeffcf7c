//! Tests over the whole registry.

mod engine;
mod labelled;
mod page;
mod properties;
mod registry;
