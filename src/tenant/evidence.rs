//! What is known of sign-ins rests on: a store, the whole log, a few pages of it, or nothing.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How the sign-in log is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SignInMode {
    /// The store, and nothing else.
    Stored,
    /// What decides: a few filtered pages of the log.
    Decisive,
    /// All of it, into the store.
    Full,
    /// As if there were no log.
    None,
}

impl SignInMode {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Stored, Self::Decisive, Self::Full, Self::None];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Decisive => "decisive",
            Self::Full => "full",
            Self::None => "none",
        }
    }
}

impl fmt::Display for SignInMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for SignInMode {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|one| one.as_str() == text).ok_or(())
    }
}

/// A stretch of time, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EvidenceStretch {
    /// The first instant.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub from: Timestamp,
    /// The last.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub to: Timestamp,
}

/// Stretches of the window whose log is known whole, by kind of sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EvidenceStretches {
    /// Of interactive sign-ins.
    pub interactive: Vec<EvidenceStretch>,
    /// Of non-interactive ones.
    pub non_interactive: Vec<EvidenceStretch>,
}

/// What the sign-ins of a plan rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SignInEvidence {
    /// How the log was looked at.
    pub mode: SignInMode,
    /// What of the window is known whole.
    pub covered: EvidenceStretches,
    /// How many records of this tenant's users count.
    pub records: u64,
}
