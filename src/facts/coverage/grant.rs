//! What a policy's grant controls ask for.

use crate::tenant::{AuthenticationStrength, GrantControls};

/// What it takes to satisfy a policy, as far as MFA is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// MFA, whatever else.
    Mfa,
    /// MFA is only one of the alternatives.
    Alternative,
    /// An authentication strength that is not MFA.
    WeakStrength,
    /// A third party's second factor, which Microsoft Entra ID does not take for MFA.
    ThirdParty,
    /// Nothing that has to do with MFA.
    None,
}

/// Does `controls` ask for every one of them, or is one enough? A null operator counts as `OR`, the weaker reading;
/// with one control there is no difference.
fn every_control_is_needed(controls: &GrantControls) -> bool {
    controls.operator.as_ref().is_some_and(|operator| operator.eq_ignore_ascii_case("AND"))
}

fn count(controls: &GrantControls) -> usize {
    let GrantControls {
        operator: _,
        built_in_controls,
        custom_authentication_factors,
        terms_of_use,
        authentication_strength,
        other: _,
    } = controls;
    built_in_controls.len()
        + custom_authentication_factors.len()
        + terms_of_use.len()
        + usize::from(authentication_strength.is_some())
}

fn built_in(controls: &GrantControls, words: &[&str]) -> usize {
    let is = |one: &&crate::tenant::Text| words.iter().any(|word| one.eq_ignore_ascii_case(word));
    controls.built_in_controls.iter().filter(is).count()
}

/// Reads grant controls.
pub(super) fn of(controls: &GrantControls) -> Grant {
    let strength = controls.authentication_strength.as_ref();
    let mfa = built_in(controls, &["mfa"]) + usize::from(strength.is_some_and(is_mfa));
    if mfa == 0 {
        return if strength.is_some() {
            Grant::WeakStrength
        } else if controls.custom_authentication_factors.is_empty() {
            Grant::None
        } else {
            Grant::ThirdParty
        };
    }
    if every_control_is_needed(controls) || mfa == count(controls) { Grant::Mfa } else { Grant::Alternative }
}

/// Does it block whoever it applies to?
pub(super) fn blocks(controls: &GrantControls) -> bool {
    built_in(controls, &["block"]) > 0
}

/// The strength that must be met, whatever else: not one of several alternatives.
pub(super) fn required_strength(controls: &GrantControls) -> Option<&AuthenticationStrength> {
    let strength = controls.authentication_strength.as_ref()?;
    (every_control_is_needed(controls) || count(controls) == 1).then_some(strength)
}

/// Can legacy clients satisfy it? Exchange ActiveSync, and all others. None of them can do MFA; all but ActiveSync cannot
/// show a device either (Microsoft, "Block legacy authentication with Conditional Access").
pub(super) fn keeps_out_legacy(controls: &GrantControls) -> (bool, bool) {
    let strength = usize::from(controls.authentication_strength.as_ref().is_some_and(is_mfa));
    let mfa = built_in(controls, &["mfa", "block"]) + strength;
    let device = built_in(controls, &["compliantDevice", "domainJoinedDevice"]);
    let enough = |unmet: usize| {
        if every_control_is_needed(controls) { unmet > 0 } else { unmet > 0 && unmet == count(controls) }
    };
    (blocks(controls) || enough(mfa), blocks(controls) || enough(mfa + device))
}

/// Does meeting the strength mean MFA? Microsoft's three built-in strengths do, also where an export left out
/// `requirementsSatisfied` (Microsoft Graph, "authenticationStrengthPolicy resource type").
fn is_mfa(strength: &AuthenticationStrength) -> bool {
    const BUILT_IN: [&str; 3] = [
        "00000000-0000-0000-0000-000000000002",
        "00000000-0000-0000-0000-000000000003",
        "00000000-0000-0000-0000-000000000004",
    ];
    let AuthenticationStrength { id, display_name: _, requirements_satisfied, allowed_combinations: _, other: _ } =
        strength;
    requirements_satisfied.split(',').any(|one| one.trim().eq_ignore_ascii_case("mfa"))
        || requirements_satisfied.is_empty() && BUILT_IN.iter().any(|one| *one == id.as_str())
}
