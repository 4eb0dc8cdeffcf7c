//! Tests over the whole registry.

mod engine;
mod labelled;
mod methods;
mod page;
mod properties;
mod registry;
