//! Reading large JSON files (snapshots, saved plans, sign-in logs) without having them in memory.
//!
//! - [`window`] is the part of a file that is in memory, and [`list`] parses a list in it on all cores.
//! - [`stream`] reads a document whose bulk is one list: that list element by element, on all cores, the rest as text.
//! - [`intern`] shares the strings such files repeat.
//! - [`mistaken`] says what a file is that is not the text expected.
//! - [`walk`] finds the places of values in text that is known to be valid.

pub(crate) mod intern;
pub(crate) mod list;
mod mistaken;
pub(crate) mod stream;
pub(crate) mod walk;
pub(crate) mod window;

pub(crate) use mistaken::mistaken;
