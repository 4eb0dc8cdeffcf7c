//! Tests over the whole registry.

mod engine;
mod labelled;
mod limits;
mod methods;
mod page;
mod properties;
mod registry;
mod told;
mod words;
