//! The snapshot file: an offline copy of a tenant, behind the same ports as the live one.
//!
//! - [`read`] turns the file into an [`ObservedTenant`]. The document is streamed ([`crate::json`]), its users parsed
//!   into typed rows that borrow from the text ([`row`]), strings that repeat are shared.
//! - A file that cannot be read is looked at again, slowly, for all that is wrong in it and where ([`check`]).
//! - [`write()`] makes such a file of any observed tenant.
//! - [`SnapshotTenant`] is the adapter: it knows where each user's state stands in the file ([`states`]) and replaces
//!   just that ([`commit`]), so that applying to a snapshot runs the same code path as applying to Microsoft Graph.
//!
//! The format is documented in `docs/snapshot.md`.

mod adapter;
mod cells;
mod check;
mod commit;
mod error;
mod head;
mod read;
mod row;
mod sign_ins;
mod states;
mod time;
mod write;

#[cfg(test)]
mod tests;

pub use adapter::SnapshotTenant;
pub use read::{from_slice, read};
pub use write::write;

#[cfg(doc)]
use crate::tenant::ObservedTenant;
