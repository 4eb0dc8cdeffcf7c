//! Single sign-ins, counted in cells: everything that a judgement asks of a record, and nothing that names a moment more
//! exactly than a day's first and last.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date};

use super::Text;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// Every value.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word in snapshots.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = ();
            fn from_str(text: &str) -> Result<Self, ()> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(())
            }
        }
    };
}

words! {
    /// How a sign-in came about (Graph's `signInEventTypes`).
    SignInKind {
        /// A person at a prompt.
        Interactive = "interactive",
        /// A client renewing tokens on the user's behalf.
        NonInteractive = "nonInteractive",
    }
}

impl SignInKind {
    /// The word in the configuration and in JSON output.
    #[must_use]
    pub const fn snake(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::NonInteractive => "non_interactive",
        }
    }

    /// Reads either spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text || kind.snake() == text)
    }
}

words! {
    /// Graph's `authenticationProtocol`, as far as it decides something.
    Protocol {
        /// Anything else, or not said.
        Other = "other",
        /// The password grant: a program holds the password.
        Ropc = "ropc",
        /// A code typed on another device.
        DeviceCode = "deviceCode",
    }
}

words! {
    /// Graph's `authenticationRequirement`.
    Requirement {
        /// One factor was enough.
        Single = "single",
        /// MFA was required.
        Multi = "multi",
    }
}

words! {
    /// How a sign-in ended.
    Outcome {
        /// With a token.
        Success = "success",
        /// The client was sent on: to a second factor, to registration, to consent.
        Interrupted = "interrupted",
        /// Without.
        Failure = "failure",
    }
}

/// What is known of MFA at a sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mfa {
    /// Nothing is said of it.
    #[default]
    None,
    /// A method was answered, or the first factor is itself one of MFA strength.
    Done,
    /// A claim of an earlier sign-in satisfied it.
    Claim,
    /// It was required and let off, for this reason.
    Skipped(Text),
}

impl Mfa {
    /// The word in snapshots; the reason of a skip stands beside it.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Done => "done",
            Self::Claim => "claim",
            Self::Skipped(_) => "skipped",
        }
    }
}

/// What sign-ins of one cell have in common, but for the day. Many cells share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SignInShape {
    /// The application's (client's) id.
    pub app: Text,
    /// Its name.
    pub app_name: Option<Text>,
    /// The id of the resource, where the record has one.
    pub resource: Option<Text>,
    /// `clientAppUsed`.
    pub client: Text,
    /// Interactive or not.
    pub kind: SignInKind,
    /// The protocol.
    pub protocol: Protocol,
    /// What was required; `None` = not said.
    pub requirement: Option<Requirement>,
    /// What became of MFA.
    pub mfa: Mfa,
    /// How it ended.
    pub outcome: Outcome,
    /// The error code, where it is not 0.
    pub error_code: Option<u32>,
    /// Who asked for MFA (`requirementProvider`), sorted; empty = nobody said; `None` = unknown.
    pub asked_by: Option<Box<[Text]>>,
    /// Conditional Access policies that asked for MFA or blocked, or would have; `None` = unknown.
    pub policies: Option<Box<[CellPolicy]>>,
    /// An app password was used.
    pub app_password: bool,
    /// The first product of the user agent.
    pub product: Option<Text>,
}

/// What one Conditional Access policy did at a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellPolicy {
    /// The policy's id.
    pub id: Text,
    /// Graph's `appliedConditionalAccessPolicyResult`.
    pub result: Text,
}

/// Sign-ins of one user, day and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The day, UTC.
    pub day: Date,
    /// What they have in common.
    pub shape: Arc<SignInShape>,
    /// UTC hours with a sign-in, a bit each.
    pub hours: u32,
    /// Client addresses: the first eight bytes of SHA-256(tenant id, 0, address), sorted.
    pub addresses: Box<[u64]>,
    /// There were more addresses than are kept.
    pub addresses_cut: bool,
    /// How many.
    pub count: u32,
    /// The first.
    pub first: Timestamp,
    /// The last.
    pub last: Timestamp,
}

impl Cell {
    /// How cells stand in a list.
    #[must_use]
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.day.cmp(&other.day).then_with(|| self.shape.cmp(&other.shape))
    }
}
