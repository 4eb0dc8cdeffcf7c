//! What a policy's grant controls ask for.

use crate::tenant::{AuthenticationStrength, GrantControls};

/// What it takes to satisfy a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// MFA, whatever else.
    Mfa,
    /// MFA is only one of the alternatives.
    Alternative,
    /// An authentication strength that is not MFA.
    WeakStrength,
    /// Nothing that has to do with MFA.
    None,
}

/// Reads grant controls. A null operator counts as `OR`, the weaker reading; with one control there is no difference.
pub(super) fn of(controls: &GrantControls) -> Grant {
    let GrantControls {
        operator,
        built_in_controls,
        custom_authentication_factors,
        terms_of_use,
        authentication_strength,
    } = controls;
    let strength = authentication_strength.as_ref();
    let mfa = built_in_controls.iter().filter(|one| one.eq_ignore_ascii_case("mfa")).count()
        + usize::from(strength.is_some_and(is_mfa));
    if mfa == 0 {
        return if strength.is_some() { Grant::WeakStrength } else { Grant::None };
    }
    let all = built_in_controls.len()
        + custom_authentication_factors.len()
        + terms_of_use.len()
        + usize::from(strength.is_some());
    let every_control_is_needed = operator.as_ref().is_some_and(|operator| operator.eq_ignore_ascii_case("AND"));
    if every_control_is_needed || mfa == all { Grant::Mfa } else { Grant::Alternative }
}

/// Does meeting the strength mean MFA? Microsoft's three built-in strengths do, also where an export left out
/// `requirementsSatisfied` (Microsoft Graph, "authenticationStrengthPolicy resource type").
fn is_mfa(strength: &AuthenticationStrength) -> bool {
    const BUILT_IN: [&str; 3] = [
        "00000000-0000-0000-0000-000000000002",
        "00000000-0000-0000-0000-000000000003",
        "00000000-0000-0000-0000-000000000004",
    ];
    let AuthenticationStrength { id, display_name: _, requirements_satisfied } = strength;
    requirements_satisfied.eq_ignore_ascii_case("mfa")
        || requirements_satisfied.is_empty() && BUILT_IN.iter().any(|one| *one == id.as_str())
}
