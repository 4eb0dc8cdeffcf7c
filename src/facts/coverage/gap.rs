//! Why a policy does not cover somebody.

use std::fmt;

use crate::tenant::{Fact, Text};

/// A policy and why it does not cover the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyGap {
    /// The policy's name.
    pub policy: Text,
    /// Every reason.
    pub gaps: Vec<Gap>,
}

impl fmt::Display for PolicyGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.policy)?;
        for (index, gap) in self.gaps.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{gap}")?;
        }
        Ok(())
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Reports, enforces nothing.
    ReportOnly,
    /// Switched off.
    Disabled,
    /// A state this version does not know.
    UnknownState,
    /// Excluded by name.
    ExcludedUser,
    /// Excluded through this group (its name, or its id where the name is unknown).
    ExcludedGroup(Text),
    /// Excluded through this role.
    ExcludedRole(Text),
    /// Excluded as a guest or external user.
    ExcludedGuest,
    /// Included only while this role, which the user is eligible for, is active.
    WhileActive(Text),
    /// Excluded while this role, which the user is eligible for, is active.
    ExcludedWhileActive(Text),
    /// An exclusion that names nothing this version can look up: it may exclude anybody.
    UnresolvedExclusion(Text),
    /// Whether the user is included or excluded depends on a fact the tenant did not give.
    Undecided(Fact),
    /// A member that this version does not know and that is not empty: its path.
    UnknownMember(Text),
    /// No resource at all.
    NoApplication,
    /// Some resources only.
    SomeApplications,
    /// All resources but these, by name.
    ExcludedApplications(Vec<Text>),
    /// A user action instead of resources.
    UserActions,
    /// An authentication context instead of resources.
    AuthenticationContext,
    /// A filter over applications.
    ApplicationFilter,
    /// Not both browsers and modern clients.
    ClientAppTypes,
    /// Some locations only.
    Locations,
    /// Some platforms only.
    Platforms,
    /// Some devices only.
    Devices,
    /// At some sign-in risk only.
    SignInRisk,
    /// At some user risk only.
    UserRisk,
    /// At some service principal risk only.
    ServicePrincipalRisk,
    /// At some insider risk only.
    InsiderRisk,
    /// Some authentication flows only.
    AuthenticationFlows,
    /// At some times only.
    Times,
    /// MFA is one of several alternatives (operator OR).
    Alternative,
    /// The authentication strength can be met without MFA.
    WeakStrength,
    /// A third party's second factor (custom control), which Microsoft Entra ID does not take for MFA.
    ThirdParty,
}

impl Gap {
    /// Does the policy still ask for MFA at *some* of the user's sign-ins?
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        !matches!(
            self,
            Self::ReportOnly
                | Self::Disabled
                | Self::UnknownState
                | Self::ExcludedUser
                | Self::ExcludedGroup(_)
                | Self::ExcludedRole(_)
                | Self::ExcludedGuest
                | Self::Undecided(_)
                | Self::NoApplication
                | Self::UserActions
                | Self::Alternative
                | Self::WeakStrength
                | Self::ThirdParty
        )
    }

    /// Is the gap only about kinds of client and applications, which another policy may fill?
    pub(super) const fn is_reach(&self) -> bool {
        matches!(self, Self::ClientAppTypes | Self::SomeApplications | Self::ExcludedApplications(_))
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReportOnly => f.write_str("report-only"),
            Self::Disabled => f.write_str("disabled"),
            Self::UnknownState => f.write_str("in a state this version does not know"),
            Self::ExcludedUser => f.write_str("excludes the user by name"),
            Self::ExcludedGroup(group) => write!(f, "excludes the user through group {group}"),
            Self::ExcludedRole(role) => write!(f, "excludes the user through role {role}"),
            Self::ExcludedGuest => f.write_str("excludes guests and external users"),
            Self::WhileActive(role) => write!(f, "applies only while the role {role} is active"),
            Self::ExcludedWhileActive(role) => write!(f, "excludes the user while the role {role} is active"),
            Self::UnresolvedExclusion(text) => {
                write!(f, "excludes \"{text}\", which cannot be resolved and may be anybody")
            }
            Self::UnknownMember(path) => write!(f, "has {path}, which this version does not know"),
            Self::NoApplication => f.write_str("is for no application"),
            Self::Undecided(fact) => write!(f, "cannot be decided, {fact} unknown"),
            Self::SomeApplications => f.write_str("covers only some applications"),
            Self::ExcludedApplications(names) => {
                let shown: Vec<&str> = names.iter().take(5).map(Text::as_str).collect();
                write!(f, "excludes {}", shown.join(", "))?;
                if names.len() > 5 { write!(f, " and {} more", names.len() - 5) } else { Ok(()) }
            }
            Self::UserActions => f.write_str("is for user actions, not for applications"),
            Self::AuthenticationContext => f.write_str("is for an authentication context, not for applications"),
            Self::ApplicationFilter => f.write_str("filters applications by attribute"),
            Self::ClientAppTypes => f.write_str("covers only some client types"),
            Self::Locations => f.write_str("depends on the location"),
            Self::Platforms => f.write_str("depends on the platform"),
            Self::Devices => f.write_str("depends on the device"),
            Self::SignInRisk => f.write_str("depends on the sign-in risk"),
            Self::UserRisk => f.write_str("depends on the user risk"),
            Self::ServicePrincipalRisk => f.write_str("depends on the service principal risk"),
            Self::InsiderRisk => f.write_str("depends on the insider risk"),
            Self::AuthenticationFlows => f.write_str("covers only some authentication flows"),
            Self::Times => f.write_str("depends on the time"),
            Self::Alternative => f.write_str("can be satisfied without MFA (operator OR)"),
            Self::WeakStrength => f.write_str("asks for an authentication strength that is not MFA"),
            Self::ThirdParty => {
                f.write_str("asks for a third party's second factor (custom control), which is not MFA")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gap;
    use crate::{facts::coverage::Open, tenant::Text};

    #[test]
    fn of_more_than_five_applications_the_rest_is_counted() {
        let names = |count: usize| (1..=count).map(|number| Text::from(format!("App {number}"))).collect::<Vec<_>>();
        let left = |count| Open { applications: names(count), ..Open::default() }.to_string();
        let all = "App 1, App 2, App 3, App 4, App 5";
        for (count, expected) in
            [(5, all.to_owned()), (6, format!("{all} and 1 more")), (8, format!("{all} and 3 more"))]
        {
            assert_eq!(Gap::ExcludedApplications(names(count)).to_string(), format!("excludes {expected}"));
            assert_eq!(left(count), format!("sign-ins to {expected}"));
        }
    }
}
