//! A transition: one user, from the state they have to the state they must have.

use std::fmt;

use crate::{
    desired::Timing,
    tenant::{MfaState, ObservedState, UserIndex},
};

/// What a change does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// disabled → enabled
    Enable,
    /// disabled or enabled → enforced
    Enforce,
    /// enforced → enabled
    Relax,
    /// enabled or enforced → disabled
    Disable,
}

impl Action {
    /// All actions, in the order they are shown.
    pub const ALL: [Self; 4] = [Self::Enable, Self::Enforce, Self::Relax, Self::Disable];

    /// The action that leads from one state to another; `None` where they are the same.
    #[must_use]
    pub const fn between(before: MfaState, after: MfaState) -> Option<Self> {
        match (before, after) {
            (MfaState::Disabled, MfaState::Enabled) => Some(Self::Enable),
            (MfaState::Disabled | MfaState::Enabled, MfaState::Enforced) => Some(Self::Enforce),
            (MfaState::Enforced, MfaState::Enabled) => Some(Self::Relax),
            (MfaState::Enabled | MfaState::Enforced, MfaState::Disabled) => Some(Self::Disable),
            (MfaState::Disabled, MfaState::Disabled)
            | (MfaState::Enabled, MfaState::Enabled)
            | (MfaState::Enforced, MfaState::Enforced) => None,
        }
    }

    /// The action that leads from what was observed; `None` where the user is there already. From an unknown state any
    /// write is a leap, named as the raise it would be from disabled.
    #[must_use]
    pub fn from_observed(before: &ObservedState, after: MfaState) -> Option<Self> {
        match before {
            ObservedState::Known(before) => Self::between(*before, after),
            ObservedState::Unknown(_) => Some(Self::between(MfaState::Disabled, after).unwrap_or(Self::Disable)),
        }
    }

    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Enforce => "enforce",
            Self::Relax => "relax",
            Self::Disable => "disable",
        }
    }

    /// One character for lists: `+` enable, `^` enforce, `v` relax, `-` disable.
    #[must_use]
    pub const fn symbol(self) -> char {
        match self {
            Self::Enable => '+',
            Self::Enforce => '^',
            Self::Relax => 'v',
            Self::Disable => '-',
        }
    }

    /// Does it ask more of a sign-in than before?
    #[must_use]
    pub const fn raises(self) -> bool {
        matches!(self, Self::Enable | Self::Enforce)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which block is the cause of a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Index into `config.mfa`.
    Mfa(u32),
    /// Index into `config.service_accounts`: `state = "disabled"` lowers one raised by mistake.
    ServiceAccount(u32),
    /// No block: a rollback of an earlier run.
    Rollback,
}

/// One user's transition.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// Who.
    pub user: UserIndex,
    /// Which block says so.
    pub cause: Cause,
    /// The state they have. Unknown states make a transition too: it is always blocked (MFA045).
    pub before: ObservedState,
    /// The declared state.
    pub after: MfaState,
    /// The state the write will end in.
    pub effective: MfaState,
    /// What it does; for an unknown `before`, what it would do from `disabled` (or `disable`).
    pub action: Action,
    /// When.
    pub timing: Timing,
}
