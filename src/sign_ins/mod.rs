//! Sign-in records → what a plan needs to know of each user.
//!
//! Two sources share one [`Aggregator`]: the live log ([`crate::graph`] reads it page by page) and the files that the
//! Entra portal downloads ([`SignInFiles`]), for tenants without a licence that opens the log to Graph. Records are
//! dropped as they are read; memory grows with users, not with records.

mod aggregate;
mod csv;
mod files;
mod json;
pub(crate) mod wire;

pub(crate) use aggregate::{Aggregator, EventKind, Record};
pub(crate) use files::FileError;
pub use files::SignInFiles;
pub(crate) use files::merge_files;
