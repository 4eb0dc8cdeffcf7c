//! Reading large JSON files (snapshots and saved plans) without having them in memory.
//!
//! - [`stream`] reads a document whose bulk is one list: that list element by element, on all cores, the rest as text.
//! - [`intern`] shares the strings such files repeat.
//! - [`walk`] finds the places of values in text that is known to be valid.

pub(crate) mod intern;
pub(crate) mod stream;
pub(crate) mod walk;
