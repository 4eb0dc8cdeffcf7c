//! For a program.

use std::{io, io::Write};

use super::headline;
use crate::{
    plan::{
        Change,
        compare::{ChangedUser, ClaimGroup, PlanDiff, Reason},
        file::v1,
    },
    severity::Severity,
};

/// Writes the document.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(diff: &PlanDiff<'_>, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &document(diff))?;
    out.write_all(b"\n")
}

/// The version of the document; minor = additions only.
const FORMAT_VERSION: &str = "1.0";

/// `diff --json`: `added`, `removed` and `changed`, and what differs besides.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PlanDiff"))]
struct DocumentV1<'a> {
    /// "1.0"; a minor version only adds members.
    format_version: &'static str,
    /// The old plan.
    old: SideV1<'a>,
    /// The new plan.
    new: SideV1<'a>,
    /// Users that only the new plan changes, by name.
    #[serde(serialize_with = "changes")]
    #[cfg_attr(test, schemars(with = "Vec<v1::ChangeV1<'a>>"))]
    added: &'a [&'a Change],
    /// Users that only the old plan changed, by name.
    #[serde(serialize_with = "changes")]
    #[cfg_attr(test, schemars(with = "Vec<v1::ChangeV1<'a>>"))]
    removed: &'a [&'a Change],
    /// Users whose change is another one, by name.
    #[serde(serialize_with = "changed_users")]
    #[cfg_attr(test, schemars(with = "Vec<ChangedV1<'a>>"))]
    changed: &'a [ChangedUser<'a>],
    /// Users whom another block claims, or none: protection and coverage that come or go; worst first.
    claims: Vec<ClaimV1<'a>>,
    /// Why a plan is refused: reasons that are new and that are gone.
    refused: RefusedV1<'a>,
    /// Findings of the tenant and of blocks: which differ, and how.
    findings: Vec<String>,
    /// Other things that apply differently.
    terms: &'a [String],
}

/// One of the two plans.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Side"))]
struct SideV1<'a> {
    /// Its digest.
    digest: String,
    /// Its numbers.
    summary: &'a crate::plan::Summary,
}

/// A user whose change is another one.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Changed"))]
struct ChangedV1<'a> {
    /// Who.
    user: v1::ChangeUserV1<'a>,
    /// Their change in the old plan.
    old: v1::ChangeV1<'a>,
    /// And in the new one.
    new: v1::ChangeV1<'a>,
    /// What differs, in words; never empty.
    reasons: Vec<String>,
}

/// Users whose claim differs in the same way, between the same two blocks.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Claim"))]
struct ClaimV1<'a> {
    /// `unprotected`, `unmanaged`, `protected`, `other_block` or `managed`.
    kind: &'static str,
    /// How much a reviewer has to care.
    severity: Severity,
    /// What happened, with the number of users.
    message: String,
    /// What it means for each of them.
    meaning: &'static str,
    /// What to do where it was not meant; empty where there is nothing to do.
    remediation: &'static str,
    /// The block that claimed them in the old plan.
    old: Option<v1::BlockV1<'a>>,
    /// The block that claims them in the new one.
    new: Option<v1::BlockV1<'a>>,
    /// Who, by name.
    users: Vec<ClaimantV1<'a>>,
    /// How many of them the new plan changes at once.
    changing: u64,
}

/// A user whose claim differs.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Claimant"))]
struct ClaimantV1<'a> {
    /// Who.
    user: v1::ChangeUserV1<'a>,
    /// The state they have.
    state: &'a str,
}

/// Reasons to refuse a plan.
#[derive(serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Refused"))]
struct RefusedV1<'a> {
    /// That are new.
    added: &'a [&'a crate::plan::Refusal],
    /// That are gone.
    removed: &'a [&'a crate::plan::Refusal],
}

fn document<'a>(diff: &'a PlanDiff<'a>) -> DocumentV1<'a> {
    let PlanDiff { digests, summaries, added, removed, changed, claims, refused, no_longer_refused, findings, terms } =
        diff;
    DocumentV1 {
        format_version: FORMAT_VERSION,
        old: SideV1 { digest: digests.0.to_string(), summary: summaries.0 },
        new: SideV1 { digest: digests.1.to_string(), summary: summaries.1 },
        added,
        removed,
        changed,
        claims: claims.iter().map(claim).collect(),
        refused: RefusedV1 { added: refused, removed: no_longer_refused },
        findings: reasons(findings),
        terms,
    }
}

fn claim<'a>(group: &'a ClaimGroup<'a>) -> ClaimV1<'a> {
    let ClaimGroup { shift, old, new, users, changing } = group;
    let users = users.iter().map(|(user, state)| ClaimantV1 { user: v1::change_user(user), state: state.as_str() });
    ClaimV1 {
        kind: shift.as_str(),
        severity: group.severity(),
        message: headline(group),
        meaning: group.meaning(),
        remediation: group.remediation(),
        old: old.map(v1::block),
        new: new.map(v1::block),
        users: users.collect(),
        changing: *changing,
    }
}

fn reasons(list: &[Reason]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn changes<S: serde::Serializer>(list: &[&Change], serializer: S) -> Result<S::Ok, S::Error> {
    v1::in_order(list, serializer, |one| v1::change(one))
}

fn changed_users<S: serde::Serializer>(list: &[ChangedUser<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    v1::in_order(list, serializer, |one| {
        let (old, new) = (v1::change(one.old), v1::change(one.new));
        ChangedV1 { user: new.user.clone(), old, new, reasons: reasons(&one.reasons) }
    })
}

#[cfg(test)]
mod tests {
    use super::{DocumentV1, FORMAT_VERSION};

    #[test]
    fn the_published_schema_is_that_of_the_types() {
        let schema = crate::schema::of::<DocumentV1<'_>>();
        crate::schema::check("diff", "mfaplan diff --json", FORMAT_VERSION, schema);
    }
}
