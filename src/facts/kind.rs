//! What kind of account a user is.

use std::fmt;

use super::{SignalModel, recognise};
use crate::tenant::{MailboxPurpose, User};

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
    /// A phone, panel or display that nobody owns.
    SharedDevice,
    /// The account of an agent.
    Agent,
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
            Self::SharedDevice => "shared_device",
            Self::Agent => "agent",
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

/// The kind of this account (declared blocks first, then facts).
///
/// `declared` is [`UserKind::BreakGlass`] or [`UserKind::ServiceAccount`] where a block says so. An account that has
/// satisfied MFA or registered Authenticator is a person, whatever mail program they use.
#[must_use]
pub(crate) fn kind(
    user: &User,
    declared: Option<UserKind>,
    score: impl FnOnce() -> u8,
    model: &SignalModel,
) -> UserKind {
    if let Some(declared) = declared {
        return declared;
    }
    if recognise::sync_account(user).is_some() {
        return UserKind::Sync;
    }
    if user.is_agent {
        return UserKind::Agent;
    }
    if let Some(by) = recognise::shared_device(user) {
        return if recognise::is_teams_room(by) { UserKind::TeamsRoom } else { UserKind::SharedDevice };
    }
    if recognise::is_bulk_enrolment(user) {
        return UserKind::BulkEnrolment;
    }
    match user.mailbox_purpose {
        Some(MailboxPurpose::Shared) => return UserKind::SharedMailbox,
        Some(MailboxPurpose::Room) => return UserKind::Room,
        Some(MailboxPurpose::Equipment) => return UserKind::Equipment,
        Some(MailboxPurpose::User | MailboxPurpose::Other) | None => {}
    }
    let is_person = acts_as_person(user);
    let score = score();
    if score >= model.certain && !is_person {
        UserKind::ServiceAccount
    } else if user.is_guest() == Some(true) {
        UserKind::Guest
    } else if score >= model.possible && !is_person {
        UserKind::Unknown
    } else {
        UserKind::Person
    }
}

fn acts_as_person(user: &User) -> bool {
    let satisfied = user.sign_ins.as_deref().and_then(|one| one.interactive_mfa).is_some_and(|count| count > 0);
    let authenticator = user.methods.as_deref().into_iter().flatten();
    satisfied || authenticator.into_iter().any(|one| recognise::starts_with(one, "microsoftAuthenticator"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::UserField;

    const ALL: [UserKind; 13] = [
        UserKind::Person,
        UserKind::Guest,
        UserKind::ServiceAccount,
        UserKind::Sync,
        UserKind::TeamsRoom,
        UserKind::SharedDevice,
        UserKind::Agent,
        UserKind::SharedMailbox,
        UserKind::Room,
        UserKind::Equipment,
        UserKind::BulkEnrolment,
        UserKind::BreakGlass,
        UserKind::Unknown,
    ];

    #[test]
    fn expressions_know_every_kind() {
        assert_eq!(ALL.last().map(|last| *last as usize + 1), Some(ALL.len()), "a kind is missing in this list");
        let words: Vec<&str> = ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words, UserField::Kind.member().values);
        let doc = UserField::Kind.member().doc;
        assert!(words.iter().all(|word| doc.contains(&format!("`{word}`"))), "{doc}");
    }
}
