//! Sign-in records → what a plan needs to know of each user.
//!
//! Two sources share one [`Aggregator`]: the live log ([`crate::graph`] reads it page by page) and the files that the
//! Entra portal downloads ([`SignInFiles`]), for tenants without a licence that opens the log to Graph. Records are
//! dropped as they are read; what is kept are cells ([`crate::tenant::Cell`]): memory grows with users and days, not with
//! records.

mod aggregate;
mod analytics;
pub(crate) mod cover;
mod csv;
pub(crate) mod decided;
mod files;
mod join;
mod json;
mod mfa;
pub(crate) mod records;
mod register;
pub(crate) mod requests;
mod shape;
pub(crate) mod smtp;
pub(crate) mod wire;

pub(crate) use aggregate::{Aggregator, Record, nothing};
pub use files::SignInFiles;
pub(crate) use files::merge_files;
pub(crate) use files::{FileError, window_start};

/// Tables that every record is looked up in. Their keys are mostly numbers, or hashes already, and their sizes are bounded.
type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
/// As [`Map`].
type Set<K> = std::collections::HashSet<K, foldhash::fast::RandomState>;
