//! Conditional Access coverage: do enabled policies require MFA of *this* user, at every sign-in, and which?
//!
//! A user is *fully* covered when some policy is in force, includes them, excludes them in no way, is for all resources
//! and for browsers and modern clients, restricts nothing else (location, platform, device, risk, flow …) and cannot be
//! satisfied without MFA (Microsoft, "Conditional Access: Users, groups, and workload identities", "Building a
//! Conditional Access policy"); or when several policies without any other gap do so together: one for browsers and one
//! for modern clients, one for all resources but X and one for X. Anything less is said, with the policy and the reason.
//!
//! What is not understood is never taken for cover: a member of a policy that this version does not know, an exclusion
//! that names nothing resolvable, and a role that is held only while it is activated leave the cover partial.

mod applications;
#[cfg(test)]
mod by_the_letter;
mod compile;
mod emergency;
mod gap;
mod grant;
mod legacy;
#[cfg(test)]
mod properties;
mod reach;
mod restrictions;
#[cfg(test)]
mod single;
mod standing;
#[cfg(test)]
mod tests;

pub use compile::CompiledPolicies;
pub(crate) use gap::{Gap, PolicyGap};
pub(crate) use legacy::LegacyClients;
pub(crate) use reach::{AskedAt, Open};

use crate::tenant::{Fact, Policy, PolicyState, Text};

/// Is this policy in force, and not to be satisfied without MFA? Whom it reaches is another question.
#[must_use]
pub(crate) fn requires_mfa(policy: &Policy) -> bool {
    policy.state == PolicyState::Enabled
        && policy.grant_controls.as_ref().is_some_and(|controls| grant::of(controls) == grant::Grant::Mfa)
}

/// What Conditional Access requires of one user.
#[derive(Clone, Debug, PartialEq)]
pub enum Coverage {
    /// MFA at every sign-in.
    Full {
        /// The policies' names.
        policies: Vec<Text>,
        /// Each of them covers alone, or only all of them together.
        together: bool,
    },
    /// MFA at some sign-ins only.
    Partial {
        /// Every policy that mentions MFA and the user, and why it does not cover them.
        gaps: Vec<PolicyGap>,
        /// What no policy asks MFA for, where it can be named.
        open: Option<Open>,
    },
    /// No MFA.
    None {
        /// Every policy that mentions MFA and the user, and why it does not cover them.
        gaps: Vec<PolicyGap>,
    },
    /// The tenant did not say enough: never to be taken for covered.
    Unknown {
        /// What is missing.
        fact: Fact,
        /// What is known.
        gaps: Vec<PolicyGap>,
    },
}

/// How often policies ask one user for MFA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// At every sign-in.
    Always,
    /// At some sign-ins, or as one of several alternatives.
    Sometimes,
    /// At none.
    Never,
    /// A fact is missing.
    Unknown,
}

impl Coverage {
    /// Covered at every sign-in?
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// The policies that mention MFA and the user but do not cover them.
    #[must_use]
    pub fn gaps(&self) -> &[PolicyGap] {
        match self {
            Self::Full { .. } => &[],
            Self::Partial { gaps, .. } | Self::None { gaps } | Self::Unknown { gaps, .. } => gaps,
        }
    }
}
