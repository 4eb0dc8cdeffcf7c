//! Reading large JSON files (snapshots and saved plans) without having them in memory.
//!
//! - [`stream`] reads a document whose bulk is one list: that list element by element, on all cores, the rest as text.
//! - [`intern`] shares the strings such files repeat.
//! - [`mistaken`] says what a file is that is not the text expected.
//! - [`walk`] finds the places of values in text that is known to be valid.

pub(crate) mod intern;
mod mistaken;
pub(crate) mod stream;
pub(crate) mod walk;

pub(crate) use mistaken::mistaken;
