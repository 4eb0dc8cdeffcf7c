//! What became of a run: one outcome per planned user, and counts that sum.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::journal::{RunId, v1::Planned};
use crate::tenant::{ObservedState, ReadError, StateRead, WriteError, WriteErrorKind};

/// What became of one user. Every planned user ends in exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// They have the state that was planned: written by this run, or found so.
    Done,
    /// Refused, or given up: the write did not take place.
    Failed,
    /// Not in the state the plan was made for, or gone: left alone.
    Stale,
    /// Sent, and no answer came, and reading them did not settle it.
    Unknown,
    /// Nothing was sent.
    NotAttempted,
}

impl Outcome {
    /// All outcomes, in the order they are shown.
    pub const ALL: [Self; 5] = [Self::Done, Self::Failed, Self::Stale, Self::Unknown, Self::NotAttempted];

    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::NotAttempted => "not_attempted",
        }
    }
}

/// A state as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Seen {
    /// Disabled.
    Disabled,
    /// Enabled.
    Enabled,
    /// Enforced.
    Enforced,
    /// Missing, or a value this version does not know.
    Unknown,
    /// The user does not exist any more.
    Gone,
}

impl From<&StateRead> for Seen {
    fn from(read: &StateRead) -> Self {
        match read {
            StateRead::Gone => Self::Gone,
            StateRead::Found(state) => Self::from(state),
        }
    }
}

impl From<&ObservedState> for Seen {
    fn from(state: &ObservedState) -> Self {
        use crate::tenant::MfaState::{Disabled, Enabled, Enforced};
        match state.known() {
            Some(Disabled) => Self::Disabled,
            Some(Enabled) => Self::Enabled,
            Some(Enforced) => Self::Enforced,
            None => Self::Unknown,
        }
    }
}

/// Why something did not work, as far as the service said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Failure {
    /// HTTP status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The service's error code, or one of ours: `protected`, `renamed`, `unread`, `MFA044`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// One sentence.
    pub message: String,
    /// Graph's request id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The service refused for good, so nothing was written: such a user has nothing to roll back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rejected: bool,
}

impl Failure {
    /// A failure of our own.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { status: None, code: Some(code.to_owned()), message: message.into(), request_id: None, rejected: false }
    }
}

impl From<&WriteError> for Failure {
    fn from(error: &WriteError) -> Self {
        let WriteError { kind, message, status, code, request_id } = error;
        Self {
            status: *status,
            code: code.clone(),
            message: message.clone(),
            request_id: request_id.clone(),
            rejected: matches!(
                kind,
                WriteErrorKind::Rejected | WriteErrorKind::Forbidden | WriteErrorKind::ReadOnly | WriteErrorKind::Gone
            ),
        }
    }
}

impl From<&ReadError> for Failure {
    fn from(error: &ReadError) -> Self {
        let ReadError { message, hints: _, status, request_id, transient: _, retry_after: _ } = error;
        Self { status: *status, code: None, message: message.clone(), request_id: request_id.clone(), rejected: false }
    }
}

/// Counts of a run. The five outcomes sum to `changes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// Planned users.
    pub changes: u64,
    /// See [`Outcome::Done`].
    pub done: u64,
    /// See [`Outcome::Failed`].
    pub failed: u64,
    /// See [`Outcome::Stale`].
    pub stale: u64,
    /// See [`Outcome::Unknown`].
    pub unknown: u64,
    /// See [`Outcome::NotAttempted`].
    pub not_attempted: u64,
    /// How many of the done were read back and had the planned state.
    pub verified: u64,
}

impl Counts {
    /// Adds the counts of other users.
    pub(crate) fn add(&mut self, other: &Self) {
        let Self { changes, done, failed, stale, unknown, not_attempted, verified } = *other;
        self.changes += changes;
        self.done += done;
        self.failed += failed;
        self.stale += stale;
        self.unknown += unknown;
        self.not_attempted += not_attempted;
        self.verified += verified;
    }

    /// The counts of these users.
    pub fn of<'a>(users: impl IntoIterator<Item = &'a UserOutcome>) -> Self {
        let mut counts = Self::default();
        for user in users {
            counts.changes += 1;
            counts.verified += u64::from(user.outcome == Outcome::Done && user.verified);
            match user.outcome {
                Outcome::Done => counts.done += 1,
                Outcome::Failed => counts.failed += 1,
                Outcome::Stale => counts.stale += 1,
                Outcome::Unknown => counts.unknown += 1,
                Outcome::NotAttempted => counts.not_attempted += 1,
            }
        }
        counts
    }

    /// Everything is done and was read back.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.done == self.changes && self.verified == self.changes
    }
}

/// [`Failure::code`] of a user whose state was not the planned one any more: the rule that says so.
pub(crate) const CHANGED: &str = "MFA044";

/// [`Failure::code`] of a user whom the policy protects.
pub(crate) const PROTECTED: &str = "protected";

/// [`Failure::code`] of a user who has another sign-in name than the one that was reviewed.
pub(crate) const RENAMED: &str = "renamed";

/// [`Failure::code`] of a user who could not be read before the run.
pub(crate) const UNREAD: &str = "unread";

/// One user's outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UserOutcome {
    /// Who, from where, to where.
    #[serde(flatten)]
    pub planned: Planned,
    /// What became of it.
    #[serde(rename = "result")]
    pub outcome: Outcome,
    /// The state that was read last.
    pub observed: Option<Seen>,
    /// The planned state was read back.
    pub verified: bool,
    /// This run sent a write for them.
    pub written: bool,
    /// What went wrong.
    pub error: Option<Failure>,
}

impl UserOutcome {
    /// A user for whom nothing has happened.
    #[must_use]
    pub const fn untouched(planned: Planned) -> Self {
        Self { planned, outcome: Outcome::NotAttempted, observed: None, verified: false, written: false, error: None }
    }

    /// Left out because the policy protects them.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.code.as_deref() == Some(PROTECTED))
    }
}

/// How a command ended. The words of the summary event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunEnd {
    /// Everything planned is done and verified.
    Complete,
    /// Some users are failed, stale, unknown, not attempted or not verified.
    Incomplete,
    /// Not allowed: a guardrail, a refused plan.
    Refused,
    /// Stopped by the operator.
    Stopped,
    /// The operation failed: the journal could not be written, the tenant not be read.
    Error,
}

impl RunEnd {
    /// The exit code that goes with it.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Error => 1,
            Self::Refused => 3,
            Self::Incomplete => 4,
            Self::Stopped => 130,
        }
    }

    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Refused => "refused",
            Self::Stopped => "stopped",
            Self::Error => "error",
        }
    }
}

/// What a run is doing, in the journal and in events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Command {
    /// `plan`
    Plan,
    /// `apply`
    Apply,
    /// `apply --resume`
    Resume,
    /// `rollback`
    Rollback,
    /// `verify`
    Verify,
    /// `fleet apply`
    #[serde(rename = "fleet apply")]
    FleetApply,
}

impl Command {
    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Resume => "resume",
            Self::Rollback => "rollback",
            Self::Verify => "verify",
            Self::FleetApply => "fleet apply",
        }
    }
}

/// Why a run ended before every user was attempted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum StopReason {
    /// The operator asked for it.
    Signal,
    /// More users failed than `stop_after_failures` allows.
    Failures {
        /// How many failed.
        failed: u32,
        /// The bound.
        allowed: u32,
    },
    /// Users were written first and none of them was read back in the planned state.
    CanaryNotVerified,
    /// The identity may not write.
    Forbidden,
    /// The snapshot cannot be written.
    ReadOnly {
        /// What the system said.
        message: String,
    },
    /// The journal could not be written.
    Journal {
        /// What the system said.
        message: String,
    },
}

/// The end report of a run.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// Which run.
    pub run: RunId,
    /// What it was.
    pub command: Command,
    /// The plan's digest, `sha256:…`.
    pub digest: String,
    /// When this session began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// How.
    pub outcome: RunEnd,
    /// 0, 1, 4 or 130.
    pub exit_code: u8,
    /// The counts of the whole run, earlier sessions included.
    pub counts: Counts,
    /// Why it stopped early, if it did.
    pub stopped: Option<StopReason>,
    /// What to do next, each a sentence or a command.
    pub hints: Vec<Hint>,
    /// Every planned user, in the plan's order.
    pub users: Vec<UserOutcome>,
}

impl RunReport {
    /// Of a way back, users were withheld because nobody knows their state: however well the others went, the states from
    /// before the run are not restored.
    pub(crate) fn leaves_out(&mut self, users: usize) {
        if users == 0 {
            return;
        }
        if self.outcome == RunEnd::Complete {
            (self.outcome, self.exit_code) = (RunEnd::Incomplete, RunEnd::Incomplete.exit_code());
        }
        self.hints.push(Hint::Say(format!(
            "{users} user(s) whose state could not be read are not brought back; run the rollback again for them"
        )));
    }
}

/// What to do next.
pub(super) fn hints(run: &RunId, stopped: Option<&StopReason>, counts: &Counts, resumable: bool) -> Vec<Hint> {
    let mut hints = Vec::new();
    let mut say = |text: &str| hints.push(Hint::Say(text.to_owned()));
    match stopped {
        Some(StopReason::Forbidden) => say(
            "the identity needs the permission Policy.ReadWrite.AuthenticationMethod (and, signed in as a user, the role \
             Authentication Policy Administrator)",
        ),
        Some(StopReason::ReadOnly { .. }) => {
            say("make the snapshot and its directory writable, or apply to a copy of it");
        }
        Some(StopReason::CanaryNotVerified) => {
            say("the first users do not show what was written to them; look at them before going on");
        }
        Some(StopReason::Journal { .. }) => say("make room for the journal, or make it writable"),
        _ => {}
    }
    if resumable {
        hints.push(Hint::run("to go on", format!("apply --resume {run}")));
    }
    if counts.stale > 0 {
        hints.push(Hint::Say("stale users were left alone; `mfaplan plan` shows what they need now".to_owned()));
    }
    if counts.done + counts.unknown > 0 && !counts.is_complete() {
        hints.push(Hint::run("to go back", format!("rollback {run}")));
    }
    hints
}

/// What to do next, of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    /// A sentence.
    Say(String),
    /// A command of mfaplan.
    Run {
        /// What it is for.
        to: &'static str,
        /// The command, without the name of the program.
        command: String,
        /// The flags by which it finds the configuration and the tenant again, each with a space in front.
        flags: String,
    },
}

impl Hint {
    fn run(to: &'static str, command: String) -> Self {
        Self::Run { to, command, flags: String::new() }
    }

    /// Adds the flags to a command.
    pub(crate) fn with_flags(&mut self, more: &str) {
        match self {
            Self::Say(_) => {}
            Self::Run { to: _, command: _, flags } => flags.push_str(more),
        }
    }
}

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Say(text) => f.write_str(text),
            Self::Run { to, command, flags } => write!(f, "{to}: mfaplan {command}{flags}"),
        }
    }
}

impl Serialize for Hint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
