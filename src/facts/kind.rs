//! What kind of account a user is.

use std::fmt;

/// The kind of an account. Declared blocks decide first, then facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// A person of the organisation.
    Person,
    /// A person from elsewhere.
    Guest,
    /// A workload that signs in as a user.
    ServiceAccount,
    /// A directory synchronisation account.
    Sync,
    /// A Teams Rooms device.
    TeamsRoom,
    /// A shared mailbox.
    SharedMailbox,
    /// A room mailbox.
    Room,
    /// An equipment mailbox.
    Equipment,
    /// A bulk enrolment token.
    BulkEnrolment,
    /// An emergency account.
    BreakGlass,
    /// The facts point both ways.
    Unknown,
}

impl UserKind {
    /// The word in files and expressions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Guest => "guest",
            Self::ServiceAccount => "service_account",
            Self::Sync => "sync",
            Self::TeamsRoom => "teams_room",
            Self::SharedMailbox => "shared_mailbox",
            Self::Room => "room",
            Self::Equipment => "equipment",
            Self::BulkEnrolment => "bulk_enrolment",
            Self::BreakGlass => "break_glass",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for UserKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
