//! Placeholder while the configuration loader is not there.
