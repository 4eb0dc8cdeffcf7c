//! Reads a saved plan without having the file in memory: nearly all of it are changes, and each becomes part of the plan
//! as soon as it is read.
//!
//! This is the way of files that are right. Whatever is not (and what a pipe holds, which can be read once only) is left
//! to [`super::read`], whose order of checks and whose messages are the ones that count; a property test holds the two
//! together.

use std::{
    fs::File,
    io::{Seek, SeekFrom},
    path::Path,
};

use super::{
    PlanFileError,
    checksum::Checking,
    header::{self, Header},
    v1::{self, FromV1},
};
use crate::{
    json::stream::{self, Rows},
    plan::{Change, Plan},
};

/// What was found.
#[expect(clippy::large_enum_variant, reason = "there is one, and it is taken apart at once")]
pub(super) enum Outcome {
    /// A plan with the right checksum; its digest is still to be compared.
    Plan(Plan),
    /// A snapshot.
    Snapshot,
    /// Nothing that can be told from here.
    Unclear,
}

pub(super) fn read(path: &Path) -> Outcome {
    let Ok(mut file) = File::open(path) else { return Outcome::Unclear };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Outcome::Unclear;
    }
    match header::peek(&file) {
        Some(Header::Plan { version }) if v1::accepts(&version).is_ok() => {}
        Some(Header::Snapshot) => return Outcome::Snapshot,
        _ => return Outcome::Unclear,
    }
    match file.seek(SeekFrom::Start(0)) {
        Ok(_) => plan(file).map_or(Outcome::Unclear, Outcome::Plan),
        Err(_) => Outcome::Unclear,
    }
}

struct Changes;

impl Rows for Changes {
    const LIST: &'static str = "changes";
    const HEAD: &'static [&'static str] = &[
        "format_version",
        "mfaplan_version",
        "created_at",
        "as_of",
        "tenant",
        "config",
        "policy",
        "assumed_policies",
        "observed",
        "summary",
        "waivers",
        "refused",
        "findings",
        "not_evaluated",
        "checks",
        "outputs",
        "execution",
        "notes",
        "targets",
        "rolls_back",
        "blocks",
        "others",
        "replay",
        "digest",
        "checksum",
    ];
    type Row<'a> = v1::ChangeV1<'a>;
    type Item = Result<Change, PlanFileError>;
    fn keep<'a>(row: v1::ChangeV1<'a>, _: &'a [u8], _: u64) -> Self::Item {
        Change::from_v1(row)
    }
}

fn plan(file: File) -> Option<Plan> {
    let mut checking = Checking::new(file);
    let document = stream::read::<Changes>(&mut checking).ok()?;
    checking.verify().ok()?;
    // The document once more, but for its changes.
    let mut rest = br#"{"changes":[]"#.to_vec();
    for (key, value) in &document.head {
        rest.extend_from_slice(format!(",\"{key}\":").as_bytes());
        rest.extend_from_slice(value);
    }
    rest.push(b'}');
    let mut plan = v1::into_plan(serde_json::from_slice(&rest).ok()?).ok()?;
    plan.changes = document.list?.into_iter().collect::<Result<_, _>>().ok()?;
    Some(plan)
}
