//! Version 1 of the events: one JSON object a line. Additions only.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    apply::{
        journal::RunId,
        observer::Phase,
        report::{Command, Counts, Failure, Outcome, RunEnd, Seen, StopReason},
        verify::Standing,
    },
    diff::{Action, DecisionKind},
    tenant::{MfaState, Text, UserId},
};

/// The version of the lines, named in the published schema; minor = additions only.
#[cfg(test)]
pub(crate) const FORMAT_VERSION: &str = "1.0";

/// A user in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct User {
    /// Object id.
    pub id: UserId,
    /// Sign-in name.
    pub user_principal_name: Text,
}

/// A line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Line {
    /// `plan`: a change.
    Change(Change),
    /// A session of a run begins.
    Start(Start),
    /// A phase begins.
    Phase(PhaseLine),
    /// A write is about to be sent.
    Intent(Intent),
    /// A write is tried again later.
    Retry(Retry),
    /// What became of a user; the last one counts.
    Result(ResultLine),
    /// Nothing new is started any more.
    Stopping(Stopping),
    /// `verify`: a user.
    Verify(Verify),
    /// `fleet apply`: a tenant has ended.
    Tenant(Tenant),
    /// The last line, always.
    Summary(Summary),
}

/// `change`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Change {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Who.
    pub user: User,
    /// The state they have; `unknown` where that is not known.
    pub before: Text,
    /// The state to write.
    pub after: MfaState,
    /// The state it ends in.
    pub effective: MfaState,
    /// What it does.
    pub action: Action,
    /// What happens to it.
    pub decision: DecisionKind,
}

/// `start`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Start {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// What.
    pub command: Command,
    /// Which run.
    pub run: RunId,
    /// How many users are planned.
    pub changes: u64,
}

/// `phase`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PhaseLine {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Which run.
    pub run: Option<RunId>,
    /// Which phase.
    pub phase: Phase,
    /// About how many users.
    pub users: u64,
}

/// `intent`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Intent {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Which run.
    pub run: Option<RunId>,
    /// Whom.
    pub user: User,
    /// From.
    pub before: MfaState,
    /// To.
    pub after: MfaState,
}

/// `retry`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Retry {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Which run.
    pub run: Option<RunId>,
    /// Whom.
    pub user: User,
    /// After how long.
    pub delay_seconds: f64,
    /// Why.
    pub error: Failure,
}

/// `result`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ResultLine {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Which run.
    pub run: Option<RunId>,
    /// Whose.
    pub user: User,
    /// From.
    pub before: MfaState,
    /// To.
    pub after: MfaState,
    /// Where it ends.
    pub effective: MfaState,
    /// What became of it.
    pub result: Outcome,
    /// The state read last.
    pub observed: Option<Seen>,
    /// The planned state was read back.
    pub verified: bool,
    /// What went wrong.
    pub error: Option<Failure>,
}

/// `stopping`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Stopping {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Which run.
    pub run: Option<RunId>,
    /// Why.
    #[serde(flatten)]
    pub reason: StopReason,
}

/// `tenant`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Tenant {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Its name in the fleet.
    pub tenant: Text,
    /// How it ended: `done`, `incomplete`, `refused`, `error`, `not_attempted` or `not_planned`.
    pub status: Text,
    /// The exit code of its own run.
    pub exit_code: Option<i32>,
}

/// `verify`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Verify {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// Who.
    pub user: User,
    /// From; none where no run is verified.
    pub before: Option<MfaState>,
    /// The state they should have.
    pub after: MfaState,
    /// The state they have.
    pub observed: Option<Seen>,
    /// What that means.
    pub result: Standing,
}

/// `summary`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Summary {
    /// When.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub timestamp: Timestamp,
    /// What.
    pub command: Command,
    /// Which run; null where there is none.
    pub run: Option<RunId>,
    /// How it ended.
    pub outcome: RunEnd,
    /// The counts: the five outcomes sum to `changes`.
    #[serde(flatten)]
    pub counts: Counts,
    /// The exit code.
    pub exit_code: u8,
}
