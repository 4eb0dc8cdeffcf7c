//! One sign-in, and what becomes of it.

use std::fmt;

use crate::{
    facts::{recognise, signal},
    tenant::{Mfa, MfaState, Outcome, Protocol, Requirement, SignInKind, SignInShape, is_legacy},
};

/// What would have become of a sign-in. In the order of what it costs, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nobody is there to answer: a program with the password, a device that sends mail.
    Breaks,
    /// A legacy protocol, which `enforced` keeps out.
    Blocked,
    /// MFA was asked for by the per-user state, and nothing else would ask.
    LosesMfa,
    /// MFA would be asked for; nothing usable is registered, and a person is there.
    MustRegister,
    /// MFA would be asked for and can be answered.
    Challenged,
    /// A session of a modern client: it is asked at its next interactive sign-in.
    AskedOnce,
    /// MFA was done, or a claim said so, whoever asked.
    MfaAlready,
    /// The change does not touch it.
    Unchanged,
    /// It was no success before.
    FailedAlready,
}

impl Verdict {
    /// All of them, worst first.
    pub const ALL: [Self; 9] = [
        Self::Breaks,
        Self::Blocked,
        Self::LosesMfa,
        Self::MustRegister,
        Self::Challenged,
        Self::AskedOnce,
        Self::MfaAlready,
        Self::Unchanged,
        Self::FailedAlready,
    ];

    /// The word in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Breaks => "breaks",
            Self::Blocked => "blocked",
            Self::LosesMfa => "loses_mfa",
            Self::MustRegister => "must_register",
            Self::Challenged => "challenged",
            Self::AskedOnce => "asked_once",
            Self::MfaAlready => "mfa_already",
            Self::Unchanged => "unchanged",
            Self::FailedAlready => "failed_already",
        }
    }

    /// What it says of sign-ins, after their number.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Breaks => "would break: nobody is there to answer",
            Self::Blocked => "would be blocked: a legacy protocol",
            Self::LosesMfa => "would need no MFA any more",
            Self::MustRegister => "would be asked to register first",
            Self::Challenged => "would be asked for MFA",
            Self::AskedOnce => "are sessions, asked once at the next interactive sign-in",
            Self::MfaAlready => "had MFA already",
            Self::Unchanged => "would not change",
            Self::FailedAlready => "failed before",
        }
    }

    /// Does somebody have to look before the change: something stops working, or MFA goes?
    #[must_use]
    pub const fn is_harm(self) -> bool {
        matches!(self, Self::Breaks | Self::Blocked | Self::LosesMfa)
    }

    /// Does the user notice it, though nothing is taken? A saved plan keeps some of these rows.
    #[must_use]
    pub const fn is_noticed(self) -> bool {
        matches!(self, Self::Challenged | Self::AskedOnce)
    }

    /// Are its rows kept in a saved plan, all of them?
    #[must_use]
    pub const fn is_kept(self) -> bool {
        self.is_harm() || matches!(self, Self::MustRegister)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// From which state to which; both as they are in effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage {
    /// The state the user has.
    pub(super) before: MfaState,
    /// The state they would end in.
    pub(super) after: MfaState,
    /// `enabled` is written and registration is unknown: the service may promote them to `enforced`.
    pub(super) may_be_promoted: bool,
}

/// What is known of the person.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    /// Is there a method they can answer with? `None` = unknown.
    pub(super) usable: Option<bool>,
    /// Was there an interactive sign-in that succeeded in the window?
    pub(super) interactive: bool,
    /// Would something else ask for MFA at every sign-in: policies in force, or security defaults?
    pub(super) asked_anyway: bool,
}

/// A verdict, and whether an unknown registration was taken for the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) assumed: bool,
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, assumed: false }
    }
}

/// Judges sign-ins of one shape. `asked_by_others` is asked where the change lowers: did anything but the per-user state
/// ask for MFA at these sign-ins that would still ask today?
pub(super) fn judge(
    passage: Passage,
    person: Person,
    shape: &SignInShape,
    asked_by_others: impl FnOnce() -> bool,
) -> Judgement {
    if shape.outcome != Outcome::Success {
        return Verdict::FailedAlready.into();
    }
    let Passage { before, after, may_be_promoted: _ } = passage;
    if after == MfaState::Disabled && before != MfaState::Disabled {
        lowered(person, shape, asked_by_others).into()
    } else if after.strength() > before.strength() {
        raised(passage, person, shape)
    } else {
        // From enforced to enabled nobody is let off: the registered are promoted back, the others are still asked.
        Verdict::Unchanged.into()
    }
}

fn raised(passage: Passage, person: Person, shape: &SignInShape) -> Judgement {
    // An app password goes on working, and a sign-in with one is never asked.
    if shape.app_password || skipped_for_app_password(&shape.mfa) {
        return Verdict::Unchanged.into();
    }
    if is_legacy(&shape.client) {
        return raised_legacy(passage, shape);
    }
    match (passage.before, &shape.mfa) {
        // Asked already: `enabled` asks modern clients as `enforced` does.
        (MfaState::Enabled | MfaState::Enforced, _) => Verdict::Unchanged.into(),
        // The password grant has nobody to answer, and `enabled` is enough to refuse it.
        (MfaState::Disabled, _) if shape.protocol == Protocol::Ropc => Verdict::Breaks.into(),
        (MfaState::Disabled, Mfa::Done | Mfa::Claim) => Verdict::MfaAlready.into(),
        // Trusted addresses and remembered devices let the per-user state off as well.
        (MfaState::Disabled, Mfa::Skipped(_)) => Verdict::Unchanged.into(),
        (MfaState::Disabled, Mfa::None) => asked(person, shape),
    }
}

fn raised_legacy(passage: Passage, shape: &SignInShape) -> Judgement {
    let assumed = passage.after == MfaState::Enabled;
    if assumed && !passage.may_be_promoted {
        // Until the user registers, `enabled` leaves legacy clients alone.
        return Verdict::Unchanged.into();
    }
    let verdict = if recognise::is_smtp(&shape.client) { Verdict::Breaks } else { Verdict::Blocked };
    Judgement { verdict, assumed }
}

/// A modern client that was not asked before, and would be.
fn asked(person: Person, shape: &SignInShape) -> Judgement {
    match shape.kind {
        SignInKind::Interactive if person.usable == Some(true) => Verdict::Challenged.into(),
        SignInKind::Interactive => Judgement { verdict: Verdict::MustRegister, assumed: person.usable.is_none() },
        SignInKind::NonInteractive => {
            let scripted = shape.product.as_deref().is_some_and(signal::is_scripting_client);
            if scripted && !person.interactive { Verdict::Breaks.into() } else { Verdict::AskedOnce.into() }
        }
    }
}

fn lowered(person: Person, shape: &SignInShape, asked_by_others: impl FnOnce() -> bool) -> Verdict {
    let needed = match shape.requirement {
        Some(Requirement::Multi) => true,
        Some(Requirement::Single) => false,
        None => shape.mfa != Mfa::None,
    };
    if !needed || shape.app_password || is_legacy(&shape.client) {
        Verdict::Unchanged
    } else if person.asked_anyway || asked_by_others() {
        Verdict::MfaAlready
    } else {
        Verdict::LosesMfa
    }
}

fn skipped_for_app_password(mfa: &Mfa) -> bool {
    matches!(mfa, Mfa::Skipped(reason) if reason.to_ascii_lowercase().contains("app password"))
}
