//! The per-user MFA state.

use std::fmt;

use super::Text;

/// The state of per-user MFA, Graph's `perUserMfaState`.
///
/// Deliberately without `Ord` on the wire's ordinals: Graph numbers the states disabled, *enforced*, enabled. The order
/// here (by [`MfaState::strength`]) is the one that matters: how much a sign-in is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MfaState {
    /// Password only, for modern and legacy authentication.
    Disabled,
    /// MFA for modern authentication; legacy sign-in with the password alone until the user has registered.
    Enabled,
    /// MFA for modern authentication; legacy sign-in needs an app password where the tenant allows those.
    Enforced,
}

impl MfaState {
    /// All states, weakest first.
    pub const ALL: [Self; 3] = [Self::Disabled, Self::Enabled, Self::Enforced];

    /// The wire's spelling, which is also the language's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::Enforced => "enforced",
        }
    }

    /// The state with this exact spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// 0 for disabled, 1 for enabled, 2 for enforced: a higher number asks more of a sign-in.
    #[must_use]
    pub const fn strength(self) -> u8 {
        match self {
            Self::Disabled => 0,
            Self::Enabled => 1,
            Self::Enforced => 2,
        }
    }

    /// The state in which a write of `self` ends.
    ///
    /// The service promotes enabled to enforced at once for a user who has already registered a method
    /// (Microsoft Graph, "strongAuthenticationRequirements resource type"). Unknown registration stays `enabled`:
    /// the promotion cannot be promised.
    #[must_use]
    pub const fn effective(self, registered: Option<bool>) -> Self {
        match (self, registered) {
            (Self::Enabled, Some(true)) => Self::Enforced,
            (state, _) => state,
        }
    }
}

impl fmt::Display for MfaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The state as the tenant reports it: known, or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObservedState {
    /// One of the three states.
    Known(MfaState),
    /// Missing or null (`None`), or a value this version does not know (the raw text).
    Unknown(Option<Text>),
}

impl ObservedState {
    /// Reads the wire's value. Graph documents lower case, and tools in the field send capitals: both are taken.
    #[must_use]
    pub fn from_wire(raw: Option<&str>) -> Self {
        match raw {
            None => Self::Unknown(None),
            Some(text) => MfaState::ALL
                .into_iter()
                .find(|state| state.as_str().eq_ignore_ascii_case(text))
                .map_or_else(|| Self::Unknown(Some(text.into())), Self::Known),
        }
    }

    /// The state, where it is known.
    #[must_use]
    pub const fn known(&self) -> Option<MfaState> {
        match self {
            Self::Known(state) => Some(*state),
            Self::Unknown(_) => None,
        }
    }

    /// `disabled`, `enabled`, `enforced` or `unknown`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Known(state) => state.as_str(),
            Self::Unknown(_) => "unknown",
        }
    }
}

impl From<MfaState> for ObservedState {
    fn from(state: MfaState) -> Self {
        Self::Known(state)
    }
}

impl fmt::Display for ObservedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
