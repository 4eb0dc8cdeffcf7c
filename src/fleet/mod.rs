//! Many tenants as one set: their plans side by side, one digest over all, and what became of each.
//!
//! One directory stays one tenant, one plan, one approval, one journal. A set is nothing but a list of these.

mod journal;
mod report;
mod set;

pub(crate) use journal::{FleetJournal, Line, Opened};
pub(crate) use report::{Report, Row};
pub(crate) use set::{FILE, FORMAT_VERSION, Planned, PlannedStatus, Ring, Set, digest, set_digest};

use serde::{Deserialize, Serialize};

/// How it ended for one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// All that was approved is written, or there was nothing to write.
    Done,
    /// Some users are not as planned.
    Incomplete,
    /// A guardrail, a missing signature or a changed configuration stands against it; nothing was written.
    Refused,
    /// It could not be performed.
    Error,
    /// It was not begun: its ring stopped, or the operator did.
    NotAttempted,
    /// There was no plan of it.
    NotPlanned,
}

impl Status {
    /// The word in files and messages.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Incomplete => "incomplete",
            Self::Refused => "refused",
            Self::Error => "error",
            Self::NotAttempted => "not_attempted",
            Self::NotPlanned => "not_planned",
        }
    }

    /// Does a ring count it as not come through?
    pub(crate) const fn failed(self) -> bool {
        matches!(self, Self::Incomplete | Self::Refused | Self::Error)
    }
}

/// What became of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Applied {
    /// The tenant's name in the fleet.
    pub(crate) tenant: String,
    /// Its id.
    pub(crate) tenant_id: Option<String>,
    /// Its ring.
    pub(crate) ring: Option<String>,
    /// How it ended.
    pub(crate) status: Status,
    /// The run in its journal, where there is one.
    pub(crate) run: Option<String>,
    /// Users written and read back.
    pub(crate) done: u64,
    /// Users whose write was refused or failed.
    pub(crate) failed: u64,
    /// Users whose state had moved.
    pub(crate) stale: u64,
    /// Users of whom nobody knows.
    pub(crate) unknown: u64,
    /// Users whose turn did not come.
    pub(crate) not_attempted: u64,
    /// The exit code of its own run.
    pub(crate) exit_code: Option<i32>,
    /// What went wrong.
    pub(crate) error: Option<String>,
}

impl Applied {
    /// A tenant of which nothing is known but this.
    pub(crate) fn new(of: &Planned, status: Status) -> Self {
        Self {
            tenant: of.tenant.clone(),
            tenant_id: of.tenant_id.clone(),
            ring: of.ring.clone(),
            status,
            run: None,
            done: 0,
            failed: 0,
            stale: 0,
            unknown: 0,
            not_attempted: 0,
            exit_code: None,
            error: None,
        }
    }
}
