//! The two ports. `plan` is handed a reader and never a writer.

use std::{collections::BTreeSet, fmt, future::Future, time::Duration};

use super::{Fact, MfaState, ObservedState, ObservedTenant, Text, UserId};

/// What a plan needs to know. An adapter reads no more than this.
#[derive(Clone, Debug, Default)]
pub struct ReadRequest {
    /// Groups named by the configuration: display name, mail or object id.
    pub groups: BTreeSet<Text>,
    /// Read every group and its members: some expression mentions `user.groups`.
    pub all_groups: bool,
    /// Directory roles are named by the configuration, so that refusing to give them is an error.
    pub roles_required: bool,
    /// Days of sign-in log to aggregate, 1–30.
    pub sign_in_window_days: u16,
    /// Each user's manager is asked for.
    pub manager: bool,
    /// Each user's telephone numbers are asked for.
    pub phones: bool,
    /// Facts nobody asks about; an adapter may skip reading them.
    pub unneeded: BTreeSet<Fact>,
    /// Read these users only, and of groups and roles what concerns the request: a saved plan, a resumption and a
    /// rollback need nobody else. Those who do not exist are left out. Nothing: everybody.
    pub users: Option<BTreeSet<UserId>>,
    /// Read the states of these users only; those of everybody else stay unknown. A state is what takes a request a user,
    /// and who writes to some of them needs no other. Nothing: of all users that are read.
    pub states_of: Option<BTreeSet<UserId>>,
    /// How many users may sign in is asked for, where not everybody is read: a percentage is of all of them. An adapter
    /// that cannot count says nothing.
    pub count_enabled: bool,
}

impl ReadRequest {
    /// Is the state of this user asked for?
    pub(crate) fn wants_state_of(&self, user: UserId) -> bool {
        self.states_of.as_ref().is_none_or(|users| users.contains(&user))
    }
}

/// Called as reading goes on, for a progress display. Must be quick and must not block.
pub trait ReadProgress: Sync {
    /// `done` of `total` (where known) of `what` are read.
    fn progress(&self, what: &str, done: u64, total: Option<u64>);
    /// The service asked to wait.
    fn waiting(&self, seconds: f64, why: &str);
}

/// Reads a tenant.
pub trait TenantRead: Send + Sync {
    /// Reads everything a plan needs.
    ///
    /// # Errors
    /// When a mandatory read is refused or fails for good: organization, users, state, groups and roles that the
    /// configuration names. Anything else refused becomes [`ObservedTenant::unavailable`]. A single user whose state
    /// cannot be read is no error: the state is unknown.
    fn read(
        &self,
        request: &ReadRequest,
        progress: &dyn ReadProgress,
    ) -> impl Future<Output = Result<ObservedTenant, ReadError>> + Send;

    /// Reads the state of one user now, for the check before a write and for the read-back after it. Tried once: who
    /// asks has the patience (see [`ReadError::transient`]), and may leave at any time.
    fn state(&self, user: UserId) -> impl Future<Output = Result<StateRead, ReadError>> + Send;
}

/// What a single read of one user's state found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateRead {
    /// The user exists and has this state.
    Found(ObservedState),
    /// The user does not exist any more.
    Gone,
}

/// Writes to a tenant: one user, one state.
pub trait TenantWrite: Send + Sync {
    /// Sets the state of one user, once: no retry inside, so that the caller's journal stays the truth. Once `leave` is
    /// ready, a write that is still waiting to be sent is not sent any more; one that was sent is waited for.
    ///
    /// # Errors
    /// [`WriteErrorKind`] says whether the write can have taken place.
    fn write(
        &self,
        user: UserId,
        after: MfaState,
        leave: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = Result<(), WriteError>> + Send;
}

/// A read that failed for good.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// One sentence: what failed, of whom, why.
    pub message: String,
    /// What to do next, printed last as `hint:`.
    pub hints: Vec<String>,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// Graph's request id, where there was one.
    pub request_id: Option<String>,
    /// Could the same read succeed later? (throttled, connection lost)
    pub transient: bool,
    /// How long the service asked to wait before that.
    pub retry_after: Option<Duration>,
}

impl ReadError {
    /// An error with a message and nothing else.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hints: Vec::new(),
            status: None,
            request_id: None,
            transient: false,
            retry_after: None,
        }
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// A write that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WriteError {
    /// What that means.
    pub kind: WriteErrorKind,
    /// One sentence.
    pub message: String,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// The service's error code, where there was one.
    pub code: Option<String>,
    /// Graph's request id, where there was one.
    pub request_id: Option<String>,
}

/// What a failed write means for the user it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteErrorKind {
    /// Refused: nothing was written, and trying again will not help.
    Rejected,
    /// Refused for want of a permission: no write of this run can succeed.
    Forbidden,
    /// A file that cannot be written: no write of this run can succeed.
    ReadOnly,
    /// The user does not exist any more.
    Gone,
    /// Throttled or unavailable: nothing is known to have been written; may be tried again.
    Retry {
        /// How long the service asked to wait.
        after: Option<Duration>,
    },
    /// Sent, but no usable answer came: the write may or may not have taken place. Only a read can tell.
    NoAnswer {
        /// How long the service asked to wait before anything else is sent.
        after: Option<Duration>,
    },
    /// The caller left before it was sent: nothing was written.
    Unsent,
}

impl fmt::Display for StateRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found(state) => state.fmt(f),
            Self::Gone => f.pad("gone"),
        }
    }
}
