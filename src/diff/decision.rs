//! What happens to a transition: decided once, when the plan is built, and read by every view.

use std::borrow::Cow;

use crate::desired::{Hold, Timing};

/// What happens to a change.
///
/// Architecture invariant: nobody derives what blocks or holds a change a second time. Views ask the decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Will be performed.
    Apply {
        /// Why the user stays at the new state for now, short of what the block declares.
        then: Option<Hold>,
    },
    /// Waits.
    Hold(Hold),
    /// Withheld.
    Block {
        /// The rules whose unaccepted findings withhold it, worst first; never empty.
        by: Vec<Cow<'static, str>>,
        /// Why it would wait, or the user would stay, were it not withheld.
        hold: Option<Hold>,
    },
}

impl Decision {
    /// The decision of a transition with this timing, withheld by these rules. Blocked wins over waiting: it is the more
    /// urgent news.
    #[must_use]
    pub(crate) fn new(timing: Timing, by: Vec<Cow<'static, str>>) -> Self {
        match timing {
            Timing::Now if by.is_empty() => Self::Apply { then: None },
            Timing::ThenHeld(hold) if by.is_empty() => Self::Apply { then: Some(hold) },
            Timing::Until(hold) if by.is_empty() => Self::Hold(hold),
            Timing::Now => Self::Block { by, hold: None },
            Timing::ThenHeld(hold) | Timing::Until(hold) => Self::Block { by, hold: Some(hold) },
        }
    }

    /// The decision without its reasons.
    #[must_use]
    pub const fn kind(&self) -> DecisionKind {
        match self {
            Self::Apply { .. } => DecisionKind::Apply,
            Self::Hold(_) => DecisionKind::Hold,
            Self::Block { .. } => DecisionKind::Block,
        }
    }

    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        self.kind().as_str()
    }

    /// Is it performed?
    #[must_use]
    pub const fn is_apply(&self) -> bool {
        matches!(self, Self::Apply { .. })
    }

    /// Does it wait?
    #[must_use]
    pub const fn is_hold(&self) -> bool {
        matches!(self, Self::Hold(_))
    }

    /// Is it withheld?
    #[must_use]
    pub const fn is_block(&self) -> bool {
        matches!(self, Self::Block { .. })
    }

    /// Why it waits or would wait, or why the user stays at the new state.
    #[must_use]
    pub const fn hold(&self) -> Option<&Hold> {
        match self {
            Self::Hold(hold) => Some(hold),
            Self::Apply { then: hold } | Self::Block { by: _, hold } => hold.as_ref(),
        }
    }

    /// The rules that withhold it, worst first; none where it is not withheld.
    #[must_use]
    pub fn blocked_by(&self) -> &[Cow<'static, str>] {
        match self {
            Self::Block { by, hold: _ } => by,
            Self::Apply { .. } | Self::Hold(_) => &[],
        }
    }
}

/// A decision without its reasons: the word in files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Decision"))]
#[serde(rename_all = "lowercase")]
pub enum DecisionKind {
    /// Will be performed.
    Apply,
    /// Waits for a date or for registration.
    Hold,
    /// Withheld for an unaccepted risk.
    Block,
}

impl DecisionKind {
    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Hold => "hold",
            Self::Block => "block",
        }
    }
}
