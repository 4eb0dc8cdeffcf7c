//! What stands between a user and MFA: one word a user.

use jiff::Timestamp;

use crate::{
    facts::{
        deadlines::{self, Deadline},
        methods::{self, Grade},
    },
    tenant::User,
};

/// How ready a user is, in the order in which they are to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// No method that MFA can use.
    NotRegistered,
    /// Registered, but not able to use it under the tenant's policies.
    NotCapable,
    /// Registration or methods are not known, or only a method that this version does not know could be one.
    Unknown,
    /// Text messages and calls, which the service gives up.
    PhoneOnly,
    /// One method: a lost telephone locks the user out.
    SingleMethod,
    /// Two methods or more.
    Ready,
}

impl Class {
    /// All classes, those to be called first in front.
    pub const ALL: [Self; 6] =
        [Self::NotRegistered, Self::NotCapable, Self::Unknown, Self::PhoneOnly, Self::SingleMethod, Self::Ready];

    /// The word in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRegistered => "not_registered",
            Self::NotCapable => "not_capable",
            Self::Unknown => "unknown",
            Self::PhoneOnly => "phone_only",
            Self::SingleMethod => "single_method",
            Self::Ready => "ready",
        }
    }

    /// Can the user answer when MFA is asked for? Unknown counts as no.
    #[must_use]
    pub const fn is_registered(self) -> bool {
        match self {
            Self::Ready | Self::SingleMethod | Self::PhoneOnly => true,
            Self::NotRegistered | Self::NotCapable | Self::Unknown => false,
        }
    }
}

/// The class of a user. Methods are counted as the tenant lists them, so the notifications and the passwordless sign-in of
/// one Authenticator are two.
#[must_use]
pub(crate) fn class(user: &User) -> Class {
    match user.registered {
        None => return Class::Unknown,
        Some(false) => return Class::NotRegistered,
        Some(true) if user.mfa_capable == Some(false) => return Class::NotCapable,
        Some(true) => {}
    }
    let Some(all) = &user.methods else { return Class::Unknown };
    let grades = || all.iter().map(|one| methods::grade(one));
    match grades().filter(|grade| *grade >= Grade::Phone).count() {
        0 if grades().any(|grade| grade == Grade::Unknown) => Class::Unknown,
        0 => Class::NotRegistered,
        _ if methods::phone_only(user) == Some(true) => Class::PhoneOnly,
        1 => Class::SingleMethod,
        _ => Class::Ready,
    }
}

/// The day on which the methods of a user of this class stop working, and whether it has come.
#[must_use]
pub(super) fn ends(class: Class, user: &User, instant: Timestamp) -> Option<(&'static Deadline, bool)> {
    let deadline = deadlines::phones_end(user);
    (class == Class::PhoneOnly).then(|| (deadline, deadline.is_past(instant)))
}
