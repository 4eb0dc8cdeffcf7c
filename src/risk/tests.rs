//! Tests over the whole registry.
