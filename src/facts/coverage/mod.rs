//! Conditional Access coverage: does an enabled policy require MFA of *this* user, at every sign-in, and which?
//!
//! A user is *fully* covered when some policy is in force, includes him, excludes him in no way, is for all resources
//! and for browsers and modern clients, restricts nothing else (location, platform, device, risk, flow …) and cannot be
//! satisfied without MFA (Microsoft, "Conditional Access: Users, groups, and workload identities", "Building a
//! Conditional Access policy"). Anything less is said, with the policy and the reason.

mod compile;
mod gap;
mod grant;
#[cfg(test)]
mod tests;

pub use compile::CompiledPolicies;
pub(crate) use gap::{Gap, PolicyGap};

use crate::tenant::{Fact, Text};

/// What Conditional Access requires of one user.
#[derive(Clone, Debug, PartialEq)]
pub enum Coverage {
    /// MFA at every sign-in, by each of these policies.
    Full {
        /// Their names.
        policies: Vec<Text>,
    },
    /// MFA at some sign-ins only.
    Partial {
        /// Every policy that mentions MFA and him, and why it does not cover him.
        gaps: Vec<PolicyGap>,
    },
    /// No MFA.
    None {
        /// Every policy that mentions MFA and him, and why it does not cover him.
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

impl Coverage {
    /// Covered by at least one policy at every sign-in?
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Full { .. })
    }

    /// The policies that mention MFA and him but do not cover him.
    #[must_use]
    pub fn gaps(&self) -> &[PolicyGap] {
        match self {
            Self::Full { .. } => &[],
            Self::Partial { gaps } | Self::None { gaps } | Self::Unknown { gaps, .. } => gaps,
        }
    }
}
