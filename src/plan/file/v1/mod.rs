//! Version 1 of the plan document. Minor versions only add members; readers ignore members they do not know.

mod document;
#[cfg(test)]
mod fields;
mod from_plan;
mod into_plan;
#[cfg(test)]
mod schema;
mod write;

pub use document::{
    AcceptedV1, BlockV1, ChangeUserV1, ChangeV1, ConfigV1, Document, EvidenceV1, FindingUserV1, FindingV1, HoldV1,
    ImpactV1, NotEvaluatedV1, ObservedV1, OtherV1, OutputV1, PlaceV1, PlanFindingV1, PolicyV1, ProtocolV1, StateV1,
    Str, TenantV1, UnavailableV1,
};
pub(crate) use from_plan::in_order;
pub use from_plan::{Changes, Findings, Others, View, block, change, change_user, view};
pub use into_plan::{FromV1, Read, Reading, into_plan};
pub use write::write;

use super::PlanFileError;

/// The version written.
pub const FORMAT_VERSION: &str = "1.0";

/// Is this format version one that can be read: any `1.<minor>`?
///
/// # Errors
/// [`PlanFileError::Version`].
pub fn accepts(version: &str) -> Result<(), PlanFileError> {
    let readable = version
        .strip_prefix("1.")
        .is_some_and(|minor| (1..=9).contains(&minor.len()) && minor.bytes().all(|c| c.is_ascii_digit()));
    if readable { Ok(()) } else { Err(PlanFileError::Version { found: version.to_owned(), known: "1.x" }) }
}
