//! Version 1 of the journal: one JSON object a line. Documented in `docs/journal.md`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RunId;
use crate::{
    apply::{
        approval::Approval,
        report::{Command, Counts, Failure, Outcome, RunEnd, Seen},
    },
    facts::UserKind,
    plan::{Waiver, digest::Document},
    replay::PredictedRow,
    tenant::{MfaState, TenantId, Text, UserId},
};

/// The version written; minor = additions only.
pub(crate) const FORMAT_VERSION: &str = "1.0";

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Line {
    /// The first line: what may be done, and who approved it.
    Run(Box<Run>),
    /// What was foretold of a user's sign-ins, to be compared with what comes of them.
    Prediction(Prediction),
    /// The run goes on after it was interrupted.
    Resume(Resume),
    /// A write is about to be sent.
    Intent(Intent),
    /// What became of a user. The last one counts.
    Result(Report),
    /// A session ended in an orderly way.
    End(End),
}

/// A line with what ties it to the others, as it stands in the file: see [`super::chain`].
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[expect(
    dead_code,
    reason = "describes the file; the line's own type and the two members are written one after the other"
)]
pub(crate) struct Chained {
    /// What it says.
    #[serde(flatten)]
    line: Line,
    /// The SHA-256 of the line before, without its line break; null in the first.
    prev: Option<String>,
    /// `sha256:…` of the line up to here, always last.
    checksum: String,
}

/// `run`: everything that resume, rollback and verify need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Run {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// The version of this format.
    pub format_version: Text,
    /// The run's id: the file's stem.
    pub run: RunId,
    /// `apply` or `rollback`.
    pub command: Command,
    /// The version that wrote it.
    pub mfaplan_version: Text,
    /// Which tenant.
    pub tenant: Tenant,
    /// The plan's digest, `sha256:…`.
    pub digest: Text,
    /// How it was approved.
    pub approval: Approval,
    /// Who applied, and where.
    pub by: By,
    /// What was approved: the canonical document whose SHA-256 is the digest.
    pub approved: Document,
    /// How many users are written and verified first.
    pub canary: u32,
    /// More failures than this stop the run.
    pub stop_after_failures: u32,
    /// Signatures the plan needed; 0 = none.
    pub approvals_required: u32,
    /// Waived guardrails.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<Waiver>,
    /// The run that this one rolls back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolls_back: Option<RunId>,
    /// Every change with decision `apply`, in the plan's order. No other user is ever written.
    pub changes: Vec<Planned>,
}

/// Who applied, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct By {
    /// The operating system's user.
    pub user: Text,
    /// The machine.
    pub host: Text,
    /// Who is signed in to the tenant; none on a snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// The pipeline, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci: Option<Pipeline>,
}

/// An identity that is signed in to the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Identity {
    /// An operator's sign-in name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_principal_name: Option<Text>,
    /// The application's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Text>,
    /// The object id of the operator, or of the application's service principal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_id: Option<Text>,
}

/// A run of a pipeline, as its environment says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Pipeline {
    /// Of which repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Text>,
    /// Of which commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Text>,
    /// Started by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Text>,
    /// Where it can be looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Text>,
}

/// The tenant of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: Text,
    /// Its cloud.
    pub cloud: Text,
}

/// A planned change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Planned {
    /// Who.
    pub user: PlannedUser,
    /// The state they must have for the write to be allowed.
    pub before: MfaState,
    /// The state that is written.
    pub after: MfaState,
    /// The state it ends in.
    pub effective: MfaState,
}

/// The user of a planned change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedUser {
    /// Object id.
    pub id: UserId,
    /// Sign-in name.
    pub user_principal_name: Text,
    /// Display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<Text>,
    /// What kind of account.
    pub kind: UserKind,
    /// Had they registered for MFA?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<bool>,
}

/// `prediction`: after `run`, before the first intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Prediction {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Of whom.
    pub user: UserId,
    /// What would become of their sign-ins; empty where nothing that the log could show.
    pub rows: Vec<PredictedRow>,
}

/// `resume`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Resume {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// The version that goes on.
    pub mfaplan_version: Text,
    /// How going on was approved.
    pub approval: Approval,
    /// Who went on, and where.
    pub by: By,
}

/// `intent`: on the disk before the write is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Intent {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Whom.
    pub user: UserId,
    /// The state they were just read to have.
    pub before: MfaState,
    /// The state about to be written.
    pub after: MfaState,
}

/// `result`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Whom.
    pub user: UserId,
    /// The planned state before.
    pub before: MfaState,
    /// The planned state after.
    pub after: MfaState,
    /// What became of it.
    pub result: Outcome,
    /// The state read last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Seen>,
    /// The planned state was read back.
    pub verified: bool,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
}

/// `end`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct End {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// How.
    pub outcome: RunEnd,
    /// The counts of the whole run.
    #[serde(flatten)]
    pub counts: Counts,
    /// The exit code.
    pub exit_code: u8,
}
